"""Records that follow from a consumed one: that one counts as handled once they were acknowledged."""

import asyncio
from collections import deque
from collections.abc import Callable

import structlog

from coordinator.kafka.connection import KafkaSettings
from coordinator.kafka.records import Record
from coordinator.kafka.sender import RecordSender
from coordinator.runtime.ports import PublisherUnavailable

log = structlog.get_logger(__name__)

MAX_PENDING = 5_000
_STALLED = "Their partitions have not answered for a while, or their topic is missing."


class SurelySent:
    """Sends them in the background, again and again."""

    def __init__(self, sender: RecordSender, settings: KafkaSettings, delayed: str) -> None:
        """``delayed``: what the log says when Kafka does not answer."""
        self._sender = sender
        self._retry = settings.retry
        self._delayed = delayed
        self._pending: deque[tuple[Record, Callable[[], None]]] = deque()
        self._sending: asyncio.Task[None] | None = None

    @property
    def full(self) -> bool:
        """Whether consumption should wait."""
        return len(self._pending) >= MAX_PENDING

    @property
    def pending(self) -> int:
        """Records not acknowledged yet."""
        return len(self._pending)

    def put(self, record: Record, done: Callable[[], None]) -> None:
        """Sends it; ``done`` is called once that is durable."""
        self._pending.append((record, done))
        if self._sending is None:
            self._sending = asyncio.get_running_loop().create_task(self._send())

    async def _send(self) -> None:
        failures = 0
        try:
            while self._pending:
                some = [self._pending[place] for place in range(min(500, len(self._pending)))]
                try:
                    sent = await self._sender.send([record for record, _ in some])
                    if not any(sent):
                        raise PublisherUnavailable(_STALLED)
                except PublisherUnavailable as error:
                    failures += 1
                    log.warning(self._delayed, waiting=len(self._pending), error=str(error))
                    await asyncio.sleep(self._retry.delay_s(failures))
                    continue
                failures = 0
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
