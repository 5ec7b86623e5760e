"""A command or an undo as it travels: from the coordinator to a participant."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Literal

import msgspec

from contracts.headers import (
    CONTENT_TYPE,
    SPECVERSION,
    Headers,
    Required,
    UnreadableMessage,
    optional,
    read_headers,
    trace_headers,
    whole_number,
)
from contracts.instants import from_rfc3339, to_rfc3339
from contracts.values import MAX_UNDO_BYTES, MAX_VALUE_BYTES, UnreadableValue, read_value

Direction = Literal["forward", "undo"]
REPLY_PARTITION = "ce_replypartition"
CHILD = "ce_child"
"""Of a command that a saga is: its id. Such a record stands among the requests, under that key."""
UNDO = "ce_undo"
PROGRESS = "ce_progress"


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
    undo: str | None = None
    """``ce_undo``, of an undo: which of the command's, by name; None: the declared one."""
    reply_partition: int | None = None
    """``ce_replypartition``: the partition of that topic that the answer should go to; None: the one of its key."""
    progress: bytes | None = None
    """``ce_progress``, of a forward command: JSON, how far earlier attempts got, where one has told."""
    traceparent: str | None = None
    tracestate: str | None = None

    def headers(self) -> Headers:
        """CloudEvents binary-mode headers."""
        kind, source, *rest = _shared(
            self.type, self.definition, self.time_ms, self.direction, self.attempt, self.reply_to, self.deadline_ms
        )
        headers: Headers = [
            SPECVERSION,
            ("ce_id", self.command_id.encode()),
            kind,
            source,
            ("ce_subject", self.saga_id.encode()),
            *rest,
        ]
        if self.undo is not None:
            headers.append((UNDO, self.undo.encode()))
        if self.reply_partition is not None:
            headers.append(_reply_partition(self.reply_partition))
        if self.progress is not None:
            headers.append((PROGRESS, self.progress))
        if self.traceparent is not None:
            headers += trace_headers(self.traceparent, self.tracestate)
        return headers

    @classmethod
    def read(cls, headers: Iterable[tuple[str, bytes | None]], value: bytes | None) -> "CommandMessage":
        """The message of a record. Raises UnreadableMessage."""
        found = read_headers(headers)
        direction, command_id, kind, source, saga_id, attempt, time, reply_to = _required.read(found)
        if direction not in ("forward", "undo"):
            raise UnreadableMessage(f"The header ce_direction is {direction[:20]!r}: expected 'forward' or 'undo'.")
        limit = MAX_UNDO_BYTES if direction == "undo" else MAX_VALUE_BYTES
        deadline = optional(found, "ce_deadline")
        try:
            return cls(
                command_id=command_id,
                type=kind,
                definition=source.rpartition("/")[2],
                saga_id=saga_id,
                direction=direction,
                attempt=whole_number("ce_attempt", attempt),
                time_ms=from_rfc3339(time),
                reply_to=reply_to,
                value=bytes(read_value(value or b"", limit)),
                deadline_ms=None if deadline is None else from_rfc3339(deadline),
                undo=optional(found, UNDO),
                reply_partition=_number(optional(found, REPLY_PARTITION)),
                progress=_json(optional(found, PROGRESS)),
                traceparent=optional(found, "traceparent"),
                tracestate=optional(found, "tracestate"),
            )
        except UnreadableMessage:
            raise
        except (UnreadableValue, ValueError) as error:
            raise UnreadableMessage(f"{error}") from error


def reply_partition_of(headers: Iterable[tuple[str, bytes]]) -> int | None:
    """The partition that the answer to a command of ours should go to, where its headers name one."""
    return next((int(value) for name, value in headers if name == REPLY_PARTITION), None)


def child_of(headers: Iterable[tuple[str, bytes | None]]) -> str | None:
    """The saga that the record calls, or undoes, for another saga; None: it is no such record. Raises
    UnreadableMessage."""
    return optional(dict(headers), CHILD)


def _json(text: str | None) -> bytes | None:
    return None if text is None else bytes(read_value(text.encode()))


def _number(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit()) or len(text) > 9:
        raise UnreadableMessage(f"The header {REPLY_PARTITION} is {text[:20]!r}: expected a whole number from 0.")
    return int(text)


@lru_cache(maxsize=1024)
def _reply_partition(number: int) -> tuple[str, bytes]:
    return REPLY_PARTITION, str(number).encode()


_required = Required(
    "ce_direction", "ce_id", "ce_type", "ce_source", "ce_subject", "ce_attempt", "ce_time", "ce_replyto"
)


@lru_cache(maxsize=256)
def _shared(
    kind: str,
    definition: str,
    time_ms: int,
    direction: Direction,
    attempt: int,
    reply_to: str,
    deadline_ms: int | None,
) -> tuple[tuple[str, bytes], ...]:
    """The headers that are the same for all sagas that come to the same step at the same time."""
    headers = (
        ("ce_type", kind.encode()),
        ("ce_source", f"/amends/sagas/{definition}".encode()),
        ("ce_time", to_rfc3339(time_ms).encode()),
        ("ce_direction", direction.encode()),
        ("ce_attempt", str(attempt).encode()),
        ("ce_replyto", reply_to.encode()),
        CONTENT_TYPE,
    )
    return headers if deadline_ms is None else (*headers, ("ce_deadline", to_rfc3339(deadline_ms).encode()))


class UndoValue(msgspec.Struct, frozen=True):
    """The value of an undo."""

    command: msgspec.Raw
    """The arguments of the forward command."""
    result: msgspec.Raw
    """What the forward command answered; ``null`` when the outcome is unknown."""
    cause: msgspec.Raw
    """Why the saga goes back: a Problem as JSON."""
