"""The two ends of a coordinator without servers: all is done with rows and records that the adapters do, up to the
libraries that would send them."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, cast

import msgspec
from aiokafka.producer.message_accumulator import BatchBuilder

from benchmarks.contracts import Done
from contracts.answers import Success
from contracts.reply_message import ReplyMessage
from contracts.topics import Topics
from contracts.values import write_value
from coordinator.kafka.connection import KafkaSettings
from coordinator.kafka.dead_letters import DeadLetters
from coordinator.kafka.offsets import PartitionOffsets
from coordinator.kafka.producer import KafkaPublisher
from coordinator.kafka.records import MAX_BATCH_BYTES
from coordinator.kafka.replies import Replies
from coordinator.kafka.sender import RecordSender
from coordinator.runtime.intake import Intake
from coordinator.runtime.ownership import Ownership
from coordinator.runtime.ports import Confirmed, Due, OutboxRow, SagaWrite, StoredSaga
from coordinator.runtime.shards import partition_of
from coordinator.runtime.starting import Starting
from coordinator.store.batch import batch_of, in_order

PARTITIONS = 8
NOW = 1_795_483_591_414
_IDS = ("ce_id", "ce_subject", "ce_commandid")


class DroppedColumns:
    """A store that makes the columns of a batch, and has them written by nobody. Everybody wins."""

    async def load(self, saga_ids: Sequence[str]) -> Mapping[str, StoredSaga]:
        """None: nothing is kept."""
        return {}

    async def commit(self, writes: Sequence[SagaWrite], confirmed: Sequence[Confirmed]) -> frozenset[str]:
        """An answer comes with the next turn of the event loop."""
        writes = in_order(writes)
        batch = batch_of(writes, confirmed)
        assert batch.columns is not None
        assert batch.statement
        await asyncio.sleep(0)
        return frozenset(write.saga_id for write in writes)

    async def due(self, before: int, limit: int, after: tuple[int, str] | None = None) -> Sequence[Due]:
        """None."""
        return ()

    async def leftovers(self, older_than: int, newer_than: int, limit: int, after: str = "") -> Sequence[OutboxRow]:
        """None."""
        return ()

    async def local_rows(self, limit: int, after: str = "") -> Sequence[OutboxRow]:
        """None."""
        return ()

    async def outbox_of(self, saga_ids: Sequence[str]) -> Sequence[OutboxRow]:
        """None."""
        return ()

    async def parked_for_code(self, limit: int, after: str = "") -> Sequence[tuple[str, int]]:
        """None."""
        return ()

    async def time(self) -> int:
        """Always the same."""
        return NOW

    async def ping(self) -> None:
        """Nothing is wrong."""


class Consumed(NamedTuple):
    """A record, as far as it is looked at."""

    headers: Sequence[tuple[str, bytes]]
    value: bytes
    offset: int


class _Cluster:
    """Every topic is there."""

    client: Any
    cluster: Any

    def __init__(self) -> None:
        self.client = self.cluster = self

    def partitions_for_topic(self, topic: str) -> set[int]:
        return set(range(PARTITIONS))


class _Acknowledging(_Cluster):
    """A producer to which every batch is acknowledged with the next turn of the event loop."""

    def create_batch(self) -> BatchBuilder:
        return BatchBuilder(MAX_BATCH_BYTES, 0)

    async def send_batch(self, batch: BatchBuilder, topic: str, *, partition: int) -> "asyncio.Future[None]":
        loop = asyncio.get_running_loop()
        acknowledged: asyncio.Future[None] = loop.create_future()
        loop.call_soon(acknowledged.set_result, None)
        return acknowledged


class _Sender(RecordSender):
    """The real one, with that producer."""

    def __init__(self, settings: KafkaSettings) -> None:
        super().__init__(settings)
        self._producer = cast(Any, _Acknowledging())


class AnsweringBroker:
    """Packs commands into batches, and answers each with a record that is read like any other."""

    def __init__(self, topics: Topics) -> None:
        settings = KafkaSettings("nowhere:9092")
        sender = _Sender(settings)
        self._publisher = KafkaPublisher(sender)
        self._dead_letters = DeadLetters(sender, topics, settings)
        self._partitions = [PartitionOffsets() for _ in range(PARTITIONS)]
        answer = Success(write_value(Done(7)))
        reply = ReplyMessage("", "", "", 1, answer, "/amends/participants/first", NOW)
        self._headers, self._value = reply.headers(), msgspec.json.encode(Done(7))
        self._places = [[name for name, _ in self._headers].index(name) for name in _IDS]
        self._offset = 0

    @property
    def trouble(self) -> str | None:
        """None."""
        return None

    async def start(self, intake: Intake, ownership: Ownership, starting: Starting) -> None:
        """All partitions are ours."""
        self._replies = Replies(intake, self._dead_letters)
        ownership.assign(frozenset(range(PARTITIONS)), PARTITIONS)

    async def publish(self, rows: Sequence[OutboxRow]) -> Sequence[Confirmed]:
        """As the adapter does it. The answers come in one handful with the next turn of the event loop."""
        confirmed = await self._publisher.publish(rows, PARTITIONS)
        asyncio.get_running_loop().call_soon(self._answer, rows)
        return confirmed

    def _answer(self, rows: Sequence[OutboxRow]) -> None:
        reply_id, subject, command_id = self._places
        for row in rows:
            headers = self._headers.copy()
            self._offset += 1
            headers[reply_id] = ("ce_id", b"%d" % self._offset)
            headers[subject] = ("ce_subject", row.saga_id.encode())
            headers[command_id] = ("ce_commandid", row.command_id.encode())
            offsets = self._partitions[partition_of(row.saga_id, PARTITIONS)]
            self._replies.take(Consumed(headers, self._value, self._offset), offsets)

    async def pause(self) -> None:
        """Nothing more comes anyway."""

    async def stop(self) -> None:
        """Nothing is open."""
