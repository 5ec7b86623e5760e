"""How a saga began."""

import msgspec

from contracts.attributes import AttributeValue


class SagaStarted(msgspec.Struct, frozen=True, gc=False, tag="saga_started", omit_defaults=True):
    """Always the first event, and only there."""

    definition: str
    version: int
    """The saga stays with this version of its definition."""
    input: msgspec.Raw
    at: int
    """Milliseconds since 1970, as all times here."""
    traceparent: str | None = None
    """W3C context of the saga's root span."""
    deadline: int | None = None
    """When the whole saga must have ended; past it, it goes back."""
    attributes: dict[str, AttributeValue] | None = None
    """By which lists find it, as whoever started it said."""
