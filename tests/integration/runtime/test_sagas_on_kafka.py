"""Sagas whose commands and replies go through a real Kafka."""

import asyncio
import time

from aiokafka import AIOKafkaConsumer, TopicPartition

from contracts.answers import Refusal, Success
from contracts.command_message import CommandMessage
from contracts.failures import Problem
from contracts.reply_message import ReplyMessage
from contracts.values import NULL
from coordinator.engine.status import Status
from coordinator.runtime.ports import SagaPage
from coordinator.runtime.shards import partition_of
from tests.fakes.memory_store import MemoryStore
from tests.integration.runtime.conftest import Kafka, OnKafka
from tests.unit.runtime.sagas import DONE, start
from tests.unit.runtime.until import until_soon


async def finish(on: OnKafka, saga_id: str, definition: str = "buy", value: object = "book") -> Status:
    """Starts the saga and waits for its end."""
    ending = asyncio.create_task(on.coordinator.watchers.ended(saga_id, 60))
    await asyncio.sleep(0)
    await on.coordinator.intake.submit(saga_id, start(definition, value))
    decision = await ending
    assert decision is not None
    return decision.status


async def completed(store: MemoryStore, count: int) -> None:
    """Waits until so many sagas have completed, whoever completed them."""

    async def look() -> None:
        while len(await store.sagas(SagaPage(status="completed", limit=count))) < count:  # noqa: ASYNC110
            await asyncio.sleep(0)

    looking = asyncio.create_task(look())
    await until_soon(looking.done, 60)


async def committed(kafka: Kafka, group: str) -> dict[int, int]:
    """The group's offsets of the replies topic by partition."""
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka.bootstrap, group_id=group, enable_auto_commit=False)
    await consumer.start()
    try:
        parts = [TopicPartition(kafka.topics.replies, number) for number in range(kafka.settings.partitions)]
        return {part.partition: offset for part in parts if (offset := await consumer.committed(part)) is not None}
    finally:
        await consumer.stop()


async def dead_letters(kafka: Kafka, count: int) -> list[dict[str, str]]:
    """Headers of the first dead letters."""
    consumer = AIOKafkaConsumer(
        kafka.topics.dead_letters, bootstrap_servers=kafka.bootstrap, auto_offset_reset="earliest"
    )
    await consumer.start()
    found: list[dict[str, str]] = []
    try:
        async with asyncio.timeout(30):
            while len(found) < count:
                record = await consumer.getone()
                found.append({name: value.decode(errors="replace") for name, value in record.headers})
    finally:
        await consumer.stop()
    return found


async def test_a_hundred_sagas_go_through(kafka: Kafka) -> None:
    """Each command is sent once, with its saga's id as the key, to the partition that its reply is asked for in."""
    shop = await kafka.shop()
    on = await kafka.coordinator()
    statuses = await asyncio.gather(*(finish(on, f"buy:{number}") for number in range(100)))
    assert set(statuses) == {Status.COMPLETED}
    assert len(shop.got) == 200
    for command, record in shop.got:
        assert record.key == command.saga_id.encode()
        follows = partition_of(command.saga_id, kafka.settings.partitions)
        assert record.partition == (follows if command.reply_partition is None else command.reply_partition)


async def test_a_refused_saga_is_undone(kafka: Kafka) -> None:
    """The undo carries the forward command's id with its suffix."""
    refusal = Refusal(Problem("sold_out"))

    def answer(command: CommandMessage) -> Success | Refusal:
        if command.direction == "undo":
            return Success(NULL)
        return refusal if command.command_id.endswith(":2") else DONE

    shop = await kafka.shop(answer)
    on = await kafka.coordinator()
    assert await finish(on, "buy:1") is Status.COMPENSATED
    assert [command.command_id for command, _ in shop.got] == ["buy:1:1", "buy:1:2", "buy:1:1:undo"]


async def test_offsets_are_committed_once_handled(kafka: Kafka) -> None:
    """After a stop the group has all replies behind it, and the next coordinator reads none of them again."""
    await kafka.shop()
    on = await kafka.coordinator()
    await asyncio.gather(*(finish(on, f"buy:{number}") for number in range(20)))
    await on.coordinator.stop()
    assert sum((await committed(kafka, on.broker.group)).values()) == 40
    again = await kafka.coordinator(on.store)
    assert await finish(again, "buy:new") is Status.COMPLETED
    assert again.observer.reasons == []


async def test_offsets_are_not_committed_before_the_log_has_the_reply(kafka: Kafka) -> None:
    """With Postgres away, replies stay uncommitted and are read again by the next coordinator."""
    shop = await kafka.shop(lambda command: None)
    on = await kafka.coordinator(stop_s=0.2)
    await on.coordinator.intake.submit("buy:1", start("buy", "book"))
    await shop.until_got(1)
    on.store.unavailable = True
    await shop.answer(shop.got[0][0], DONE)
    await until_soon(lambda: on.observer.outages > 0)
    await on.coordinator.stop()
    assert set((await committed(kafka, on.broker.group)).values()) <= {0}
    on.store.unavailable = False
    await kafka.coordinator(on.store)
    # The sweep may send the first command once more: its row could not be deleted while Postgres was away.
    await until_soon(lambda: "buy:1:2" in [command.command_id for command, _ in shop.got])


