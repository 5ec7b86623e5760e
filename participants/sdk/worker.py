"""Consumes a participant's commands: reads, answers, sends the replies, then commits the offsets."""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Coroutine, Generator, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.answers import Answer
from contracts.command_message import CommandMessage
from contracts.failpoints import failpoint
from contracts.topics import Topics
from contracts.unhurried import unhurried
from participants.sdk.apart import Apart, apart, executor_of
from participants.sdk.arrivals import Arrivals, Call, SetAside
from participants.sdk.executor import HANDLER_LIMIT_S, Answered, Executor
from participants.sdk.fetching import Fetching, Record, reply_leaves
from participants.sdk.long_places import LONG_HANDLERS
from participants.sdk.offsets import Offsets, Rebalances
from participants.sdk.participant import Participant
from participants.sdk.records import Outgoing, Records, now_ms
from participants.sdk.sender import Sender
from participants.sdk.tracing import Tracing

log = logging.getLogger(__name__)

MAX_UNFINISHED = 4
"""Rounds whose replies are not acknowledged yet, while the next is handled."""
MAX_FETCH_BYTES = 4 * 1024 * 1024
"""Of one partition at once: more than the largest record, an undo with arguments, result and cause."""
NEVER_MS = 24 * 3_600_000
"""A slow handler is no reason to leave the group: only heartbeats count, and they have a task of their own."""
CONSUMER_LIMIT_S = 10.0
"""Longest wait, in seconds, for a consumer to connect or to stop."""
TOPICS_POLL_S = 0.2
METADATA_MS = 5_000
"""So soon a topic is found that was deleted and made again, or that has more partitions."""
TOPICS_LOG_S = 10.0
PAUSE_S = 1.0
"""Before a consumer that broke is replaced."""

Arrived = tuple[Record, Call | SetAside]


