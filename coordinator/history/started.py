"""How a saga began."""

import msgspec

from contracts.attributes import AttributeValue


class Parent(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Another saga, whose step this one is."""

    saga_id: str
    command_id: str
    """The step's."""
    attempt: int = 1
    """Of the step, when this saga began."""
    partition: int | None = None
    """Of the replies' topic, where the answer is awaited; None: the one of the parent's id."""
    detached: bool = False
    """It only had this one begun: it does not wait for its end, and does not undo it."""


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
    parent: Parent | None = None
    """None: it is nobody's child."""
