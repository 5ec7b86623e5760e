"""Kafka as the runtime sees it: commands out, replies and requests in, and what breaks is made anew."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from contracts.topics import Topics
from coordinator.kafka.child_answers import ChildAnswers
from coordinator.kafka.connection import KafkaSettings
from coordinator.kafka.consumer import Consumption
from coordinator.kafka.dead_letters import DeadLetters
from coordinator.kafka.log_floods import quieten
from coordinator.kafka.producer import KafkaPublisher
from coordinator.kafka.reading import Reading
from coordinator.kafka.replies import Replies
from coordinator.kafka.requests import Requests
from coordinator.kafka.sender import RecordSender
from coordinator.kafka.topics import TopicsKeeper, topics_needed
from coordinator.runtime.intake import Intake
from coordinator.runtime.ownership import Ownership
from coordinator.runtime.ports import Confirmed, OutboxRow
from coordinator.runtime.starting import Starting

_REQUESTS_AT_ONCE = 200
"""Records in one handful: to read a start takes longer than to read a reply, and the event loop has to get on."""


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
        self._ownership = Ownership()
        self._dead_letters = DeadLetters(self._sender, topics, settings)
        self._answers = ChildAnswers(self._sender, topics, settings)
        self._replies: Reading | None = None
        self._requests: Reading | None = None
        self._connected = asyncio.Event()
        self._keeping: asyncio.Task[None] | None = None

    @property
    def group(self) -> str:
        """The consumer group of all coordinators of the deployment."""
        return f"{self._topics.prefix}.coordinators"

    @property
    def requests_group(self) -> str:
        """Theirs again, for requests: who reads these has nothing to do with who keeps which sagas."""
        return f"{self._topics.prefix}.requests"

    async def publish(self, rows: Sequence[OutboxRow]) -> Sequence[Confirmed]:
        """See ``CommandPublisher``."""
        return await self._publisher.publish(rows, self._ownership.count)

    @property
    def trouble(self) -> str | None:
        """Why replies cannot be taken just now, if so. Requests can wait: they do not count."""
        if self._keeper.trouble:
            return "Kafka does not answer."
        return "Kafka has not answered yet." if self._replies is None else self._replies.trouble

    async def start(self, intake: Intake, ownership: Ownership, starting: Starting) -> None:
        """See ``Broker``."""
        self._ownership = ownership
        replies = Replies(intake, self._dead_letters)
        requests = Requests(intake, self._dead_letters, starting, self._answers)

        def of_replies() -> Consumption:
            return Consumption(
                settings=self._settings,
                topic=self._topics.replies,
                group=self.group,
                taker=replies,
                on_assigned=ownership.assign,
                on_missing_topic=self._keeper.look,
            )

        def of_requests() -> Consumption:
            return Consumption(
                settings=replace(self._settings, poll_records=_REQUESTS_AT_ONCE),
                topic=self._topics.requests,
                group=self.requests_group,
                taker=requests,
                on_assigned=_no_ownership,
                on_missing_topic=self._keeper.look,
            )

        self._replies = Reading(self._topics.replies, self._settings, self._connect, of_replies)
        self._requests = Reading(self._topics.requests, self._settings, self._connected.wait, of_requests)
        for reading in (self._replies, self._requests):
            intake.on_room.append(reading.room)
            reading.start()

    async def _connect(self) -> None:
        """Before each consumer of replies: the topics are there, and so is the producer."""
        if await self._keeper.ensure() and self._requests is not None:
            self._requests.forget()
        if self._keeping is None:
            self._keeping = asyncio.get_running_loop().create_task(self._keeper.run())
        await self._sender.connect(self._commands)
        self._connected.set()

    def _replaced(self) -> None:
        """Another cluster, or topics made again: all connections are made anew, offsets start at the earliest (K3)."""
        self._sender.renew()
        for reading in (self._replies, self._requests):
            if reading is not None:
                reading.forget()

    async def pause(self) -> None:
        """See ``Broker``."""
        for reading in (self._replies, self._requests):
            if reading is not None:
                reading.pause()

    async def stop(self) -> None:
        """See ``Broker``."""
        await self._dead_letters.stop()
        await self._answers.stop()
        await asyncio.gather(*(reading.stop() for reading in (self._replies, self._requests) if reading is not None))
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.wait([self._keeping])
        await self._sender.close()


def _no_ownership(partitions: frozenset[int], count: int) -> None: ...
