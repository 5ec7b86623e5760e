"""A worker on a real Kafka and a real Postgres."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from aiokafka.client import AIOKafkaClient
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.answers import Failure, Success
from contracts.command_message import CommandMessage
from participants.sdk import Worker
from tests.integration.participants.coordinator_side import PARTITIONS, CoordinatorSide, coordinator_side
from tests.unit.participants.shop import Calls, effect, forward, participant_of_shop, said, undo
from tests.unit.participants.test_without_barrier import plain


@pytest.fixture
async def side(bootstrap: str, topic_prefix: str) -> AsyncIterator[CoordinatorSide]:
    """The coordinator's side, with its topics made."""
    async with coordinator_side(bootstrap, topic_prefix, "shop") as side:
        await side.make_topics()
        yield side


def worker_of(side: CoordinatorSide, engine: AsyncEngine, calls: Calls | None = None, **other: Any) -> Worker:
    """A worker of the shop."""
    return Worker(
        participant_of_shop(calls),
        kafka=side.bootstrap,
        topics=side.topics,
        database=engine,
        session_timeout_ms=other.pop("session_timeout_ms", 2_000),
        **other,
    )


def to(side: CoordinatorSide, *messages: CommandMessage) -> list[CommandMessage]:
    """The messages, to be answered to the test's own topic."""
    return [msgspec.structs.replace(message, reply_to=side.topics.replies) for message in messages]


def many(side: CoordinatorSide, count: int) -> list[CommandMessage]:
    """Commands of many sagas, so of all partitions."""
    return [
        msgspec.structs.replace(
            forward(1), command_id=f"order:{n}:1", saga_id=f"order:{n}", reply_to=side.topics.replies
        )
        for n in range(count)
    ]


async def effects(engine: AsyncEngine) -> tuple[int, int]:
    """How many effects there are, and of how many commands."""
    async with engine.connect() as connection:
        found = await connection.execute(select(func.count(), func.count(effect.c.command_id.distinct())))
        total, different = found.one()
        return total, different


async def test_a_command_is_answered(side: CoordinatorSide, engine: AsyncEngine) -> None:
    """The reply names the command, its attempt and its saga, and hands the trace on."""
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    async with worker_of(side, engine):
        await side.send(*to(side, forward(1, attempt=3, traceparent=trace)))
        (reply,) = await side.replies(1)
    assert (reply.command_id, reply.attempt, reply.saga_id) == ("order:7:1", 3, "order:7")
    assert reply.answer == Success(msgspec.Raw(b'{"number":"order:7:1"}'))
    assert (reply.source, reply.traceparent) == ("/amends/participants/shop", trace)


async def test_duplicates_are_all_answered_and_done_once(side: CoordinatorSide, engine: AsyncEngine) -> None:
    """The coordinator may have missed any of the replies; each reply has an id of its own."""
    async with worker_of(side, engine):
        await side.send(*to(side, forward(1), forward(1, attempt=2), undo(1), forward(1), undo(1)))
        replies = await side.replies(5)
    assert [said(reply.answer)[:9] for reply in replies] == ["succeeded"] * 5  # type: ignore[arg-type]
    assert len({reply.reply_id for reply in replies}) == 5
    assert await effects(engine) == (2, 1)


async def test_offsets_are_committed_when_the_worker_stops(side: CoordinatorSide, engine: AsyncEngine) -> None:
    """Everything that was taken was answered, and everything answered is committed."""
    async with worker_of(side, engine):
        await side.send(*many(side, 300))
        await side.replies(1)
    uncommitted = await side.uncommitted()
    answered = (await effects(engine))[0]
    assert answered + uncommitted == 300


async def test_what_a_stopped_worker_left_is_done_by_the_next(side: CoordinatorSide, engine: AsyncEngine) -> None:
    """Each command once, though the first worker was stopped in the middle."""
    commands = many(side, 600)
    async with worker_of(side, engine):
        await side.send(*commands)
        await side.replies(1)
    async with worker_of(side, engine):
        while (await effects(engine))[1] < 600:
            await side.replies(1)
    assert await effects(engine) == (600, 600)


