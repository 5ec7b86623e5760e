"""Takes records from a consumer, and lets the reply to a lone one go out before more is asked for."""

import asyncio
from collections.abc import Callable
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from participants.sdk.offsets import Offsets

Record = ConsumerRecord[Any, Any]

FETCH_WAIT_MS = 10_000
MAX_RECORDS = 500
"""Taken from the consumer at once."""
REPLY_TURNS = 4
"""So many turns of the event loop it takes from a reply's being handed to the producer until it is in the socket."""


class Fetched(NamedTuple):
    """Records of any number of partitions, those of each in their order."""

    records: list[Record]
    term: int
    """In which the first of them was read; see Offsets."""
    alone: bool = False
    """It is the only one that Kafka had, and the next ones are not asked for yet: the next call does that."""


class Fetching:
    """What comes of one consumer's topic.

    aiokafka asks for more in the turn in which a partition's last record is taken, ahead of the reply: a quarter of the
    time between a command and its reply, when nothing else is to do. That the last one *was* the last is only found
    when another is taken, so a lone record is taken by itself, and nothing more until its reply is on its way. See
    decision 34.
    """

    def __init__(self, consumer: AIOKafkaConsumer, offsets: Offsets, *, replies_soon: bool) -> None:
        """``replies_soon``: it takes less time to reply than to ask for more; otherwise both go on at once."""
        self._consumer = consumer
        self._end: Callable[[TopicPartition], object] = consumer.highwater
        self._offsets = offsets
        self._replies_soon = replies_soon

    async def some(self) -> Fetched:
        """What has come; nothing after ``FETCH_WAIT_MS``. If it is cancelled, what it had is brought again."""
        first = await self._take(FETCH_WAIT_MS, 1 if self._replies_soon else MAX_RECORDS)
        term = self._offsets.term  # what is read next may be of a later one
        if not first or not self._replies_soon:
            return Fetched(first, term)
        record = first[0]
        if self._end(TopicPartition(record.topic, record.partition)) == record.offset + 1:
            return Fetched(first, term, alone=True)
        return Fetched(first + await self._take(0, MAX_RECORDS - 1), term)

    async def _take(self, wait_ms: int, most: int) -> list[Record]:
        found = await self._consumer.getmany(timeout_ms=wait_ms, max_records=most)
        return [record for records in found.values() for record in records]


async def reply_leaves() -> None:
    """The reply that was handed to the producer just now is on its way."""
    for _ in range(REPLY_TURNS):
        await asyncio.sleep(0)
