"""A coordinator that was killed while very many sagas were in flight: how soon the next one goes on with them."""

import asyncio
import os
from collections.abc import Mapping
from time import perf_counter

import asyncpg
from rich.console import Console

from benchmarks.goals import Goal
from benchmarks.many.in_flight import Group
from benchmarks.many.mix import Mix
from benchmarks.many.model import Model, read_model
from benchmarks.many.recovered import check_recovered
from benchmarks.many.restart import Restart, restart
from benchmarks.many.stack import ask, many_stack, start_many
from benchmarks.stacks import KEEPING
from coordinator.cli.stack import Stack

SIZES = tuple(int(size) for size in os.environ.get("BENCH_RECOVERY", "10000,100000,1000000").split(","))
DUE = int(os.environ.get("BENCH_RECOVERY_DUE", "3000"))
"""The same of every size, so that what differs is only how many are in flight beside them."""
FIRST_S = 2.0
"""From when it is ready: what comes before that is Python's imports and Kafka's group, whatever is in flight."""
LONGER = 1.5
MORE_MB = 32.0
MONTH_S = 30 * 24 * 3_600
_STARTS: Mapping[str, tuple[str, dict[str, object]]] = {
    "waiting": ("approval", {"number": 7_000_001}),
    "asleep": ("rest", {"number": 7_000_002, "rest_s": MONTH_S}),
    "asleep_refused": ("rest", {"number": 7_000_003, "rest_s": MONTH_S, "refuse": True}),
    "called": ("three_steps", {"number": 7_000_004}),
    "called_refused": ("three_steps", {"number": 7_000_005, "refuse": True}),
}
"""One real saga of each sort: the models."""
FIRST_COPY = 10_000_000
_STANDING = "SELECT count(*) FROM history WHERE seq = 2"


async def recovery(console: Console) -> list[Goal]:
    """Time to the first progress and to the end of all that is due, and memory; by how many are in flight."""
    found: dict[int, Restart] = {}
    for size in SIZES:
        async with many_stack(console, KEEPING) as stack:
            found[size] = await _restarted(console, stack, Mix(size, DUE // 3, DUE // 3, DUE // 3))
    least, most = min(found), max(found)
    more = found[most].peak_mb - found[least].peak_mb
    longer = found[most].all_s / found[least].all_s
    return [
        *(Goal(f"first progress of {size:,} in flight", found[size].wait_s, FIRST_S, "s") for size in found),
        Goal(f"all {DUE:,} that were due, of {most:,} rather than {least:,}", longer, LONGER, "×"),
        Goal(f"memory of {most:,} in flight, beyond that of {least:,}", more, MORE_MB, "MB"),
    ]


async def _restarted(console: Console, stack: Stack, mix: Mix) -> Restart:
    """Brings it about, and measures. Raises OracleFailed."""
    connection = await asyncpg.connect(stack.database_url)
    try:
        models = await _models(stack, connection)
        began = perf_counter()
        resting = mix.resting(models, FIRST_COPY)
        await _write(connection, resting)
        for table in ("saga", "history"):
            await connection.execute(f"VACUUM (ANALYZE) {table}")
        await connection.execute("CHECKPOINT")
        pressing = mix.pressing(models, FIRST_COPY + mix.sagas)
        await _write(connection, pressing)
        took = perf_counter() - began
        found = await restart(stack, connection, pressing)
        await check_recovered(stack, connection, resting, pressing)
    finally:
        await connection.close()
    console.print(
        f"✓ {mix.sagas:,} in flight, written in {took:.0f} s ({mix.waiting:,} waiting, {mix.asleep:,} asleep, "
        f"{mix.due:,} due): ready {found.ready_s:.2f} s after the start of the process, first progress "
        f"{found.first_s:.2f} s, all that was due {found.all_s:.2f} s; {found.ready_mb:.0f} MB when ready, "
        f"{found.peak_mb:.0f} MB at most",
        highlight=False,
    )
    return found


async def _models(stack: Stack, connection: asyncpg.Connection) -> Mapping[str, Model]:
    """Each has come to its second row and cannot go on: the second participant is away. Then the coordinator dies."""
    second = stack.participants["second"]
    second.kill()
    await second.ended()
    for definition, start in _STARTS.values():
        await start_many(stack.url, definition, [start])
    standing = 0
    while standing < len(_STARTS):
        await asyncio.sleep(0.05)
        standing = await ask(stack, _STANDING)
    stack.coordinator.kill()
    await stack.coordinator.ended()
    models = {
        name: await read_model(connection, f"{definition}:{start['number']}")
        for name, (definition, start) in _STARTS.items()
    }
    await second.start()
    return models


async def _write(connection: asyncpg.Connection, groups: list[Group]) -> None:
    for group in groups:
        await group.write(connection)
