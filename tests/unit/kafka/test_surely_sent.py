"""Records that must be acknowledged: tried again, and not in a hurry."""

import asyncio
from collections.abc import Sequence
from typing import Any

from coordinator.kafka.connection import KafkaSettings
from coordinator.kafka.records import Record
from coordinator.kafka.surely_sent import SurelySent
from coordinator.runtime.backoff import Backoff
from tests.unit.runtime.until import until_soon


class Stalled:
    """A sender whose partition has not answered for a while: it tries nothing, and says so at once."""

    def __init__(self) -> None:
        self.calls = 0
        self.answers = False

    async def send(self, records: Sequence[Record]) -> list[bool]:
        self.calls += 1
        await asyncio.sleep(0)
        return [self.answers for _ in records]


async def test_a_partition_that_stalls_is_not_asked_without_a_pause() -> None:
    """Or a core would be busy with nothing else until it answers."""
    sender: Any = Stalled()
    done = asyncio.Event()
    sent = SurelySent(sender, KafkaSettings("nowhere:9092", retry=Backoff(0.2, 0.2)), "delayed")
    sent.put(Record("replies", "errand:1", [], b"", None), done.set)
    for _ in range(50):
        await asyncio.sleep(0)
    assert sender.calls == 1
    sender.answers = True
    await until_soon(done.is_set)
    assert (sender.calls, sent.pending) == (2, 0)
