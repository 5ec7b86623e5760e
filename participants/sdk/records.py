"""What is to be sent to Kafka: answers as replies, and records that nobody can handle as dead letters."""

import itertools
import os
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

from aiokafka import ConsumerRecord

from contracts.answers import Answer
from contracts.command_message import CommandMessage
from contracts.reply_message import ReplyMessage

MAX_DEAD_VALUE_BYTES = 768 * 1024
"""Of a dead letter's value; what is longer is cut off, so that the headers with the reason fit beside it."""


class Outgoing(NamedTuple):
    """One record to be sent."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]
    partition: int | None = None
    """Where it should go; None: where its key leads."""


class Records:
    """Makes one participant's records."""

    def __init__(self, participant: str, dead_letters: str) -> None:
        self._source = f"/amends/participants/{participant}"
        self._dead_letters = dead_letters
        self._process = os.urandom(6).hex()
        self._numbers = itertools.count(1)

    def reply(self, message: CommandMessage, answer: Answer, traceparent: str | None, time_ms: int) -> Outgoing:
        """The reply to this message. Its id is new each time, for the same answer too."""
        reply = ReplyMessage(
            reply_id=f"{self._process}-{next(self._numbers)}",
            saga_id=message.saga_id,
            command_id=message.command_id,
            attempt=message.attempt,
            answer=answer,
            source=self._source,
            time_ms=time_ms,
            traceparent=traceparent,
        )
        key = message.saga_id.encode()
        return Outgoing(message.reply_to, key, reply.value, reply.headers(), message.reply_partition)

    def dead_letter(self, record: "ConsumerRecord[Any, Any]", reason: str) -> Outgoing:
        """The record as it came, and why and from where it was set aside."""
        value: bytes | None = record.value
        headers: list[tuple[str, bytes | None]] = [
            *record.headers,
            ("amends-reason", reason.encode(errors="replace")),
            ("amends-topic", record.topic.encode()),
            ("amends-partition", str(record.partition).encode()),
            ("amends-offset", str(record.offset).encode()),
        ]
        if value is not None and len(value) > MAX_DEAD_VALUE_BYTES:
            headers.append(("amends-cut-from", str(len(value)).encode()))
            value = value[:MAX_DEAD_VALUE_BYTES]
        # Kafka takes no record without key and value.
        return Outgoing(self._dead_letters, record.key, b"" if value is None else value, headers)


def now_ms() -> int:
    """Milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000