async def test_what_nobody_can_read_is_set_aside(side: CoordinatorSide, engine: AsyncEngine) -> None:
    """With its headers and the reason; what comes behind it in the partition is handled."""
    key = b"order:7"
    unreadable = [(name, b"\xff" if name == "ce_type" else value) for name, value in forward(2).headers()]
    async with worker_of(side, engine):
        await side.send_records([(key, b"{}", [*unreadable, ("x", b"\xff"), ("y", b"")]), (key, None, [])])
        await side.send(*to(side, forward(1)))
        (reply,) = await side.replies(1)
        letters = await side.dead_letters(2)
    assert reply.command_id == "order:7:1"
    headers = dict(letters[0].headers)
    assert (headers["x"], headers["amends-topic"], letters[0].key) == (b"\xff", side.commands.encode(), key)
    assert b"UTF-8" in (headers["amends-reason"] or b"")
    assert headers["amends-offset"] == b"0"
    assert b"ce_" in (dict(letters[1].headers)["amends-reason"] or b"")


async def test_an_unknown_command_is_set_aside_and_may_be_tried_again(
    side: CoordinatorSide, engine: AsyncEngine
) -> None:
    """A newer participant may be on its way."""
    async with worker_of(side, engine):
        await side.send(*to(side, forward(1, name="borrow")))
        (reply,) = await side.replies(1)
        (letter,) = await side.dead_letters(1)
    assert isinstance(reply.answer, Failure)
    assert (reply.answer.problem.type, reply.answer.problem.retryable) == ("unknown_command", True)
    assert b"shop.borrow" in (dict(letter.headers)["amends-reason"] or b"")


async def test_the_saga_is_told_when_arguments_cannot_be_read(side: CoordinatorSide, engine: AsyncEngine) -> None:
    """Once for a value that does not fit the contract, once for one that is not JSON."""
    message = forward(1)
    async with worker_of(side, engine):
        for n, value in enumerate((b'{"purchase": {"article": 5}}', b"{", b'{"purchase": NaN}')):
            await side.send(*to(side, msgspec.structs.replace(message, command_id=f"order:7:{n}", value=value)))
        replies = await side.replies(3)
    assert [said(reply.answer) for reply in replies] == ["failed unreadable_arguments for good"] * 3  # type: ignore[arg-type]


class Heard(logging.Handler):
    """Waits for a line in the log."""

    def __init__(self, words: str) -> None:
        super().__init__()
        self._words = words
        self.came = asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        """Called for every line."""
        if self._words in record.getMessage():
            self.came.set()


async def test_a_worker_waits_for_its_topics(bootstrap: str, topic_prefix: str, engine: AsyncEngine) -> None:
    """It may be started before the coordinator, which makes them."""
    heard = Heard("Waiting for the topics")
    logging.getLogger("participants.sdk.worker").addHandler(heard)
    async with coordinator_side(bootstrap, topic_prefix, "shop") as side, worker_of(side, engine) as worker:
        await heard.came.wait()
        logging.getLogger("participants.sdk.worker").removeHandler(heard)
        await side.make_topics()
        await worker.ready()
        await side.send(*to(side, forward(1)))
        await side.replies(1)


async def test_two_workers_share_the_work_and_one_may_leave(side: CoordinatorSide, engine: AsyncEngine) -> None:
    """Partitions move while commands are in flight; every command is answered, none is done twice."""
    commands = many(side, 1_500)
    async with worker_of(side, engine) as first:
        await first.ready()
        sending = asyncio.create_task(side.send(*commands[:1_000]))
        await side.replies(1)
        async with worker_of(side, engine) as second:
            await second.ready()
            await side.send(*commands[1_000:])
            await sending
        while (await effects(engine))[1] < 1_500:
            await side.replies(1)
    assert await effects(engine) == (1_500, 1_500)


async def test_a_handler_slower_than_the_session_timeout_keeps_its_partition(
    side: CoordinatorSide, engine: AsyncEngine
) -> None:
    """Heartbeats go on while it runs, so it is neither missed nor called twice."""
    calls = Calls()
    worker = worker_of(side, engine, calls, session_timeout_ms=1_000)
    async with worker:
        await side.send(*to(side, forward(1, "slow 2.5"), forward(2)))
        replies = await side.replies(2)
    assert [reply.command_id for reply in replies] == ["order:7:1", "order:7:2"]
    assert calls == ["order:7:1", "order:7:2"]


