"""What a handler can know about the delivery it answers."""

import msgspec

from contracts.command_message import CommandMessage, Direction


class Delivery(msgspec.Struct, frozen=True):
    """One arrival of a command or an undo. A handler that has a parameter of this type is given it."""

    command_id: str
    """The same on every attempt; an undo's ends in ``:undo``. Good as a key wherever an effect must be made once."""
    saga_id: str
    definition: str
    """The saga's definition."""
    attempt: int
    """From 1."""
    direction: Direction
    deadline_ms: int | None
    """When the coordinator stops waiting for this attempt: milliseconds since 1970 UTC."""
    traceparent: str | None
    """W3C Trace Context of the caller."""

    @classmethod
    def of(cls, message: CommandMessage) -> "Delivery":
        """The delivery of this message."""
        return cls(
            message.command_id,
            message.saga_id,
            message.definition,
            message.attempt,
            message.direction,
            message.deadline_ms,
            message.traceparent,
        )
