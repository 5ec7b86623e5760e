"""The probe's coordinator: mailbox, two batches in flight, commands out after the commit, replies back in."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from time import perf_counter

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from benchmarks.probe.kafka import Message, sent, taken
from benchmarks.probe.saga import ProbeSaga
from coordinator.engine.apart import apart
from coordinator.runtime.ports import Confirmed, OutboxRow, SagaWrite
from coordinator.store.saga_store import PostgresStore

BATCHES_IN_FLIGHT = 2


class Probe:
    """Keeps as many sagas in flight as it is told to; the load is inside."""

    def __init__(
        self, store: PostgresStore, producer: AIOKafkaProducer, consumer: AIOKafkaConsumer, topics: tuple[str, ...]
    ) -> None:
        self._store, self._producer, self._consumer, self._topics = store, producer, consumer, topics
        self._running: dict[bytes, ProbeSaga] = {}
        self._mailbox: list[tuple[ProbeSaga, bytes | None]] = []
        self._mail = asyncio.Event()
        self._leaving: list[OutboxRow] = []
        self._leave = asyncio.Event()
        self._acknowledged = asyncio.Event()
        """Nothing is on its way to Kafka."""
        self._confirmed: list[Confirmed] = []
        self._until = 0.0
        self._empty = asyncio.Event()
        self.number = 0
        """Of the saga that was started last."""
        self.latencies: list[float] = []
        """In seconds, of the sagas that ended in the last load."""

    async def run(self) -> None:
        """Until it is cancelled, or something fails."""
        async with asyncio.TaskGroup() as group:
            for _ in range(BATCHES_IN_FLIGHT):
                group.create_task(self._commit())
            group.create_task(self._publish())
            group.create_task(self._read())

    async def load(self, in_flight: int, seconds: float) -> float:
        """How long it took until the last one had ended."""
        self.latencies = []
        begin = perf_counter()
        self._until = begin + seconds
        self._empty.clear()
        for _ in range(in_flight):
            self._start()
        await self._empty.wait()
        return perf_counter() - begin

    async def flush(self) -> None:
        """Behind a load: what Kafka has leaves the outbox, also what no batch has taken along."""
        await self._acknowledged.wait()
        await self._store.commit((), self._confirmed)
        self._confirmed = []

    def _start(self) -> None:
        self.number += 1
        saga = ProbeSaga(self.number, self._topics, perf_counter())
        self._running[saga.saga_id.encode()] = saga
        self._mailbox.append((saga, None))
        self._mail.set()

    async def _commit(self) -> None:
        while True:
            while not self._mailbox:
                self._mail.clear()
                await self._mail.wait()
            batch, self._mailbox = self._mailbox, []
            confirmed, self._confirmed = self._confirmed, []
            with apart():
                writes = [saga.start() if value is None else saga.replied(value) for saga, value in batch]
            await self._store.commit(writes, confirmed)
            self._committed([saga for saga, _ in batch], writes)

    def _committed(self, sagas: Sequence[ProbeSaga], writes: Sequence[SagaWrite]) -> None:
        for write in writes:
            self._leaving.extend(write.outbox)
        self._leave.set()
        now = perf_counter()
        for saga in sagas:
            if saga.ended:
                del self._running[saga.saga_id.encode()]
                self.latencies.append(now - saga.began)
                if now < self._until:
                    self._start()
        if not self._running:
            self._empty.set()

    async def _publish(self) -> None:
        while True:
            while not self._leaving:
                self._leave.clear()
                self._acknowledged.set()
                await self._leave.wait()
            self._acknowledged.clear()
            rows, self._leaving = self._leaving, []
            by_topic: defaultdict[str, list[Message]] = defaultdict(list)
            for row in rows:
                by_topic[row.topic].append((row.saga_id, row.headers, row.value))
            await sent(self._producer, by_topic)
            self._confirmed.extend(Confirmed(row.command_id, row.attempt) for row in rows)

    async def _read(self) -> None:
        while True:
            for record in await taken(self._consumer):
                headers = dict(record.headers)
                assert headers["ce_type"] == b"amends.reply.succeeded", "the probe's participants never refuse"
                self._mailbox.append((self._running[headers["ce_subject"]], record.value))
            self._mail.set()
