"""The start of a coordinator, watched from outside: when it is ready, when something happens, how much memory."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

import asyncpg
import psutil

from benchmarks.many.in_flight import Group
from benchmarks.oracle import OracleFailed
from coordinator.cli.stack import Stack

LOOK_S = 0.02
WITHIN_S = 600.0
SETTLED_S = 5.0
"""The memory is watched for so long after the last of them."""
_SAMPLE = 100
"""Of each group: those that come first."""
_PROGRESS = "SELECT EXISTS (SELECT FROM history WHERE saga_id = ANY($1::text[]) AND seq = 3)"
_LEFT = """
    SELECT EXISTS (SELECT FROM saga WHERE definition = $1 AND status IN ('running', 'compensating', 'parked')
                   AND started_at BETWEEN to_timestamp($2::float8 / 1000) AND to_timestamp($3::float8 / 1000))
"""
"""By the index that has a definition's sagas of one status in the order of their starts."""


@dataclass(slots=True)
class Restart:
    """Seconds since the process was made, and megabytes."""

    ready_s: float = 0.0
    first_s: float = 0.0
    """The first row that was added to a history."""
    all_s: float = 0.0
    """The end of the last saga that was due."""
    ready_mb: float = 0.0
    peak_mb: float = 0.0

    @property
    def wait_s(self) -> float:
        """From readiness to the first progress, which may come earlier: what is long overdue waits for no partition."""
        return max(0.0, self.first_s - self.ready_s)


async def restart(stack: Stack, connection: asyncpg.Connection, due: Sequence[Group]) -> Restart:
    """Starts the coordinator. Raises OracleFailed when what is due does not come to its end."""
    found = Restart()
    began = perf_counter()
    starting = asyncio.create_task(stack.start_coordinator())
    watching = asyncio.create_task(_memory(stack, found))
    first = asyncio.create_task(_first(connection, due))
    try:
        await starting
        found.ready_s, found.ready_mb = perf_counter() - began, found.peak_mb
        found.first_s = await first - began
        found.all_s = await _all(connection, due) - began
        await asyncio.sleep(SETTLED_S)
    finally:
        for task in (starting, watching, first):
            task.cancel()
        await asyncio.wait((starting, watching, first))
    return found


async def _memory(stack: Stack, found: Restart) -> None:
    while True:
        if (pid := stack.coordinator.pid) is not None:
            found.peak_mb = max(found.peak_mb, psutil.Process(pid).memory_info().rss / 1e6)
        await asyncio.sleep(LOOK_S)


async def _first(connection: asyncpg.Connection, due: Sequence[Group]) -> float:
    """When the first of them was seen to go on: a few primary keys are looked up, again and again."""
    sample = [group.saga_id(index) for group in due for index in range(min(_SAMPLE, group.count))]
    return await _until(connection, _PROGRESS, True, sample)


async def _all(connection: asyncpg.Connection, due: Sequence[Group]) -> float:
    """When the last of them was seen to have ended."""
    last = 0.0
    for group in due:
        bounds = (group.model.definition, group.began, group.began + group.span_ms)
        last = await _until(connection, _LEFT, False, *bounds)
    return last


async def _until(connection: asyncpg.Connection, query: str, wanted: bool, *arguments: object) -> float:
    deadline = perf_counter() + WITHIN_S
    while await connection.fetchval(query, *arguments) is not wanted:
        if perf_counter() > deadline:
            raise OracleFailed(f"What was due is not through after {WITHIN_S:.0f} s.")
        await asyncio.sleep(LOOK_S)
    return perf_counter()