async def test_a_handler_that_never_returns_is_given_up(side: CoordinatorSide, engine: AsyncEngine) -> None:
    """The partition moves on, and the attempt has failed."""
    async with worker_of(side, engine, handler_limit_s=0.3):
        await side.send(*to(side, forward(1, "slow 60"), forward(2, "sleeps in the database"), forward(3)))
        replies = await side.replies(3)
    assert [said(reply.answer) for reply in replies] == [  # type: ignore[arg-type]
        "failed handler_timed_out",
        "failed handler_timed_out",
        'succeeded {"number":"order:7:3"}',
    ]
    assert await effects(engine) == (1, 1)


async def test_large_replies_are_sent_in_several_batches(side: CoordinatorSide, engine: AsyncEngine) -> None:
    """Two of them do not fit into one."""
    article = "x" * 200_000
    async with worker_of(side, engine):
        await side.send(*to(side, *[forward(step, article, name="look") for step in range(1, 6)]))
        replies = await side.replies(5)
    assert {said(reply.answer) for reply in replies} == {f'succeeded "{article}"'}  # type: ignore[arg-type]


async def test_without_a_database(side: CoordinatorSide) -> None:
    """Rounds that were cut short, and what was set aside in between, keep their order and lose nothing."""
    seen: list[str] = []
    worker = Worker(plain(seen), kafka=side.bootstrap, database=None, topics=side.topics, session_timeout_ms=2_000)
    async with worker:
        await side.send(*to(side, forward(1, "a"), forward(2, "slow")))
        await side.send_records([(b"order:7", b"", [])])
        await side.send(*to(side, forward(3, "slow"), forward(4, "b")))
        replies = await side.replies(4)
        await side.dead_letters(1)
    assert [reply.command_id for reply in replies] == [f"order:7:{step}" for step in (1, 2, 3, 4)]
    assert await side.uncommitted() == 0


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Kind, topic and number of partitions of what this process asks Kafka for, in order."""
    asked: list[str] = []
    send = AIOKafkaClient.send

    async def noted(client: AIOKafkaClient, node: Any, request: Any, **more: Any) -> Any:
        kind = type(request).__name__
        if kind in ("FetchRequest", "ProduceRequest"):
            asked.extend(f"{kind} {topic} {len(parts)}" for topic, parts in vars(request)["_topics"])
        return await send(client, node, request, **more)

    monkeypatch.setattr(AIOKafkaClient, "send", noted)
    return asked


async def test_a_reply_to_a_lone_command_leaves_before_more_is_asked_for(
    side: CoordinatorSide, requests: list[str]
) -> None:
    """Asking takes as long as replying."""
    # The shop notes what it is asked to do among the requests.
    worker = Worker(plain(requests), kafka=side.bootstrap, database=None, topics=side.topics, session_timeout_ms=2_000)
    fetch, produce = f"FetchRequest {side.commands} {PARTITIONS}", f"ProduceRequest {side.topics.replies} 1"
    async with worker:
        for step, article in enumerate(("a", "b", "c"), 1):
            await side.send(*to(side, forward(step, article)))
            await side.replies(1)
    order = [request for request in requests if request in (fetch, produce, "a", "b", "c")]
    assert order[order.index("b") :][:6] == ["b", produce, fetch, "c", produce, fetch]


async def test_more_is_asked_for_while_a_lone_command_takes_long(side: CoordinatorSide, requests: list[str]) -> None:
    """Of all partitions: else what comes in that of the command waits until Kafka has answered for the others."""
    worker = Worker(plain(requests), kafka=side.bootstrap, database=None, topics=side.topics, session_timeout_ms=2_000)
    async with worker:
        for step, article in enumerate(("a", "slow"), 1):
            await side.send(*to(side, forward(step, article)))
            await side.replies(1)
    order = [request for request in requests if request.startswith(("slow", "FetchRequest " + side.commands, "Prod"))]
    behind = order[order.index("slow") :]
    assert behind[1] == f"FetchRequest {side.commands} {PARTITIONS}"
    assert behind[2].startswith("ProduceRequest")
