"""Takes records from a consumer, and lets the reply to a lone one go out before more is asked for."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import IllegalStateError

from participants.sdk.offsets import Offsets

Record = ConsumerRecord[Any, Any]

FETCH_WAIT_MS = 10_000
MAX_RECORDS = 500
"""Taken from the consumer at once."""
REPLY_TURNS = 4
"""So many turns of the event loop it takes from a reply's being handed to the producer until it is in the socket."""
PATIENCE_S = 0.02
"""A reply that takes longer keeps nothing back."""


class Fetched(NamedTuple):
    """Records of any number of partitions, those of each in their order."""

    records: list[Record]
    term: int
    """In which the first of them was read; see Offsets."""
    alone: bool = False
    """It is the only one that Kafka had, and the next ones are not asked for yet: the next call does that, or time."""


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
        self._patience: asyncio.TimerHandle | None = None

    async def some(self) -> Fetched:
        """What has come; nothing after ``FETCH_WAIT_MS``. If it is cancelled, what it had is brought again."""
        self.close()
        first = await self._take(FETCH_WAIT_MS, 1 if self._replies_soon else MAX_RECORDS)
        term = self._offsets.term  # what is read next may be of a later one
        if not first or not self._replies_soon:
            return Fetched(first, term)
        partition, behind = TopicPartition(first[0].topic, first[0].partition), first[0].offset + 1
        if self._end(partition) == behind:
            self._patience = asyncio.get_running_loop().call_later(PATIENCE_S, self._ask, partition, behind, term)
            return Fetched(first, term, alone=True)
        return Fetched(first + await self._take(0, MAX_RECORDS - 1), term)

    def close(self) -> None:
        """Nothing is asked for any more."""
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _ask(self, partition: TopicPartition, behind: int, term: int) -> None:
        """Asks for more, as taking another would: aiokafka goes on from where it is. It would ask for the other
        partitions by itself after a while, and for this one half a second after that, when they have answered."""
        if term == self._offsets.term:
            with contextlib.suppress(IllegalStateError):  # the partition is being taken away
                self._consumer.seek(partition, behind)

    async def _take(self, wait_ms: int, most: int) -> list[Record]:
        found = await self._consumer.getmany(timeout_ms=wait_ms, max_records=most)
        return [record for records in found.values() for record in records]


async def reply_leaves() -> None:
    """The reply that was handed to the producer just now is on its way."""
    for _ in range(REPLY_TURNS):
        await asyncio.sleep(0)
