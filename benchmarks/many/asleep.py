"""Sagas that sleep for a month cost the coordinator nothing."""

import asyncio
import time

import psutil
from rich.console import Console

from benchmarks.goals import Goal
from benchmarks.load import Client, closed_loop
from benchmarks.many.stack import BATCH, many_stack, start_many
from coordinator.cli.stack import Stack

SLEEPERS = 100_000
MONTH_MS = 30 * 24 * 3_600_000
SETTLED_S = 15.0
"""By then those that sleep have left the memory."""
IDLE_S = 8.0


async def asleep(console: Console) -> list[Goal]:
    """Memory and idle CPU of the coordinator, before and after."""
    async with many_stack(console) as stack:
        until = int(time.time() * 1e3) + MONTH_MS
        naps = [{"number": number, "until_ms": until} for number in range(SLEEPERS + BATCH)]
        await closed_loop(Client(stack.url), 100, 3)
        # The first 10,000 leave behind what the process needs for itself.
        await start_many(stack.url, "nap", naps[:BATCH])
        before = await _idle(stack)
        began = time.perf_counter()
        await start_many(stack.url, "nap", naps[BATCH:])
        took = time.perf_counter() - began
        at_once = _memory(stack)
        after = await _idle(stack)
    console.print(
        f"✓ {SLEEPERS:,} fell asleep in {took:.1f} s; memory {before[0]:.0f} → {at_once:.0f} → {after[0]:.0f} MB, "
        f"idle CPU {before[1]:.2f} → {after[1]:.2f} % of a core",
        highlight=False,
    )
    return [
        Goal(f"{BATCH:,} sagas started by one request", took / SLEEPERS * BATCH, 10, "s"),
        Goal(f"memory of {SLEEPERS:,} sagas asleep", after[0] - before[0], 32, "MB"),
        Goal("idle CPU that they add", after[1] - before[1], 1, "% of a core"),
    ]


async def _idle(stack: Stack) -> tuple[float, float]:
    """Megabytes, and per cent of a core, once nothing happens."""
    await asyncio.sleep(SETTLED_S)
    process = psutil.Process(stack.coordinator.pid)
    began = process.cpu_times()
    await asyncio.sleep(IDLE_S)
    ended = process.cpu_times()
    busy = ended.user + ended.system - began.user - began.system
    return _memory(stack), busy / IDLE_S * 100


def _memory(stack: Stack) -> float:
    return psutil.Process(stack.coordinator.pid).memory_info().rss / 1e6