class Worker:
    """One process's share of a participant's work. Use it as ``async with worker:``, or ``await worker.run(stop)``.

    ``database`` is the engine of the participant's own Postgres database, in which the barrier's table exists; None
    goes without a barrier, as Participant describes it for ``barrier=False``.
    ``session_timeout_ms`` is how soon a process that died is missed and its partitions go to others.
    ``instance`` is a name for this process, unique in the group and the same after a restart: with it a restarted
    process has its partitions back at once.
    ``long_handlers`` is how many handlers that take long run at once; ten times as many wait for a place.
    Raises ValueError when that is none; TypeError when a handler is missing, or wants a database where there is none.
    """

    def __init__(
        self,
        participant: Participant,
        *,
        kafka: str,
        database: AsyncEngine | None,
        topics: Topics | None = None,
        session_timeout_ms: int = 6_000,
        instance: str | None = None,
        handler_limit_s: float = HANDLER_LIMIT_S,
        long_handlers: int = LONG_HANDLERS,
        grace_s: float = 20.0,
    ) -> None:
        if long_handlers < 1:
            raise ValueError(f"long_handlers={long_handlers} leaves no place for any: give 1 or more.")
        participant.complete(database is not None)
        if database is not None and database.dialect.name != "postgresql":
            raise TypeError(f"The barrier needs Postgres: give an engine of postgresql+asyncpg, not {database.url!r}.")
        self._kafka = kafka
        self._topics = topics or Topics()
        self._topic = self._topics.commands(participant.name)
        self._group = f"{self._topics.prefix}.participant.{participant.name}"
        self._session_timeout_ms = session_timeout_ms
        self._instance = instance
        self._grace_s = grace_s
        """How long a stop waits for what is in flight, in seconds. What is not finished then will be brought again."""
        tracing = Tracing(self._topic)
        self._arrivals = Arrivals(participant, self._topics.replies)
        self._records = Records(participant.name, self._topics.dead_letters)
        self._sender = Sender(kafka)
        self._replies_soon = database is None
        self._apart = apart(participant, database, tracing, handler_limit_s, self._reply, long_handlers)
        self._executor: Executor | Apart = self._apart or executor_of(database, tracing, handler_limit_s)
        self._assigned = asyncio.Event()
        self._unfinished: deque[asyncio.Task[None]] = deque()
        self._task: asyncio.Task[None] | None = None
        self._stopping = False
        self._idle = False

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._work())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def run(self, stop: asyncio.Event) -> None:
        """Works until ``stop`` is set, then finishes what is in flight. Raises when the worker cannot go on."""
        async with self:
            await self._unless_it_ends(stop.wait())

    async def ready(self) -> bool:
        """Whether the worker has joined its group, so that commands reach it; False when it was stopped before.

        Waits for one or the other. Raises when the worker cannot go on.
        """
        return await self._unless_it_ends(self._assigned.wait())

    async def _unless_it_ends(self, wanted: Coroutine[Any, Any, Any]) -> bool:
        waiting = asyncio.create_task(wanted)
        try:
            await asyncio.wait([waiting, *([self._task] if self._task else [])], return_when=asyncio.FIRST_COMPLETED)
            if waiting.done():
                return True
            if self._task is not None:
                self._task.result()
            return False
        finally:
            waiting.cancel()

    async def stop(self) -> None:
        """Takes nothing more, finishes what is in flight, commits, and leaves the group."""
        self._stopping = True
        task = self._task
        if task is None:
            return
        if self._apart is not None:
            self._apart.long.close()
        if self._idle:
            task.cancel()
        done, _ = await asyncio.wait([task], timeout=self._grace_s)
        if not done:
            log.warning("What is in flight did not finish within %g s: it will be brought again.", self._grace_s)
            task.cancel()
            await asyncio.wait([task], timeout=self._grace_s)
        self._task = None
        if task.done() and not task.cancelled() and (failed := task.exception()) is not None:
            raise failed

    @contextlib.contextmanager
    def _interruptible(self) -> Generator[None]:
        """Around waits that a stop may cut short."""
        if self._stopping:
            raise asyncio.CancelledError
        self._idle = True
        try:
            yield
        finally:
            self._idle = False

    async def _work(self) -> None:
        try:
            with self._interruptible():
                await self._sender.start()
            while not self._stopping:
                try:
                    await self._consume()
                except Exception as error:
                    log.error(
                        "The consumer of %s broke and is replaced: %r",
                        self._topic,
                        error,
                        exc_info=None if isinstance(error, KafkaError | OSError | TimeoutError) else error,
                    )
                    with self._interruptible():
                        await asyncio.sleep(PAUSE_S)
        except asyncio.CancelledError:
            if not self._stopping:
                raise
        finally:
            try:
                if self._apart is not None:
                    await self._apart.long.closed(self._grace_s)
            finally:
                await self._sender.stop()

    async def _reply(self, message: CommandMessage, answer: Answer, traceparent: str | None) -> None:
        """Of what is answered beside the rounds."""
        await self._sender.send([self._records.reply(message, answer, traceparent, now_ms())])

    async def _consume(self) -> None:
        """One consumer's life."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._kafka,
            group_id=self._group,
            group_instance_id=self._instance,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            max_poll_interval_ms=NEVER_MS,
            session_timeout_ms=self._session_timeout_ms,
            heartbeat_interval_ms=self._session_timeout_ms // 4,
            max_partition_fetch_bytes=MAX_FETCH_BYTES,
            metadata_max_age_ms=METADATA_MS,
        )
        unhurried(consumer)
        offsets = Offsets(consumer)
        committing = asyncio.create_task(offsets.keep_committing())
        try:
            with self._interruptible():
                async with asyncio.timeout(CONSUMER_LIMIT_S):
                    await consumer.start()
            await self._wait_for_topics(consumer)
            rebalances = Rebalances(consumer, offsets, self._assigned, named=self._instance is not None)
            consumer.subscribe([self._topic], listener=rebalances)
            await self._pump(consumer, offsets)
        finally:
            try:
                await self._finish(offsets, committing)
            finally:
                await self._leave(consumer)

    async def _leave(self, consumer: AIOKafkaConsumer) -> None:
        try:
            async with asyncio.timeout(CONSUMER_LIMIT_S):
                await consumer.stop()
        except (KafkaError, OSError, TimeoutError) as error:
            log.warning("The consumer of %s did not stop by itself: %r", self._topic, error)

    async def _wait_for_topics(self, consumer: AIOKafkaConsumer) -> None:
        wanted = {self._topic, self._topics.replies, self._topics.dead_letters}
        clock = asyncio.get_running_loop().time
        logged = clock() - TOPICS_LOG_S
        while True:
            with self._interruptible():
                missing = wanted - set(await consumer.topics())
            if not missing:
                return
            if clock() - logged >= TOPICS_LOG_S:
                logged = clock()
                log.warning("Waiting for the topics %s: a coordinator makes them.", ", ".join(sorted(missing)))
            with self._interruptible():
                await asyncio.sleep(TOPICS_POLL_S)

    async def _pump(self, consumer: AIOKafkaConsumer, offsets: Offsets) -> None:
        read = self._arrivals.read
        fetching = Fetching(consumer, offsets, replies_soon=self._replies_soon)
        try:
            while not self._stopping:
                with self._interruptible():
                    fetched = await fetching.some()
                if offsets.stuck:
                    raise TimeoutError("No offsets could be committed for too long.")
                if fetched.records:
                    arrived = [(record, read(record.headers, record.value)) for record in fetched.records]
                    await self._round(arrived, offsets, fetched.term)
                if fetched.alone:
                    await reply_leaves()
        finally:
            fetching.close()

    async def _round(self, arrived: Sequence[Arrived], offsets: Offsets, term: int) -> None:
        """Answers all of them, in one go or, when that takes long, in several."""
        start = 0
        while start < len(arrived):
            calls = [item for _, item in arrived[start:] if isinstance(item, Call)]
            answered = await self._executor.handle(calls) if calls else []
            outgoing, done = self._outgoing(arrived[start:], answered)
            through = {TopicPartition(r.topic, r.partition): r.offset + 1 for r, _ in arrived[start : start + done]}
            start += done
            await self._hand_over(outgoing, through, offsets, term)

    def _outgoing(self, arrived: Sequence[Arrived], answered: Sequence[Answered | None]) -> tuple[list[Outgoing], int]:
        """What is to be sent, and how many of the records are done by it: all up to the first without an answer."""
        records, now, answers, left = self._records, now_ms(), iter(answered), len(answered)
        outgoing: list[Outgoing] = []
        for done, (record, item) in enumerate(arrived):
            if isinstance(item, Call):
                if left == 0:
                    return outgoing, done
                left -= 1
                if (answer := next(answers)) is not None:
                    outgoing.append(records.reply(item.message, answer.answer, answer.traceparent, now))
            else:
                log.warning("Set aside %s/%d/%d: %s", record.topic, record.partition, record.offset, item.reason)
                outgoing.append(records.dead_letter(record, item.reason))
                if item.message is not None and item.answer is not None:
                    outgoing.append(records.reply(item.message, item.answer, item.message.traceparent, now))
        return outgoing, len(arrived)

    async def _hand_over(
        self, outgoing: Sequence[Outgoing], through: Mapping[TopicPartition, int], offsets: Offsets, term: int
    ) -> None:
        """Has them sent while the next round goes on. Offsets are done in the order of the rounds."""
        unfinished = self._unfinished
        if len(unfinished) >= MAX_UNFINISHED:
            await asyncio.wait([unfinished[0]])
        while unfinished and unfinished[0].done():
            unfinished.popleft().result()
        before = unfinished[-1] if unfinished else None

        async def finish() -> None:
            await self._sender.send(outgoing)
            failpoint("reply_acknowledged")
            if before is not None:
                await before
            offsets.done(through, term)

        unfinished.append(asyncio.create_task(finish()))

    async def _finish(self, offsets: Offsets, committing: "asyncio.Task[None]") -> None:
        """Waits for what was handed over, and commits it."""
        unfinished = list(self._unfinished)
        self._unfinished.clear()
        try:
            if unfinished:
                await asyncio.wait(unfinished)
        finally:
            for task in [*unfinished, committing]:
                task.cancel()
            await asyncio.gather(*unfinished, committing, return_exceptions=True)
        await offsets.commit()
