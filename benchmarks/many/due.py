"""Very many timers due in the same second, while other sagas run."""

import asyncio
import time

from rich.console import Console

from benchmarks.goals import Goal
from benchmarks.load import Client, open_loop
from benchmarks.many.stack import ask, many_stack, start_many
from benchmarks.measured import Latencies
from coordinator.cli.stack import Stack

SLEEPERS = 100_000
RATE = 200.0
"""Of the other sagas, a second."""
WITHIN_S = 60.0
_LEFT = "SELECT count(*) FROM saga WHERE definition = 'nap' AND status = 'running'"


async def due_at_once(console: Console) -> list[Goal]:
    """Seconds until all have woken, and what the others notice of it."""
    async with many_stack(console) as stack:
        client = Client(stack.url)
        await open_loop(client, RATE, 3)
        before = Latencies((await open_loop(client, RATE, 8))[0])
        due = int(time.time()) + SLEEPERS // 2_500 + 10
        naps = [{"number": n, "until_ms": due * 1_000 + n * 1_000 // SLEEPERS} for n in range(SLEEPERS)]
        await start_many(stack.url, "nap", naps)
        early = due - time.time()
        if early < 0:
            console.print(f"[yellow]![/] the starts took {-early:.0f} s too long: some timers were due before")
        await asyncio.sleep(max(0.0, early - 1))
        drained = asyncio.create_task(_drained(stack, due))
        during: list[float] = []
        while not drained.done():
            during += (await open_loop(client, RATE, 4))[0]
        seconds = await drained
    noticed = Latencies(during)
    console.print(
        f"✓ {SLEEPERS:,} timers drained in {seconds:.1f} s; others: p50 {before.percentile_ms(50):.1f} → "
        f"{noticed.percentile_ms(50):.1f} ms, p99 {before.percentile_ms(99):.1f} → {noticed.percentile_ms(99):.1f} ms",
        highlight=False,
    )
    return [
        Goal(f"{SLEEPERS:,} timers due in one second are drained within", seconds, WITHIN_S, "s"),
        Goal(f"p99 of {RATE:.0f} sagas a second meanwhile", noticed.percentile_ms(99), 500, "ms"),
    ]


async def _drained(stack: Stack, due: int) -> float:
    """Seconds from the time when they were due until the last has ended."""
    left = SLEEPERS
    while left:
        left = await ask(stack, _LEFT)
        await asyncio.sleep(0.5)
    return time.time() - due
