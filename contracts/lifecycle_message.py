"""A notice as it travels: from the coordinator to anyone who wants to know what becomes of sagas."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal, get_args

import msgspec

from contracts.attributes import Attributes
from contracts.failures import Cause, Problem
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

Change = Literal[
    "started",
    "continued",
    "compensating",
    "parked",
    "paused",
    "resumed",
    "completed",
    "compensated",
    "partially_compensated",
    "failed",
    "terminated",
]
"""What a notice is about: ``ce_type`` is ``amends.saga.<change>``."""
CHANGES: tuple[Change, ...] = get_args(Change)
Status = Literal[
    "running",
    "compensating",
    "completed",
    "compensated",
    "parked",
    "paused",
    "partially_compensated",
    "failed",
    "terminated",
]

_PREFIX = "amends.saga."
_BY_TYPE: Mapping[str, Change] = {f"{_PREFIX}{change}": change for change in CHANGES}
_encoder = msgspec.json.Encoder()


class SagaChanged(msgspec.Struct, frozen=True, omit_defaults=True):
    """What happened to a saga."""

    definition: str
    version: int
    """Version of the definition that the saga runs on."""
    status: Status
    """Where the saga stood once this was decided. What is decided at once has a notice each, and one status."""
    result: Any = None
    """Completed: what the saga returned; JSON as it is, to write it."""
    problem: Problem | None = None
    """Why it goes back, went back or is parked; terminated: the reason that was given."""
    cause: Cause | None = None
    """What sort of no it is for which it goes back."""
    reason: str | None = None
    """Paused or resumed by a person: why."""
    attributes: Attributes | None = None
    """By which lists find the saga."""
    round: int | None = None
    """Continued: the round that begins, from 2. The one before has ended, the saga has not."""


class LifecycleMessage(msgspec.Struct, frozen=True):
    """One record of ``amends.lifecycle``. Its key is the saga's id."""

    notice_id: str
    """``ce_id``; the same if it is sent again."""
    change: Change
    """``ce_type``: ``amends.saga.completed``."""
    saga_id: str
    """``ce_subject`` and the record's key."""
    number: int
    """``ce_number``: counts what happened to the saga, from 1."""
    time_ms: int
    """``ce_time``: when it happened."""
    saga: SagaChanged
    """The value; ``ce_source`` is ``/amends/sagas/<definition>``."""
    traceparent: str | None = None

    def headers(self) -> Headers:
        """CloudEvents binary-mode headers."""
        return [
            SPECVERSION,
            ("ce_id", self.notice_id.encode()),
            ("ce_type", f"{_PREFIX}{self.change}".encode()),
            ("ce_source", f"/amends/sagas/{self.saga.definition}".encode()),
            ("ce_subject", self.saga_id.encode()),
            ("ce_time", to_rfc3339(self.time_ms).encode()),
            ("ce_number", str(self.number).encode()),
            CONTENT_TYPE,
            *trace_headers(self.traceparent, None),
        ]

    @property
    def value(self) -> bytes:
        """The record's value."""
        return _encoder.encode(self.saga)

    @classmethod
    def read(cls, headers: Iterable[tuple[str, bytes | None]], value: bytes | None) -> "LifecycleMessage | None":
        """The notice of a record; None: it is about something that this release does not know, and to be passed over.

        Raises UnreadableMessage.
        """
        found = read_headers(headers)
        notice_id, kind, saga_id, time, number = _required.read(found)
        change = _BY_TYPE.get(kind)
        if change is None:
            return None
        try:
            return cls(
                notice_id=notice_id,
                change=change,
                saga_id=saga_id,
                number=whole_number("ce_number", number),
                time_ms=from_rfc3339(time),
                saga=_decoder.decode(value or b""),
                traceparent=optional(found, "traceparent"),
            )
        except UnreadableMessage:
            raise
        except (ValueError, msgspec.MsgspecError) as error:
            raise UnreadableMessage(f"{error}") from error


_required = Required("ce_id", "ce_type", "ce_subject", "ce_time", "ce_number")
_decoder = msgspec.json.Decoder(SagaChanged)
