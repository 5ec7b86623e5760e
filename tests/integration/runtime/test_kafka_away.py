"""Kafka restarted, topics deleted, members that come, go and freeze: nothing is lost."""

import asyncio
import time
from dataclasses import replace

import pytest
from aiokafka.admin import AIOKafkaAdminClient

import coordinator.kafka.topics
from contracts.request_message import RequestMessage, StartSaga
from contracts.values import write_value
from coordinator.embedded.kafka import EmbeddedKafka
from coordinator.engine.facts import Accepted
from coordinator.engine.status import Status
from tests.integration.runtime.conftest import Kafka, OnKafka
from tests.integration.runtime.shop import Shop
from tests.integration.runtime.test_sagas_on_kafka import completed, finish
from tests.unit.runtime.sagas import start
from tests.unit.runtime.until import until_soon


async def test_kafka_is_restarted(kafka: Kafka, embedded_kafka: EmbeddedKafka) -> None:
    """Sagas begun while it is away are committed, and go on once it is back; readiness tells meanwhile."""
    await kafka.shop()
    on = await kafka.coordinator()
    assert await finish(on, "buy:0") is Status.COMPLETED
    await embedded_kafka.stop()
    ids = [f"buy:{number}" for number in range(1, 21)]
    verdicts = await asyncio.gather(*(on.coordinator.intake.submit(each, start("buy", "book")) for each in ids))
    assert set(verdicts) == {Accepted()}
    await until_soon(lambda: not on.coordinator.ready.ready)
    await embedded_kafka.start()
    await completed(on.store, 21)
    await until_soon(lambda: on.coordinator.ready.ready)
    assert await on.store.leftovers(2**60, 2**60, 10) == []


@pytest.mark.parametrize("ours", [True, False])
async def test_clocks_of_machines_are_a_day_ahead(kafka: Kafka, monkeypatch: pytest.MonkeyPatch, ours: bool) -> None:
    """Commands and replies are taken all the same, by topics of ours and by those that somebody else has made."""
    if not ours:
        monkeypatch.setattr(coordinator.kafka.topics, "BROKERS_TIME", {})
    await kafka.shop()
    on = await kafka.coordinator()
    real_s, real_ns = time.time, time.time_ns
    monkeypatch.setattr(time, "time", lambda: real_s() + 24 * 3_600)
    monkeypatch.setattr(time, "time_ns", lambda: real_ns() + 24 * 3_600 * 10**9)
    async with asyncio.timeout(20):
        assert await finish(on, "buy:0") is Status.COMPLETED


@pytest.mark.parametrize("instance", [None, "one"])
async def test_topics_are_deleted(kafka: Kafka, instance: str | None) -> None:
    """They are made again, clients connect anew, and new sagas go through, quickly (K3)."""
    kafka.settings = replace(kafka.settings, instance=instance)
    await kafka.shop()
    on = await kafka.coordinator()
    assert await finish(on, "buy:0") is Status.COMPLETED
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    try:
        await admin.delete_topics([kafka.topics.replies, kafka.topics.commands("shop")])
    finally:
        await admin.close()
    assert await finish(on, "buy:1") is Status.COMPLETED


@pytest.mark.parametrize("instance", [None, "one"])
async def test_the_requests_topic_is_deleted(kafka: Kafka, instance: str | None) -> None:
    """It is made again, and requests are read from its beginning (K3)."""
    kafka.settings = replace(kafka.settings, instance=instance)
    shop = await kafka.shop()
    on = await kafka.coordinator()
    await ask(kafka, shop, "0", "1", "2")
    await completed(on.store, 3)
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    try:
        await admin.delete_topics([kafka.topics.requests])
    finally:
        await admin.close()
    await ask(kafka, shop, "3", "4", "5")
    await completed(on.store, 6)


async def ask(kafka: Kafka, shop: Shop, *keys: str) -> None:
    """Starts these sagas by records."""
    for key in keys:
        request = StartSaga("buy", write_value("book"), key)
        record = RequestMessage(f"r-{key}", "/tests", request).record()
        await shop.send(kafka.topics.requests, record.key, record.headers, record.value)


async def test_the_cluster_is_replaced(kafka: Kafka, embedded_kafka: EmbeddedKafka) -> None:
    """What was on its way is gone with the old one, and confirmed: it is sent again at its timeout (K3)."""
    shop = await kafka.shop(lambda command: None)
    on = await kafka.coordinator()
    await on.coordinator.intake.submit("inquire:1", start("inquire", "book"))
    await shop.until_got(1)
    await shop.stop()
    await embedded_kafka.stop()
    await embedded_kafka.wipe()
    await embedded_kafka.start()
    await kafka.shop()
    await completed(on.store, 1)


async def test_members_come_and_go(kafka: Kafka) -> None:
    """Work goes on through rebalance after rebalance, and every command is handled (F4, F5)."""
    await kafka.shop()
    on = await kafka.coordinator()
    sagas = asyncio.gather(*(finish_slowly(on, number) for number in range(60)))
    for _ in range(3):
        other = await kafka.coordinator(on.store)
        await until_soon(lambda: len(on.coordinator.ownership.partitions) == 2)
        await other.coordinator.stop()
        await until_soon(lambda: len(on.coordinator.ownership.partitions) == 4)
    await sagas
    await completed(on.store, 60)


async def finish_slowly(on: OnKafka, number: int) -> None:
    """Started one after another."""
    loop = asyncio.get_running_loop()
    later = loop.create_future()
    loop.call_later(number * 0.02, later.set_result, None)
    await later
    await on.coordinator.intake.submit(f"buy:{number}", start("buy", "book"))


async def test_the_event_loop_was_blocked(kafka: Kafka) -> None:
    """Past its session timeout a coordinator has lost its partitions; it joins again and consumes (F3)."""
    await kafka.shop()
    on = await kafka.coordinator()
    assert await finish(on, "buy:0") is Status.COMPLETED
    until = time.monotonic() + kafka.settings.session_timeout_ms / 1e3 + 1.5
    while time.monotonic() < until:
        pass
    await on.coordinator.intake.submit("buy:1", start("buy", "book"))
    await completed(on.store, 2)
