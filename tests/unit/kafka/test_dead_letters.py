"""What is set aside goes out as the protocol says, and is handled once that is acknowledged."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from contracts.topics import Topics
from coordinator.kafka.connection import KafkaSettings
from coordinator.kafka.dead_letters import MAX_VALUE_BYTES, DeadLetters
from coordinator.kafka.records import Record
from coordinator.kafka.sender import RecordSender
from coordinator.runtime.backoff import Backoff
from coordinator.runtime.ports import PublisherUnavailable
from tests.contracts.wire import validate_record
from tests.unit.runtime.until import until

TOPICS = Topics()
SETTINGS = KafkaSettings("nowhere:9092", retry=Backoff(0.001, 0.002))


class Consumed(NamedTuple):
    """A record, as far as it is looked at."""

    value: bytes | None
    topic: str = TOPICS.requests
    partition: int = 3
    offset: int = 7
    key: bytes | None = b"book_trip:42"
    headers: Any = (("ce_id", b"r-1"), ("x-shop", None))


class Kept(RecordSender):
    """Sends nothing; acknowledges, after so many failures."""

    def __init__(self, failures: int = 0) -> None:
        super().__init__(SETTINGS)
        self.sent: list[Record] = []
        self._failures = failures

    async def send(self, records: Sequence[Record]) -> list[bool]:
        if self._failures:
            self._failures -= 1
            raise PublisherUnavailable("away, as asked for")
        self.sent += records
        return [True] * len(records)


async def set_aside(value: bytes | None, sender: Kept) -> Record:
    """The dead letter of that value."""
    letters, done = DeadLetters(sender, TOPICS, SETTINGS), list[bool]()
    letters.add(Consumed(value), "The header ce_type is missing.", lambda: done.append(True))
    assert done == []
    await until(lambda: done)
    [sent] = sender.sent
    return sent


async def test_a_dead_letter_is_what_the_protocol_promises() -> None:
    """The record as it came, and why it is there; sent again until it is acknowledged."""
    sent = await set_aside(b"\xff", Kept(failures=2))
    assert validate_record(sent.topic, sent.headers, sent.value, b"book_trip:42") == "dead-letter"
    assert (sent.key, sent.value) == (b"book_trip:42", b"\xff")
    assert dict(sent.headers) == {
        "ce_id": b"r-1",
        "x-shop": b"",
        "amends-reason": b"The header ce_type is missing.",
        "amends-topic": b"amends.requests",
        "amends-partition": b"3",
        "amends-offset": b"7",
    }


async def test_a_value_that_is_too_long_is_cut() -> None:
    """And its length told, by the name that the protocol has for it."""
    sent = await set_aside(b"x" * (MAX_VALUE_BYTES + 1), Kept())
    assert len(sent.value or b"") == MAX_VALUE_BYTES
    assert dict(sent.headers)["amends-cut-from"] == b"800001"
