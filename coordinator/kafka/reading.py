"""One topic, read for ever: a consumer that breaks, or is of no use any more, is followed by another."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import structlog
from aiokafka.errors import KafkaError

from coordinator.kafka.connection import KafkaSettings
from coordinator.kafka.consumer import Consumption

log = structlog.get_logger(__name__)

_WATCH_S = 1.0
_STOP_S = 8.0


class Reading:
    """Start it once, stop it once."""

    def __init__(
        self,
        topic: str,
        settings: KafkaSettings,
        prepare: Callable[[], Awaitable[object]],
        consumption: Callable[[], Consumption],
    ) -> None:
        """``prepare`` is awaited before each consumer, ``consumption`` makes it. Either may raise."""
        self._topic, self._settings = topic, settings
        self._prepare, self._make = prepare, consumption
        self._consumption: Consumption | None = None
        self._polling: asyncio.Task[None] | None = None
        self._running: list[asyncio.Task[None]] = []
        self._pausing = False
        self._trouble: str | None = "Kafka has not answered yet."

    @property
    def trouble(self) -> str | None:
        """Why the topic cannot be read just now, if so."""
        if self._trouble is None and (self._consumption is None or not self._consumption.assigned):
            return "The coordinators are dividing the partitions among themselves."
        return self._trouble

    def start(self) -> None:
        """Begins, in the background."""
        loop = asyncio.get_running_loop()
        self._running = [loop.create_task(self._consume()), loop.create_task(self._watch())]

    def room(self) -> None:
        """More may be taken than a moment ago."""
        if self._consumption is not None:
            self._consumption.room()

    async def _consume(self) -> None:
        """One consumer after another, for ever; a broker that is away is asked again and again."""
        failures = 0
        while not self._pausing:
            try:
                await self._prepare()
                self._consumption = self._make()
                self._polling = asyncio.get_running_loop().create_task(self._consumption.run())
                self._trouble = None
                began = time.monotonic()
                await asyncio.wait([self._polling])
                failures = 0 if time.monotonic() - began > 60 else failures
                if not self._polling.cancelled() and (error := self._polling.exception()) is not None:
                    raise error
            except (KafkaError, OSError, TimeoutError) as error:
                log.warning("kafka_unavailable", topic=self._topic, error=repr(error))
            except Exception:
                log.exception("consumer_failed", topic=self._topic)
            finally:
                await self._end_consumption()
            if self._pausing:
                return
            failures += 1
            self._trouble = "Kafka does not answer."
            await asyncio.sleep(self._settings.retry.delay_s(failures))

    async def _end_consumption(self) -> None:
        if self._polling is not None:
            self._polling.cancel()
            await asyncio.wait([self._polling])
        if self._consumption is not None:
            await self._consumption.close()
        self._consumption = self._polling = None

    def forget(self) -> None:
        """The topic is another one by now: another consumer begins at its earliest offset, and no offset of the old
        topic is committed to it (K3)."""
        if self._consumption is not None:
            self._consumption.forget()
        self._renew("topics or cluster replaced")

    def _renew(self, reason: str) -> None:
        """Ends the consumer; ``_consume`` makes another."""
        if self._polling is not None and not self._polling.done() and not self._pausing:
            log.warning("consumer_renewed", topic=self._topic, reason=reason)
            self._polling.cancel()

    async def _watch(self) -> None:
        """A loop that was blocked past the session timeout, or a consumer that does not get back into the group, joins
        anew (F3, aiokafka#847, #1037)."""
        while True:
            began = time.monotonic()
            await asyncio.sleep(_WATCH_S)
            blocked_ms = (time.monotonic() - began - _WATCH_S) * 1e3
            if blocked_ms > self._settings.session_timeout_ms:
                self._renew(f"the event loop was blocked for {blocked_ms:.0f} ms")
            elif self._consumption is not None and self._consumption.stuck:
                self._renew("the group does not answer")
            elif self._consumption is not None:
                self._consumption.look()

    def pause(self) -> None:
        """Takes nothing more, but stays in the group."""
        self._pausing = True
        if self._consumption is not None:
            self._consumption.pause()

    async def stop(self) -> None:
        """Commits what is handled, leaves the group, and ends; within a few seconds."""
        self._pausing = True
        if self._polling is not None:
            self._polling.cancel()
            await asyncio.wait(self._running[:1], timeout=_STOP_S)
        for each in self._running:
            each.cancel()
        if self._running:
            await asyncio.wait(self._running)
