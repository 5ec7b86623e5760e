"""Commits offsets, away from the path of the commands."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError

log = logging.getLogger(__name__)

COMMIT_LIMIT_S = 10.0
REVOKED_LIMIT_S = 2.0
"""The rest of the group is waiting."""
STUCK_S = 20.0
"""A consumer whose commits have failed for so long is replaced: aiokafka's may wait for ever for its coordinator."""
ASK_S = 5.0
"""After so long without a commit the group is asked for an offset, only to see whether it answers: a consumer without
an answer gets no commands either, and would never have anything to commit."""
PAUSE_S = 0.25
"""Between two commits. What was done in the meantime is the next commit; a process that dies before it only has its
last commands brought again, which the barrier answers."""


class Offsets:
    """The offsets of what one consumer is through with."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer
        self._done: dict[TopicPartition, int] = {}
        self._changed = asyncio.Event()
        self._committing = asyncio.Lock()
        self._failing_since: float | None = None
        self.term = 0
        """Goes up with every rebalance. What was read before is read again after it, here or elsewhere."""

    @property
    def stuck(self) -> bool:
        """Whether the group has not answered for too long."""
        return self._failing_since is not None and time.monotonic() - self._failing_since > STUCK_S

    def done(self, offsets: Mapping[TopicPartition, int], term: int) -> None:
        """Everything before these offsets, read in that term, has been answered, and the answers were acknowledged.

        Those of an earlier term are forgotten: the partition may have been made anew since, and an offset of the old
        one would pass over commands of the new one.
        """
        if term == self.term:
            self._done.update(offsets)
            self._changed.set()

    def begin_term(self) -> None:
        """The partitions are divided anew."""
        self.term += 1
        self._done.clear()

    async def keep_committing(self) -> None:
        """Commits what is done, for ever."""
        while True:
            try:
                async with asyncio.timeout(ASK_S):
                    await self._changed.wait()
            except TimeoutError:
                await self.ask()
            else:
                await self.commit()
            await asyncio.sleep(PAUSE_S)

    async def ask(self) -> None:
        """Asks the group for an offset; ``stuck`` tells when it has not answered for too long."""
        partition = next(iter(self._consumer.assignment()), None)
        if partition is None:
            return
        try:
            async with asyncio.timeout(COMMIT_LIMIT_S):
                await self._consumer.committed(partition)
        except (KafkaError, TimeoutError) as error:
            log.warning("The group does not answer: %r", error)
            self._failing_since = self._failing_since or time.monotonic()
        else:
            self._failing_since = None

    async def commit(self) -> None:
        """Commits what is done now. When that fails nothing is lost: it is tried again, or the commands come again."""
        async with self._committing:
            term = self.term
            self._changed.clear()
            assigned = self._consumer.assignment()
            offsets = {partition: offset for partition, offset in self._done.items() if partition in assigned}
            try:
                if offsets:
                    async with asyncio.timeout(COMMIT_LIMIT_S):
                        await self._consumer.commit(offsets)
            except (CommitFailedError, IllegalStateError) as error:
                log.info("The group has moved on, so some commands will be answered again: %s", error)
            except (KafkaError, TimeoutError) as error:
                log.warning("Offsets could not be committed and will be later: %r", error)
                self._failing_since = self._failing_since or time.monotonic()
                self._changed.set()
                return
            self._failing_since = None
            if term != self.term:
                return  # what is done now was done since
            self._done = {
                partition: offset
                for partition, offset in self._done.items()
                if partition in assigned and offsets.get(partition) != offset
            }


class Rebalances(ConsumerRebalanceListener):
    """Commits what is done before partitions go to somebody else, and tells when they have come.

    A member with a name has its old part back after a restart, and nothing is divided anew. If it led the group before,
    it does not know that it still does, so nobody would see partitions that were added meanwhile. Hence it joins a
    second time: from its leader the group takes that as a wish to divide them anew, from others as nothing.
    """

    def __init__(self, consumer: AIOKafkaConsumer, offsets: Offsets, assigned: asyncio.Event, *, named: bool) -> None:
        self._consumer = consumer
        self._offsets = offsets
        self._assigned = assigned
        self._join_again = named

    # aiokafka awaits what these return, although the methods of its class are not async.
    async def on_partitions_revoked(self, revoked: Any) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """What is still being handled will be handled by the next owner too; the barrier makes them take turns."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(REVOKED_LIMIT_S):
                await self._offsets.commit()
        self._offsets.begin_term()

    async def on_partitions_assigned(self, assigned: Any) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """The consumer takes part in its group, even when there were not partitions enough for it."""
        if self._join_again:
            self._join_again = False
            # Soon, not now: aiokafka's fetcher must have seen this part before it is taken away (it asserts that).
            asyncio.get_running_loop().call_soon(self._divide_anew)
        else:
            self._assigned.set()

    def _divide_anew(self) -> None:
        self._consumer.subscribe([*self._consumer.subscription()], listener=self)
