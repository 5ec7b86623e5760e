"""A command or an undo as it travels: from the coordinator to a participant."""

from collections.abc import Iterable
from typing import Literal

import msgspec

from contracts.headers import Headers, UnreadableMessage, read_headers, required, trace_headers, whole_number
from contracts.instants import from_rfc3339, to_rfc3339
from contracts.values import MAX_UNDO_BYTES, MAX_VALUE_BYTES, UnreadableValue, read_value

Direction = Literal["forward", "undo"]


class CommandMessage(msgspec.Struct, frozen=True):
    """One record of ``amends.commands.<participant>``. Its key is the saga's id."""

    command_id: str
    """``ce_id``; the same on every attempt. An undo's is the forward id with the suffix ``:undo``."""
    type: str
    """``ce_type``: ``flights.reserve``, for an undo too."""
    definition: str
    """The saga's definition; ``ce_source`` is ``/amends/sagas/<definition>``."""
    saga_id: str
    """``ce_subject`` and the record's key."""
    direction: Direction
    """``ce_direction``."""
    attempt: int
    """``ce_attempt``, from 1."""
    time_ms: int
    """``ce_time``: when this attempt was decided."""
    reply_to: str
    """``ce_replyto``: the topic the answer goes to."""
    value: bytes
    """Forward: the arguments as a JSON object by parameter name. Undo: UndoValue as JSON."""
    deadline_ms: int | None = None
    """``ce_deadline``: when the coordinator stops waiting for this attempt."""
    traceparent: str | None = None
    tracestate: str | None = None

    def headers(self) -> Headers:
        """CloudEvents binary-mode headers."""
        headers: Headers = [
            ("ce_specversion", b"1.0"),
            ("ce_id", self.command_id.encode()),
            ("ce_type", self.type.encode()),
            ("ce_source", f"/amends/sagas/{self.definition}".encode()),
            ("ce_subject", self.saga_id.encode()),
            ("ce_time", to_rfc3339(self.time_ms).encode()),
            ("ce_direction", self.direction.encode()),
            ("ce_attempt", str(self.attempt).encode()),
            ("ce_replyto", self.reply_to.encode()),
            ("content-type", b"application/json"),
        ]
        if self.deadline_ms is not None:
            headers.append(("ce_deadline", to_rfc3339(self.deadline_ms).encode()))
        return headers + trace_headers(self.traceparent, self.tracestate)

    @classmethod
    def read(cls, headers: Iterable[tuple[str, bytes | None]], value: bytes | None) -> "CommandMessage":
        """The message of a record. Raises UnreadableMessage."""
        found = read_headers(headers)
        direction = required(found, "ce_direction")
        if direction not in ("forward", "undo"):
            raise UnreadableMessage(f"The header ce_direction is {direction[:20]!r}: expected 'forward' or 'undo'.")
        limit = MAX_UNDO_BYTES if direction == "undo" else MAX_VALUE_BYTES
        try:
            return cls(
                command_id=required(found, "ce_id"),
                type=required(found, "ce_type"),
                definition=required(found, "ce_source").rpartition("/")[2],
                saga_id=required(found, "ce_subject"),
                direction=direction,
                attempt=whole_number(found, "ce_attempt"),
                time_ms=from_rfc3339(required(found, "ce_time")),
                reply_to=required(found, "ce_replyto"),
                value=bytes(read_value(value or b"", limit)),
                deadline_ms=from_rfc3339(found["ce_deadline"]) if "ce_deadline" in found else None,
                traceparent=found.get("traceparent"),
                tracestate=found.get("tracestate"),
            )
        except UnreadableMessage:
            raise
        except (UnreadableValue, ValueError) as error:
            raise UnreadableMessage(f"{error}") from error


class UndoValue(msgspec.Struct, frozen=True):
    """The value of an undo."""

    command: msgspec.Raw
    """The arguments of the forward command."""
    result: msgspec.Raw
    """What the forward command answered; ``null`` when the outcome is unknown."""
    cause: msgspec.Raw
    """Why the saga goes back: a Problem as JSON."""
