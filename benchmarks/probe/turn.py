"""Turns of the probe beside a stack: topics and participants of its own, a database of its own."""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import asyncpg
import msgspec

from benchmarks.floor_kafka import make_topics
from benchmarks.oracle import OracleFailed, check
from benchmarks.probe.messages import REPLIES, STEPS, topic
from coordinator.cli.processes import Part

WARM_UP_S = 2.0


class ProbeFailed(Exception):
    """It ended without a figure, or lost a saga; the message says what it said."""


class Came(msgspec.Struct, frozen=True):
    """What one turn came to."""

    rate: float
    """Sagas a second."""
    cpu_us: float
    """Of the coordinator, a saga."""
    p50_ms: float
    p99_ms: float
    sagas: int
    """All that were started, those of the warm-up too."""


Turn = Callable[[int, float], Awaitable[Came]]
"""Takes how many are in flight, and seconds."""


@asynccontextmanager
async def probe(bootstrap: str, database_url: str, logs: Path, warm_up_s: float = WARM_UP_S) -> AsyncGenerator[Turn]:
    """Its participants run meanwhile, idle between turns. The database is one of its own, with the store's schema.

    A turn raises ProbeFailed.
    """
    run = f"probe-{os.getpid()}"
    replies = topic(run, REPLIES)
    await make_topics(bootstrap, (topic(run, name) for name in (*STEPS, REPLIES)))

    async def turn(in_flight: int, seconds: float) -> Came:
        await _emptied(database_url)
        came = await _ran((bootstrap, database_url, run, *(str(each) for each in (in_flight, seconds, warm_up_s))))
        try:
            await check(database_url, {"completed": came.sagas})
        except OracleFailed as error:
            raise ProbeFailed(f"The probe did something wrong: {error}") from error
        return came

    async with AsyncExitStack() as running:
        for name in STEPS:
            words = ("-m", "benchmarks.probe.echo", bootstrap, topic(run, name), replies)
            part = Part(f"probe-{name}", words, {}, logs / f"probe-{name}.log")
            running.push_async_callback(part.stop)
            await part.start()
        yield turn


async def _ran(words: tuple[str, ...]) -> Came:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.probe", *words),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    figures, said = await process.communicate()
    if process.returncode:
        raise ProbeFailed(f"The probe ended with {process.returncode}: {said.decode(errors='replace')[-800:]}")
    return msgspec.json.decode(figures, type=Came)


async def _emptied(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute("TRUNCATE saga, history, outbox")
    finally:
        await connection.close()
