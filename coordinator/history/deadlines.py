"""The deadline of a whole saga, as its code moves it."""

import msgspec


class DeadlineExtended(msgspec.Struct, frozen=True, gc=False, tag="deadline_extended"):
    """The saga's code asked for so much more time (ms)."""

    by: int
    at: int
    due: int
    """The deadline from here on."""
