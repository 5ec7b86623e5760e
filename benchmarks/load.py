"""Load over HTTP, as clients make it: each saga is started and waited for."""

import asyncio
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from time import perf_counter

import aiohttp

WAIT_SECONDS = 60


class SagaWentWrong(Exception):
    """A saga of the load did not end as it should: the run has no figure."""


@dataclass(slots=True)
class Client:
    """Starts sagas and waits for their ends. ``expected`` is the status each must end in."""

    url: str
    session: aiohttp.ClientSession
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    expected: str = "completed"
    refuse: bool = False

    async def one(self) -> None:
        """One saga from start to end. Raises SagaWentWrong."""
        number = next(self.numbers)
        body = {"definition": "three_steps", "input": {"number": number, "refuse": self.refuse}}
        async with self.session.post(
            f"{self.url}/v1/sagas", json=body, headers={"Prefer": f"wait={WAIT_SECONDS}"}
        ) as response:
            saga = await response.json()
        if response.status != 200 or saga.get("status") != self.expected:
            raise SagaWentWrong(f"Saga {number}: HTTP {response.status}, {saga}")


async def closed_loop(client: Client, in_flight: int, seconds: float) -> tuple[list[float], float]:
    """``in_flight`` clients, each starting its next saga when its last has ended; latencies and the time taken."""
    latencies: list[float] = []
    begin = perf_counter()

    async def work() -> None:
        while perf_counter() - begin < seconds:
            start = perf_counter()
            await client.one()
            latencies.append(perf_counter() - start)

    await asyncio.gather(*(work() for _ in range(in_flight)))
    return latencies, perf_counter() - begin


async def open_loop(client: Client, rate: float, seconds: float) -> tuple[list[float], float]:
    """Sagas at a constant rate, whether or not earlier ones have ended; latency counts from when one was due."""
    latencies: list[float] = []
    begin = perf_counter()

    async def work(due: float) -> None:
        await client.one()
        latencies.append(perf_counter() - due)

    async with asyncio.TaskGroup() as group:
        for number in range(int(rate * seconds)):
            due = begin + number / rate
            delay = due - perf_counter()
            if delay > 0:
                await asyncio.sleep(delay)
            group.create_task(work(due))
    return latencies, perf_counter() - begin
