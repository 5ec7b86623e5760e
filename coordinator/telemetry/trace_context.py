"""W3C trace contexts and span ids. A saga's span ids are all derived: whoever sees it again finds the same."""

import re
from hashlib import sha256
from typing import NamedTuple

_TRACEPARENT = re.compile(r"(?!ff)([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_MAX_LENGTH = 512
_KNOWN_FLAGS = 0x03
"""Sampled, and random trace id; the others are reserved and go out as zero."""
SAMPLED = 0x01
RANDOM = 0x02


class TraceContext(NamedTuple):
    """What a ``traceparent`` header says."""

    trace_id: int
    span_id: int
    flags: int

    @property
    def sampled(self) -> bool:
        """Spans of this trace are recorded."""
        return bool(self.flags & SAMPLED)

    def header(self) -> str:
        """As a ``traceparent`` header of version 00."""
        return f"00-{self.trace_id:032x}-{self.span_id:016x}-{self.flags & _KNOWN_FLAGS:02x}"


def read_traceparent(header: str | None) -> TraceContext | None:
    """What the header says; None when there is none, or when it is to be ignored as the W3C says (not an error)."""
    if not header or len(header) > _MAX_LENGTH:
        return None
    match = _TRACEPARENT.fullmatch(header.strip(" \t"))
    if match is None or (match[1] == "00" and match[5]):
        return None
    context = TraceContext(int(match[2], 16), int(match[3], 16), int(match[4], 16) & _KNOWN_FLAGS)
    return context if context.trace_id and context.span_id else None


def span_id_of(name: str) -> int:
    """A span id (64 bits, never 0) that is always the same for the same name, such as a command id."""
    return int.from_bytes(sha256(name.encode()).digest()[:8]) or 1


def root_span_id(saga_id: str, client_span_id: int) -> int:
    """The id of a saga's root span. ``client_span_id`` is 0 when no client's span is known.

    The client's id can be had back from it (``client_span_id_of``), so the saga's traceparent alone says both who
    the root is and whose child it is, in any process, at any time.
    """
    return span_id_of(f"{saga_id}:root") ^ client_span_id or span_id_of(f"{saga_id}:root")


def round_span_id(saga_id: str, number: int, root: int) -> int:
    """The id of the span under which the steps of a round stand: the root's in the first."""
    return root if number == 1 else span_id_of(f"{saga_id}@{number}")


def client_span_id_of(saga_id: str, root: int) -> int:
    """The id of the client's span under which the root stands; 0 when there is none."""
    return root ^ span_id_of(f"{saga_id}:root")


def command_traceparent(saga_traceparent: str | None, command_id: str, recording: bool) -> str | None:
    """The ``traceparent`` that a command carries on each of its attempts, given that of its saga.

    While recording it names the span of the step (or of its undo), which is exported when the step ends. Otherwise,
    or when the saga is not sampled, it is the saga's own: participants then attach to whatever that names.
    """
    if saga_traceparent is None or not recording or not int(saga_traceparent[-2:], 16) & SAMPLED:
        return saga_traceparent
    return f"{saga_traceparent[:36]}{span_id_of(command_id):016x}{saga_traceparent[52:]}"
