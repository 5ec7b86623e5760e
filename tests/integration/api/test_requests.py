"""Sagas started and cancelled by records, on real servers."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from contracts.headers import Headers
from contracts.request_message import CancelSaga, Request, RequestMessage, StartSaga
from contracts.topics import Topics
from contracts.values import write_value
from coordinator.cli.processes import Part
from coordinator.config import Settings
from tests.contracts.wire import Wire
from tests.integration.api.test_serve import TRIP, start

SAGA = "book_trip:t1"
BOOK = StartSaga("book_trip", write_value(TRIP["input"]))


class Asking:
    """A service that asks by records, and looks what became of it."""

    def __init__(self, bootstrap: str, topics: Topics) -> None:
        self.topics = topics
        self.wire = Wire(topics)
        self._bootstrap = bootstrap
        self._producer = AIOKafkaProducer(bootstrap_servers=bootstrap, metadata_max_age_ms=1_000)
        self._count = 0

    async def connect(self) -> None:
        await self._producer.start()

    async def close(self) -> None:
        await self._producer.stop()

    async def ask(self, request: Request, saga_id: str = SAGA) -> None:
        """Sends the request, with an id of its own."""
        message = RequestMessage(f"r-{self._count}", "/tests", request, saga_id, time_ms=1_700_000_000_000)
        key, headers, value = message.record()
        self.wire.check(self.topics.requests, headers, value, key)
        await self.send(headers, value, key)

    async def send(self, headers: Headers, value: bytes, key: bytes | None = SAGA.encode()) -> None:
        """Any record."""
        self._count += 1
        await self._producer.send_and_wait(self.topics.requests, value, key, headers=headers)

    async def dead_letters(self, count: int) -> list[dict[str, str]]:
        """The headers of the first of them."""
        consumer = self._consumer(self.topics.dead_letters)
        await consumer.start()
        found: list[dict[str, str]] = []
        try:
            async with asyncio.timeout(30):
                while len(found) < count:
                    record = await consumer.getone()
                    self.wire.check(record.topic, record.headers, record.value)
                    found.append({name: value.decode() for name, value in record.headers})
        finally:
            await consumer.stop()
        return found

    async def handled(self) -> int:
        """How many requests the coordinators are through with."""
        consumer = self._consumer(group_id=f"{self.topics.prefix}.requests", enable_auto_commit=False)
        await consumer.start()
        try:
            count: int = Settings.model_fields["topic_partitions"].default
            parts = [TopicPartition(self.topics.requests, number) for number in range(count)]
            return sum([await consumer.committed(part) or 0 for part in parts])
        finally:
            await consumer.stop()

    def _consumer(self, *topics: str, **settings: Any) -> AIOKafkaConsumer:
        return AIOKafkaConsumer(*topics, bootstrap_servers=self._bootstrap, auto_offset_reset="earliest", **settings)


@pytest.fixture
async def client(coordinator: Part) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a coordinator that runs."""
    async with await start(coordinator) as client:
        yield client


@pytest.fixture
async def asking(client: httpx.AsyncClient, bootstrap: str, topic_prefix: str) -> AsyncIterator[Asking]:
    """A service, once the coordinator runs and the topics are there."""
    asking = Asking(bootstrap, Topics(topic_prefix))
    await asking.connect()
    yield asking
    await asking.close()


async def status_of(client: httpx.AsyncClient, *wanted: str) -> str:
    """The saga's status, once it is one of these."""
    async with asyncio.timeout(30):
        while True:
            answer = await client.get(f"/v1/sagas/{SAGA}")
            if answer.status_code == 200 and (status := answer.json()["status"]) in wanted:
                return status


async def history(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    rows = (await client.get(f"/v1/sagas/{SAGA}/history")).json()["rows"]
    return [event for row in rows for event in row["events"]]


async def test_a_saga_is_started_and_cancelled(client: httpx.AsyncClient, asking: Asking, coordinator: Part) -> None:
    """As over HTTP: the same start again is the same saga, and so is the one that a client asks for."""
    await asking.ask(BOOK)
    assert await status_of(client, "running") == "running"
    await asking.ask(BOOK)
    assert (await client.post("/v1/sagas", json=TRIP)).status_code == 202
    await asking.ask(CancelSaga("The traveller is ill."))
    await status_of(client, "compensating", "compensated")
    events = await history(client)
    assert [event["type"] for event in events].count("saga_started") == 1
    assert [event["cause"]["message"] for event in events if event["type"] == "cancel_requested"] == [
        "The traveller is ill."
    ]
    await coordinator.stop()
    assert await asking.handled() == 3


async def test_what_comes_to_nothing_is_set_aside(client: httpx.AsyncClient, asking: Asking) -> None:
    """With the reason, each; and what is good behind it is handled."""
    other = StartSaga("book_trip", write_value({**TRIP["input"], "card": "another"}))
    headers = RequestMessage("r", "/tests", BOOK).headers()
    await asking.ask(CancelSaga())
    await asking.send(headers, b"{")
    await asking.send([], b"{}")
    await asking.ask(StartSaga("book_trp", write_value(TRIP["input"])))
    await asking.ask(StartSaga("book_trip", write_value({"trip_id": 7})))
    await asking.ask(BOOK)
    await asking.ask(other)
    found = await asking.dead_letters(6)
    reasons = [each["amends-reason"] for each in found]
    assert sorted(each["amends-offset"] for each in found) == ["0", "1", "2", "3", "4", "6"]
    assert {each["amends-topic"] for each in found} == {asking.topics.requests}
    for words in (
        "there is no such saga",
        "Not JSON",
        "The header ce_id is missing.",
        "did you mean book_trip?",
        "got `int` - at `$.trip_id`",
        "exists already, with another input",
    ):
        assert len([reason for reason in reasons if words in reason]) == 1, words
    assert await status_of(client, "running") == "running"
