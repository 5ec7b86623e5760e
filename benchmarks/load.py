"""Load over HTTP, as clients make it: each saga is started and waited for."""

import asyncio
import gc
import itertools
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter

import msgspec

from benchmarks.connections import JSON, Connections

WAIT_SECONDS = 60


class SagaWentWrong(Exception):
    """A saga of the load did not end as it should: the run has no figure."""


class Ended(msgspec.Struct):
    """What is looked at of an answer."""

    status: str | int


_answer = msgspec.json.Decoder(Ended)


@dataclass(slots=True)
class Client:
    """Starts sagas and waits for their ends. ``expected`` is the status each must end in."""

    url: str
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    expected: str = "completed"
    refuse: bool = False
    definition: str = "three_steps"
    connections: Connections = field(init=False)
    _head: bytes = field(init=False)

    def __post_init__(self) -> None:
        self.connections = Connections(self.url)
        self._head = self.connections.head("POST", "/v1/sagas", {**JSON, "Prefer": f"wait={WAIT_SECONDS}"})

    async def one(self) -> None:
        """One saga from start to end. Raises SagaWentWrong."""
        number = next(self.numbers)
        refuse = b"true" if self.refuse else b"false"
        body = b'{"definition":"%b","input":{"number":%d,"refuse":%b}}' % (self.definition.encode(), number, refuse)
        status, answer = await self.connections.send(self._head, body)
        if status != 200 or _answer.decode(answer).status != self.expected:
            raise SagaWentWrong(f"Saga {number}: HTTP {status}, {answer.decode()}")


async def closed_loop(client: Client, in_flight: int, seconds: float) -> tuple[list[float], float]:
    """``in_flight`` clients, each starting its next saga when its last has ended; latencies and the time taken."""
    latencies: list[float] = []
    begin = perf_counter()

    async def work() -> None:
        while perf_counter() - begin < seconds:
            start = perf_counter()
            await client.one()
            latencies.append(perf_counter() - start)

    with _uncollected():
        await asyncio.gather(*(work() for _ in range(in_flight)))
    return latencies, perf_counter() - begin


async def open_loop(client: Client, rate: float, seconds: float) -> tuple[list[float], float]:
    """Sagas at a constant rate, whether or not earlier ones have ended; latency counts from when one was due."""
    latencies: list[float] = []
    begin = perf_counter()

    async def work(due: float) -> None:
        await client.one()
        latencies.append(perf_counter() - due)

    with _uncollected():
        async with asyncio.TaskGroup() as group:
            for number in range(int(rate * seconds)):
                due = begin + number / rate
                delay = due - perf_counter()
                if delay > 0:
                    await asyncio.sleep(delay)
                group.create_task(work(due))
    return latencies, perf_counter() - begin


@contextmanager
def _uncollected() -> Generator[None]:
    """The collector pauses this process, for 60 ms and more: nobody who is loaded is to be charged with that."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
