"""What goes over Kafka: the load's payloads under headers like the product's, as lean as can be."""

from collections.abc import Sequence

import msgspec

from benchmarks.contracts import Done, Work

Headers = tuple[tuple[str, bytes], ...]
REPLIES = "replies"
STEPS = ("first", "second", "third")


class Arguments(msgspec.Struct, frozen=True):
    """The value of a command."""

    work: Work


_encode = msgspec.json.Encoder().encode
_arguments = msgspec.json.Decoder(Arguments).decode
_TIME = b"2026-01-01T00:00:00.000Z"


def topic(run: str, name: str) -> str:
    """Of one partition each."""
    return f"{run}.{name}"


def command_headers(saga_id: str, step: int) -> Headers:
    """As many as the product's, and as long."""
    saga = saga_id.encode()
    return (
        ("ce_specversion", b"1.0"),
        ("ce_id", b"%b:%d" % (saga, step)),
        ("ce_type", b"%b.work" % STEPS[step - 1].encode()),
        ("ce_source", b"/amends/sagas/three_steps"),
        ("ce_subject", saga),
        ("ce_time", _TIME),
        ("ce_direction", b"forward"),
        ("ce_attempt", b"1"),
        ("ce_replyto", b"amends.replies"),
        ("content-type", b"application/json"),
        ("ce_deadline", _TIME),
    )


def command_value(work: Work) -> bytes:
    """As the participant reads it."""
    return _encode(Arguments(work))


def answered(headers: Sequence[tuple[str, bytes]], value: bytes) -> tuple[Headers, bytes]:
    """The reply to a command, done at once."""
    given = dict(headers)
    reply = (
        ("ce_specversion", b"1.0"),
        ("ce_id", given["ce_id"] + b":1:reply"),
        ("ce_type", b"amends.reply.succeeded"),
        ("ce_source", b"/amends/participants/probe"),
        ("ce_subject", given["ce_subject"]),
        ("ce_time", _TIME),
        ("ce_commandid", given["ce_id"]),
        ("ce_attempt", given["ce_attempt"]),
        ("content-type", b"application/json"),
    )
    return reply, _encode(Done(_arguments(value).work.number))
