"""A second coordinator on the same database and the same topics: the total, and what is noticed when one goes."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from itertools import pairwise

import asyncpg
from rich.console import Console

from benchmarks.goals import Goal
from benchmarks.load import Client, closed_loop
from benchmarks.many.stack import CATALOGUE, many_stack
from coordinator.cli.processes import Part
from coordinator.cli.stack import Stack

IN_FLIGHT = 300
SECONDS = 8.0
LOAD = 100
"""Sagas in flight while one coordinator goes and comes again."""
_TWICE = "SELECT count(*) FROM (SELECT FROM history GROUP BY saga_id HAVING max(seq) <> count(*)) AS gaps"


async def two_coordinators(console: Console) -> list[Goal]:
    """Rates of one and of two; then one is stopped under load, and started again."""
    async with many_stack(console) as stack:
        client = Client(stack.url)
        await closed_loop(client, 100, 3)
        one = await _rate([client])
        async with _second(stack) as (part, url):
            clients = [client, Client(url, numbers=client.numbers)]
            await closed_loop(clients[1], 100, 2)
            two = await _rate(clients)
            longest, gap = await _hand_over(console, client, part)
        connection = await asyncpg.connect(stack.database_url)
        assert await connection.fetchval(_TWICE) == 0
        await connection.close()
    console.print(f"✓ {one:.0f} sagas/s by one coordinator, {two:.0f} by two", highlight=False)
    return [
        Goal("sagas a second of two coordinators, of the rate of one", two / one, 1.0, "×", at_least=True),
        Goal("longest saga while partitions change hands", longest, 3, "s"),
        Goal("longest time in which no saga ended", gap, 3, "s"),
    ]


async def _rate(clients: list[Client]) -> float:
    """Sagas a second, of all clients together."""
    came = await asyncio.gather(*(closed_loop(client, IN_FLIGHT // len(clients), SECONDS) for client in clients))
    return sum(len(latencies) for latencies, _ in came) / max(seconds for _, seconds in came)


@asynccontextmanager
async def _second(stack: Stack) -> AsyncGenerator[tuple[Part, str]]:
    environment = {
        "AMENDS_DATABASE_URL": stack.database_url,
        "AMENDS_KAFKA_BOOTSTRAP": stack.servers.kafka.bootstrap,
        "AMENDS_TOPIC_PREFIX": stack.layout.prefix,
        "AMENDS_CATALOGUE": CATALOGUE,
        "AMENDS_HTTP_PORT": "0",
        "AMENDS_INSTANCE": "coordinator-2",
    }
    log = stack.root / "logs" / "coordinator-2.log"
    part = Part("coordinator-2", ("-m", "coordinator.cli", "serve"), environment, log)
    url = (await part.start()).split()[-1]
    try:
        yield part, url
    finally:
        await part.stop()


async def _hand_over(console: Console, client: Client, part: Part) -> tuple[float, float]:
    """The second goes and comes again; seconds of the longest saga, and of the longest silence."""
    ended: list[tuple[float, float]] = []
    over = False

    async def work() -> None:
        while not over:
            began = time.perf_counter()
            await client.one()
            ended.append((time.perf_counter(), began))

    loading = [asyncio.create_task(work()) for _ in range(LOAD)]
    await asyncio.sleep(3)
    marks = [time.perf_counter()]
    await part.stop()
    marks.append(time.perf_counter())
    await asyncio.sleep(4)
    marks.append(time.perf_counter())
    await part.start()
    marks.append(time.perf_counter())
    await asyncio.sleep(4)
    over = True
    await asyncio.gather(*loading)
    for what, first, last in (("it stopped", marks[0], marks[2]), ("it came again", marks[2], time.perf_counter())):
        slowest = max(end - begin for end, begin in ended if first <= end <= last)
        console.print(f"✓ while {what}: the slowest saga took {slowest:.2f} s", highlight=False)
    console.print(f"✓ stopping took {marks[1] - marks[0]:.2f} s, starting {marks[3] - marks[2]:.2f} s", highlight=False)
    times = sorted(end for end, _ in ended)
    gap = max(later - earlier for earlier, later in pairwise(times))
    return max(end - begin for end, begin in ended), gap
