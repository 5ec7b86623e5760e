"""What could not be read or belongs to nothing: set aside with the reason, so that its partition moves on."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

import structlog

from contracts.topics import Topics
from coordinator.kafka.connection import KafkaSettings
from coordinator.kafka.records import Record
from coordinator.kafka.sender import RecordSender
from coordinator.runtime.ports import PublisherUnavailable

log = structlog.get_logger(__name__)

MAX_PENDING = 5_000
MAX_VALUE_BYTES = 800_000
"""A longer value is cut: with the reason added it might not fit into a record any more."""


class DeadLetters:
    """Sends them in the background. A record counts as handled once its dead letter was acknowledged."""

    def __init__(self, sender: RecordSender, topics: Topics, settings: KafkaSettings) -> None:
        self._sender = sender
        self._topic = topics.dead_letters
        self._retry = settings.retry
        self._pending: deque[tuple[Record, Callable[[], None]]] = deque()
        self._sending: asyncio.Task[None] | None = None

    @property
    def full(self) -> bool:
        """Whether consumption should wait."""
        return len(self._pending) >= MAX_PENDING

    @property
    def pending(self) -> int:
        """Dead letters not acknowledged yet."""
        return len(self._pending)

    def add(self, record: Any, reason: str, done: Callable[[], None]) -> None:
        """Sets a consumed record aside; ``done`` is called once that is durable."""
        value: bytes | None = record.value
        headers = [(name, given or b"") for name, given in record.headers]
        headers += [
            ("amends-reason", reason.encode(errors="replace")[:2_000]),
            ("amends-topic", record.topic.encode()),
            ("amends-partition", str(record.partition).encode()),
            ("amends-offset", str(record.offset).encode()),
        ]
        if value is not None and len(value) > MAX_VALUE_BYTES:
            headers.append(("amends-cut-from", str(len(value)).encode()))
            value = value[:MAX_VALUE_BYTES]
        self._pending.append((Record(self._topic, record.key, headers, value), done))
        if self._sending is None:
            self._sending = asyncio.get_running_loop().create_task(self._send())

    async def _send(self) -> None:
        failures = 0
        try:
            while self._pending:
                some = [self._pending[place] for place in range(min(500, len(self._pending)))]
                try:
                    sent = await self._sender.send([record for record, _ in some])
                    failures = 0
                except PublisherUnavailable as error:
                    failures += 1
                    log.warning("dead_letters_delayed", waiting=len(self._pending), error=str(error))
                    await asyncio.sleep(self._retry.delay_s(failures))
                    continue
                for entry, out in zip(some, sent, strict=True):
                    self._pending.popleft()
                    if out:
                        entry[1]()
                    else:
                        self._pending.append(entry)
        finally:
            self._sending = None

    async def stop(self) -> None:
        """Sends no more; what is left comes again, since its offsets are not committed."""
        if self._sending is not None:
            self._sending.cancel()
            await asyncio.wait([self._sending])
