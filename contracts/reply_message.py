"""An answer as it travels: from a participant to the coordinator."""

from collections.abc import Iterable
from functools import lru_cache
from typing import assert_never

import msgspec

from contracts.answers import Answer, Failure, Later, Pending, Progress, Refusal, Success
from contracts.failures import Problem
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
from contracts.instants import to_rfc3339
from contracts.values import NULL, UnreadableValue, read_as, read_value

_PREFIX = "amends.reply."
PARENT = "ce_parent"
"""Of an answer that another saga gives: the saga whose step it is, as ``ce_subject`` has it too."""
_problem = msgspec.json.Decoder(Problem)
_later: "msgspec.json.Decoder[Later | None]" = msgspec.json.Decoder(Later | None)
_encoder = msgspec.json.Encoder()


class ReplyMessage(msgspec.Struct, frozen=True):
    """One record of ``amends.replies``. Its key is the saga's id."""

    reply_id: str
    """``ce_id``: unique for every reply sent."""
    saga_id: str
    """``ce_subject`` and the record's key."""
    command_id: str
    """``ce_commandid``: the command or undo that this answers."""
    attempt: int
    """``ce_attempt`` of the command answered."""
    answer: Answer
    """``ce_type`` is ``amends.reply.<succeeded|refused|failed|progress|pending>``; the value carries the rest."""
    source: str
    """``ce_source``: ``/amends/participants/<name>``."""
    time_ms: int
    traceparent: str | None = None
    tracestate: str | None = None

    def headers(self) -> Headers:
        """CloudEvents binary-mode headers."""
        kind, source, time, attempt = _shared(answer_name(self.answer), self.source, self.time_ms, self.attempt)
        headers: Headers = [
            SPECVERSION,
            ("ce_id", self.reply_id.encode()),
            kind,
            source,
            ("ce_subject", self.saga_id.encode()),
            time,
            ("ce_commandid", self.command_id.encode()),
            attempt,
            CONTENT_TYPE,
        ]
        if self.traceparent is not None:
            headers += trace_headers(self.traceparent, self.tracestate)
        return headers

    @property
    def value(self) -> bytes:
        """The record's value."""
        return answer_value(self.answer)

    @classmethod
    def read(cls, headers: Iterable[tuple[str, bytes | None]], value: bytes | None) -> "ReplyMessage":
        """The message of a record. Raises UnreadableMessage. ``time_ms`` is not read: the coordinator has its own."""
        found = read_headers(headers)
        reply_id, saga_id, command_id, attempt, kind = _required.read(found)
        try:
            return cls(
                reply_id=reply_id,
                saga_id=saga_id,
                command_id=command_id,
                attempt=whole_number("ce_attempt", attempt),
                answer=read_answer(kind.removeprefix(_PREFIX), value or b"null"),
                source=optional(found, "ce_source") or "",
                time_ms=0,
                traceparent=optional(found, "traceparent"),
                tracestate=optional(found, "tracestate"),
            )
        except UnreadableValue as error:
            raise UnreadableMessage(f"{error}") from error


_required = Required("ce_id", "ce_subject", "ce_commandid", "ce_attempt", "ce_type")


@lru_cache(maxsize=256)
def _shared(name: str, source: str, time_ms: int, attempt: int) -> tuple[tuple[str, bytes], ...]:
    """The headers that are the same for all replies of a batch."""
    return (
        ("ce_type", f"{_PREFIX}{name}".encode()),
        ("ce_source", source.encode()),
        ("ce_time", to_rfc3339(time_ms).encode()),
        ("ce_attempt", str(attempt).encode()),
    )


def answer_name(answer: Answer) -> str:
    """The answer's word on the wire."""
    match answer:
        case Success():
            return "succeeded"
        case Refusal():
            return "refused"
        case Failure():
            return "failed"
        case Progress():
            return "progress"
        case Pending():
            return "pending"
        case _:
            assert_never(answer)


def answer_value(answer: Answer) -> bytes:
    """The answer's JSON, without its word."""
    match answer:
        case Success(result):
            return bytes(result)
        case Refusal(problem) | Failure(problem):
            return _encoder.encode(problem)
        case Progress(details):
            return bytes(details)
        case Pending(timeout_ms):
            return bytes(NULL) if timeout_ms is None else _encoder.encode(Later(timeout_ms))
        case _:
            assert_never(answer)


def read_answer(name: str, value: bytes) -> Answer:
    """The answer of that word and JSON. Raises UnreadableMessage, UnreadableValue."""
    raw = read_value(value)
    match name:
        case "succeeded":
            return Success(raw)
        case "refused":
            return Refusal(read_as(raw, _problem))
        case "failed":
            return Failure(read_as(raw, _problem))
        case "progress":
            return Progress(raw)
        case "pending":
            later = read_as(raw, _later)
            return Pending(None if later is None else later.timeout_ms)
        case _:
            raise UnreadableMessage(
                f"The header ce_type ends in {name[:40]!r}: expected '{_PREFIX}' and one of "
                "succeeded, refused, failed, progress, pending."
            )
