"""Kafka as the runtime sees it: commands out, replies in, and everything about it that breaks is made anew."""

import asyncio
import time
from collections.abc import Sequence

import structlog
from aiokafka.errors import KafkaError

from contracts.topics import Topics
from coordinator.kafka.connection import KafkaSettings
from coordinator.kafka.consumer import Consumption
from coordinator.kafka.dead_letters import DeadLetters
from coordinator.kafka.log_floods import quieten
from coordinator.kafka.producer import KafkaPublisher
from coordinator.kafka.sender import RecordSender
from coordinator.kafka.topics import TopicsKeeper, topics_needed
from coordinator.runtime.intake import Intake
from coordinator.runtime.ownership import Ownership
from coordinator.runtime.ports import Confirmed, OutboxRow

log = structlog.get_logger(__name__)

_WATCH_S = 1.0
_STOP_S = 8.0


class KafkaBroker:
    """Keeps the promises of ``Broker``."""

    def __init__(self, settings: KafkaSettings, topics: Topics, participants: Sequence[str]) -> None:
        quieten()
        self._settings, self._topics = settings, topics
        names = topics_needed(topics, participants)
        self._commands = [topics.commands(participant) for participant in sorted(set(participants))]
        self._keeper = TopicsKeeper(settings, names)
        self._keeper.on_replaced = self._replaced
        self._sender = RecordSender(settings, self._keeper.look)
        self._publisher = KafkaPublisher(self._sender)
        self._dead_letters = DeadLetters(self._sender, topics, settings)
        self._consumption: Consumption | None = None
        self._polling: asyncio.Task[None] | None = None
        self._running: list[asyncio.Task[None]] = []
        self._pausing = False
        self._trouble: str | None = "Kafka has not answered yet."

    @property
    def group(self) -> str:
        """The consumer group of all coordinators of the deployment."""
        return f"{self._topics.prefix}.coordinators"

    async def publish(self, rows: Sequence[OutboxRow]) -> Sequence[Confirmed]:
        """See ``CommandPublisher``."""
        return await self._publisher.publish(rows)

    @property
    def trouble(self) -> str | None:
        """Why replies cannot be taken just now, if so."""
        if self._keeper.trouble:
            return "Kafka does not answer."
        if self._trouble is None and (self._consumption is None or not self._consumption.assigned):
            return "The coordinators are dividing the partitions among themselves."
        return self._trouble

    async def start(self, intake: Intake, ownership: Ownership) -> None:
        """See ``Broker``."""
        loop = asyncio.get_running_loop()
        intake.on_room.append(self._room)
        self._running = [
            loop.create_task(self._consume(intake, ownership)),
            loop.create_task(self._watch()),
        ]

    def _room(self) -> None:
        if self._consumption is not None:
            self._consumption.room()

    async def _consume(self, intake: Intake, ownership: Ownership) -> None:
        """One consumer after another, for ever; a broker that is away is asked again and again."""
        failures = 0
        while not self._pausing:
            try:
                await self._keeper.ensure()
                if len(self._running) == 2:
                    self._running.append(asyncio.get_running_loop().create_task(self._keeper.run()))
                await self._sender.connect(self._commands)
                self._consumption = Consumption(
                    settings=self._settings,
                    topic=self._topics.replies,
                    group=self.group,
                    intake=intake,
                    ownership=ownership,
                    dead_letters=self._dead_letters,
                    on_missing_topic=self._keeper.look,
                )
                self._polling = asyncio.get_running_loop().create_task(self._consumption.run())
                self._trouble = None
                began = time.monotonic()
                await asyncio.wait([self._polling])
                failures = 0 if time.monotonic() - began > 60 else failures
                if not self._polling.cancelled() and (error := self._polling.exception()) is not None:
                    raise error
            except (KafkaError, OSError, TimeoutError) as error:
                log.warning("kafka_unavailable", error=repr(error))
            except Exception:
                log.exception("consumer_failed")
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

    def _replaced(self) -> None:
        """Another cluster, or topics made again: all connections are made anew, offsets start at the earliest (K3)."""
        self._sender.renew()
        if self._consumption is not None:
            self._consumption.forget()
        self._renew("topics or cluster replaced")

    def _renew(self, reason: str) -> None:
        """Ends the consumer; ``_consume`` makes another."""
        if self._polling is not None and not self._polling.done() and not self._pausing:
            log.warning("consumer_renewed", reason=reason)
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

    async def pause(self) -> None:
        """See ``Broker``."""
        self._pausing = True
        if self._consumption is not None:
            self._consumption.pause()

    async def stop(self) -> None:
        """See ``Broker``."""
        self._pausing = True
        await self._dead_letters.stop()
        if self._polling is not None:
            self._polling.cancel()
            await asyncio.wait(self._running[:1], timeout=_STOP_S)
        for each in self._running:
            each.cancel()
        if self._running:
            await asyncio.wait(self._running)
        await self._sender.close()
