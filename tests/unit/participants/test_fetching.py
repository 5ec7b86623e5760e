"""What is taken from a consumer at once, and of which term it is."""

import asyncio
from typing import Any, NamedTuple, cast

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

import participants.sdk.fetching
from participants.sdk.fetching import MAX_RECORDS, Fetching
from participants.sdk.offsets import Offsets

TOPIC = "commands"


class Record(NamedTuple):
    """As much of one as matters here."""

    topic: str
    partition: int
    offset: int


class FetchingConsumer:
    """Has fetched some records of each partition, of which Kafka had so many more."""

    def __init__(self, *fetched: int, beyond: int = 0) -> None:
        self.left = {
            TopicPartition(TOPIC, partition): [Record(TOPIC, partition, offset) for offset in range(count)]
            for partition, count in enumerate(fetched)
        }
        self.ends = {partition: len(records) + beyond for partition, records in self.left.items()}
        self.asked: list[int] = []
        self.offsets = Offsets(cast("AIOKafkaConsumer", self))
        self.sought: asyncio.Queue[tuple[TopicPartition, int]] = asyncio.Queue()
        self.divides_before = -1
        """Before that call the partitions are divided anew."""

    def seek(self, partition: TopicPartition, offset: int) -> None:
        self.sought.put_nowait((partition, offset))

    def highwater(self, partition: TopicPartition) -> int:
        return self.ends[partition]

    async def getmany(self, timeout_ms: int, max_records: int) -> dict[TopicPartition, list[Record]]:
        if len(self.asked) == self.divides_before:
            self.offsets.begin_term()
        self.asked.append(max_records)
        taken: dict[TopicPartition, list[Record]] = {}
        for partition, records in self.left.items():
            if max_records and (some := records[:max_records]):
                taken[partition], records[:] = some, records[max_records:]
                max_records -= len(some)
        return taken


def places(fetched: Any) -> list[tuple[int, int]]:
    return [(record.partition, record.offset) for record in fetched.records]


def fetching(consumer: FetchingConsumer, *, replies_soon: bool = True) -> Fetching:
    return Fetching(cast("AIOKafkaConsumer", consumer), consumer.offsets, replies_soon=replies_soon)


async def test_a_lone_record_is_taken_by_itself() -> None:
    """Only another call finds that nothing is behind it, and asks for more."""
    consumer = FetchingConsumer(0, 1)
    fetched = await fetching(consumer).some()
    assert (places(fetched), fetched.alone, consumer.asked) == ([(1, 0)], True, [1])


async def test_what_has_come_together_is_taken_together() -> None:
    """Each partition's records in their order, and no more than usual."""
    consumer = FetchingConsumer(3, 2)
    fetched = await fetching(consumer).some()
    assert (places(fetched), fetched.alone) == ([(0, 0), (0, 1), (0, 2), (1, 0), (1, 1)], False)
    assert sum(consumer.asked) == MAX_RECORDS


async def test_a_record_with_more_behind_it_is_not_alone() -> None:
    """Kafka has more of the partition, though it has not sent it yet: it is asked for at once."""
    consumer = FetchingConsumer(1, beyond=5)
    fetched = await fetching(consumer).some()
    assert (places(fetched), fetched.alone) == ([(0, 0)], False)
    assert len(consumer.asked) == 2


async def test_records_are_of_the_term_of_the_first() -> None:
    """Whoever took those of a later one for done would pass over what the earlier one left."""
    consumer = FetchingConsumer(2)
    consumer.divides_before = 1
    fetched = await fetching(consumer).some()
    assert (fetched.term, consumer.offsets.term) == (0, 1)


async def test_all_is_taken_at_once_where_replies_take_longer() -> None:
    """More is asked for while the handlers wait for their database."""
    consumer = FetchingConsumer(1)
    fetched = await fetching(consumer, replies_soon=False).some()
    assert (places(fetched), fetched.alone, consumer.asked) == ([(0, 0)], False, [MAX_RECORDS])


async def test_nothing_has_come() -> None:
    """The caller looks at other things and comes again."""
    fetched = await fetching(FetchingConsumer(0)).some()
    assert (fetched.records, fetched.alone) == ([], False)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is not done at once takes long."""
    monkeypatch.setattr(participants.sdk.fetching, "PATIENCE_S", 0.0)


async def timers_have_run() -> None:
    """All that were due by now."""
    done = asyncio.Event()
    asyncio.get_running_loop().call_later(0.001, done.set)
    await done.wait()


@pytest.mark.usefixtures("impatient")
async def test_more_is_asked_for_when_the_reply_to_a_lone_record_takes_long() -> None:
    """From where the consumer is: nothing is taken twice, and nothing passed over."""
    consumer = FetchingConsumer(1)
    await fetching(consumer).some()
    assert await consumer.sought.get() == (TopicPartition(TOPIC, 0), 1)


@pytest.mark.usefixtures("impatient")
async def test_nothing_is_asked_for_in_a_later_term() -> None:
    """The partition may have come again, to be read from before that record: what was not answered would be passed
    over."""
    consumer = FetchingConsumer(1)
    await fetching(consumer).some()
    consumer.offsets.begin_term()
    await timers_have_run()
    assert consumer.sought.empty()


@pytest.mark.usefixtures("impatient")
async def test_nothing_is_asked_for_once_more_was_taken() -> None:
    """By then the consumer may be further on."""
    consumer = FetchingConsumer(1)
    some = fetching(consumer)
    await some.some()
    await some.some()
    await timers_have_run()
    assert consumer.sought.empty()