async def test_poison_is_set_aside_and_the_partition_moves_on(kafka: Kafka) -> None:
    """Whatever is in the topic, it is kept with the reason, and good replies behind it are handled (M6)."""
    shop = await kafka.shop(lambda command: None)
    on = await kafka.coordinator()
    ending = asyncio.create_task(finish(on, "buy:1"))
    good = ReplyMessage("r", "buy:1", "buy:1:1", 1, DONE, "/amends/participants/shop", 0).headers()
    key = b"buy:1"
    poison: list[tuple[list[tuple[str, bytes]], bytes | None]] = [
        ([], b"1"),
        (good, b"{"),
        (good, b"\xff\xfe"),
        (good, b'"\\u0000"'),
        (good, b"[" * 100_000 + b"]" * 100_000),
        (good, b"NaN"),
        (good, b'"' + b"x" * 700_000 + b'"'),
        ([*good, ("ce_type", b"amends.reply.shrugged")], b"null"),
        ([*good, ("ce_attempt", b"-1")], b"null"),
    ]
    for headers, value in poison:
        await shop.send(kafka.topics.replies, key, headers, value)
    for number in (1, 2):
        await shop.until_got(number)
        await shop.answer(shop.got[number - 1][0], DONE)
    assert await ending is Status.COMPLETED
    found = await dead_letters(kafka, len(poison))
    assert all(each["amends-reason"] for each in found)
    assert {each["amends-topic"] for each in found} == {kafka.topics.replies}


async def test_a_reply_to_nothing_is_set_aside(kafka: Kafka) -> None:
    """Counted, kept with the reason, and no saga changes (M5)."""
    shop = await kafka.shop()
    on = await kafka.coordinator()
    assert await finish(on, "buy:1") is Status.COMPLETED
    late = shop.got[0][0]
    await shop.answer(late, DONE)
    reply = ReplyMessage("r", "buy:ghost", "buy:ghost:1", 1, DONE, "/amends/participants/shop", 0)
    await shop.send(kafka.topics.replies, b"buy:ghost", reply.headers(), reply.value)
    found = await dead_letters(kafka, 2)
    assert {each["ce_subject"] for each in found} == {"buy:1", "buy:ghost"}
    assert len(on.observer.reasons) == 2
    assert len(await on.store.history("buy:1")) == 3


async def test_a_reply_in_another_partition_is_found(kafka: Kafka) -> None:
    """A participant with a partitioner of its own takes part (F6)."""
    shop = await kafka.shop(lambda command: None)
    on = await kafka.coordinator()
    other = await kafka.coordinator(on.store)
    await until_soon(lambda: len(on.coordinator.ownership.partitions) == 2)
    await on.coordinator.intake.submit("buy:1", start("buy", "book"))
    for number in (1, 2):
        await shop.until_got(number)
        command = shop.got[number - 1][0]
        reply = ReplyMessage("r", "buy:1", command.command_id, 1, DONE, "/amends/participants/shop", 0)
        for key in ("a", "b", "c", "d", "e", "f"):
            await shop.send(command.reply_to, key.encode(), reply.headers(), reply.value)
    await completed(on.store, 1)
    assert [row.seq for row in await other.store.history("buy:1")] == [1, 2, 3]


async def test_partitions_are_paused_while_too_much_waits(kafka: Kafka) -> None:
    """With Postgres away for a while, memory stays bounded, and all replies are handled afterwards."""
    shop = await kafka.shop(lambda command: None)
    on = await kafka.coordinator(facts_high=50, facts_low=10, facts_submitted=10_000)
    ids = [f"buy:{number}" for number in range(500)]
    await asyncio.gather(*(on.coordinator.intake.submit(each, start("buy", "book")) for each in ids))
    await shop.until_got(500)
    on.store.unavailable = True
    await asyncio.gather(*(shop.answer(command, DONE) for command, _ in shop.got[:500]))
    await until_soon(lambda: on.coordinator.intake.full)
    assert on.coordinator.intake.size <= 50 + kafka.settings.poll_records
    on.store.unavailable = False
    await shop.until_got(1_000)


async def test_one_at_a_time_is_quick(kafka: Kafka) -> None:
    """Nothing on the way waits for a batch to fill or polls: two steps through Kafka take some ten milliseconds."""
    await kafka.shop()
    on = await kafka.coordinator()
    await finish(on, "buy:0")
    took: list[float] = []
    for number in range(1, 21):
        began = time.perf_counter()
        await finish(on, f"buy:{number}")
        took.append(time.perf_counter() - began)
    assert sorted(took)[10] < 0.1
