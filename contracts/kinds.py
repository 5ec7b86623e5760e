"""The three kinds of step of saga theory (Garcia-Molina and Salem, "Sagas", 1987; Richardson's terms)."""

from enum import StrEnum


class Kind(StrEnum):
    """What a command means for the way back."""

    COMPENSATABLE = "compensatable"
    """May be refused; what it did can be undone."""
    PIVOT = "pivot"
    """May be refused; once it succeeded the saga only goes forward."""
    RETRIABLE = "retriable"
    """Cannot be refused: tried until it succeeds. Belongs after the pivot."""


COMPENSATABLE = Kind.COMPENSATABLE
PIVOT = Kind.PIVOT
RETRIABLE = Kind.RETRIABLE
