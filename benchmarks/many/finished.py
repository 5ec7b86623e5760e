"""Millions of finished sagas in the tables, and the same rate as without them."""

import os
import statistics
import time
from collections.abc import Awaitable, Callable

import asyncpg
import msgspec
from rich.console import Console

from benchmarks.goals import Goal
from benchmarks.load import Client, closed_loop
from benchmarks.many.stack import many_stack
from coordinator.cli.stack import Stack

SAGAS = int(os.environ.get("BENCH_FINISHED", "5000000"))
AT_ONCE = 250_000
"""In one transaction."""
IN_FLIGHT = 300
SECONDS = 10.0

_SAGAS = """
    INSERT INTO saga (saga_id, definition, version, status, input, outcome, shard, started_at, ended_at, updated_at)
    SELECT 'three_steps:done-' || n, m.definition, m.version, m.status, m.input, m.outcome, n % 1024,
           m.started_at - n * interval '1 second', m.ended_at - n * interval '1 second', m.updated_at
    FROM generate_series($2::int, $3::int) AS n, saga AS m WHERE m.saga_id = $1
"""
_HISTORIES = """
    INSERT INTO history (saga_id, seq, events, at)
    SELECT 'three_steps:done-' || n, m.seq, m.events, m.at
    FROM generate_series($2::int, $3::int) AS n, history AS m WHERE m.saga_id = $1 ORDER BY n, m.seq
"""
"""Copies of a saga that the load has brought to its end, row by row."""
_SIZES = """
    SELECT relname, pg_relation_size(oid) / 1e6 AS mb FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'i') AND pg_relation_size(oid) > 1e6
    ORDER BY mb DESC
"""


async def beside_finished(console: Console) -> list[Goal]:
    """The rate on full tables, and before and after it on (nearly) empty ones: the machine may differ by the minute."""
    async with many_stack(console) as stack:
        client = Client(stack.url)
        empty = await _rate(client)
        await _with(stack, lambda connection: _fill(console, connection))
        full = await _rate(client)
        await _with(stack, _clear)
        again = await _rate(client)
    figures = f"{empty:.0f} sagas/s on empty tables, {full:.0f} beside {SAGAS:,} finished ones, {again:.0f} empty again"
    console.print(f"✓ {figures}", highlight=False)
    ratio = full / statistics.mean((empty, again))
    return [Goal(f"rate beside {SAGAS:,} finished sagas, of that without", ratio, 0.9, "×", at_least=True)]


async def _rate(client: Client) -> float:
    await closed_loop(client, 100, 3)
    latencies, seconds = await closed_loop(client, IN_FLIGHT, SECONDS)
    return len(latencies) / seconds


async def _clear(connection: asyncpg.Connection) -> None:
    await connection.execute("TRUNCATE saga, history")
    await connection.execute("CHECKPOINT")


async def _fill(console: Console, connection: asyncpg.Connection) -> None:
    model = await connection.fetchval("SELECT saga_id FROM saga WHERE status = 'completed' LIMIT 1")
    began = time.perf_counter()
    for first in range(1, SAGAS + 1, AT_ONCE):
        last = min(SAGAS, first + AT_ONCE - 1)
        await connection.execute(_SAGAS, model, first, last)
        await connection.execute(_HISTORIES, model, first, last)
    await connection.execute("VACUUM (ANALYZE) saga")
    await connection.execute("VACUUM (ANALYZE) history")
    await connection.execute("CHECKPOINT")
    sizes = {row["relname"]: round(float(row["mb"])) for row in await connection.fetch(_SIZES)}
    console.print(f"✓ {SAGAS:,} finished sagas in {time.perf_counter() - began:.0f} s", highlight=False)
    console.print(f"✓ MB: {msgspec.json.encode(sizes).decode()}", highlight=False)


async def _with(stack: Stack, use: Callable[[asyncpg.Connection], Awaitable[None]]) -> None:
    connection = await asyncpg.connect(stack.database_url)
    try:
        await use(connection)
    finally:
        await connection.close()
