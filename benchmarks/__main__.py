"""``make bench``: starts everything, loads it, prints a table and, at the end, one line of JSON."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence

import uvloop
from rich.console import Console
from rich.table import Table

from benchmarks.measured import Measured
from benchmarks.oracle import check, check_effects
from benchmarks.scenarios import Scenarios
from coordinator.cli.stack import Layout, Stack
from coordinator.embedded.home import amends_home

SECONDS = 12.0
IN_FLIGHT = 300
NAMES = ("first", "second", "third")


async def run(console: Console) -> None:
    """All scenarios."""
    quick = await _stack(console, "benchmarks.participants", keeping=False)
    keeping = await _stack(console, "benchmarks.keeping_participants", keeping=True)
    measured = [*quick, *keeping]
    console.print(_table(measured))
    most, single, half = quick[0], quick[2], quick[3]
    figures = {
        "sagas_per_s": round(most.rate),
        "sagas_per_s_with_barrier": round(keeping[0].rate),
        "p50_ms": round(single.latencies.percentile_ms(50), 1),
        "p99_ms": round(single.latencies.percentile_ms(99), 1),
        "p50_ms_at_half_load": round(half.latencies.percentile_ms(50), 1),
        "p99_ms_at_half_load": round(half.latencies.percentile_ms(99), 1),
        **{f"{part}_cpu_us_per_saga": round(cpu) for part, cpu in most.cpu_us.items()},
        "commit": _commit(),
    }
    sys.stdout.write(json.dumps(figures) + "\n")


async def _stack(console: Console, module: str, *, keeping: bool) -> list[Measured]:
    layout = Layout(
        participants=_participants(module), keeping=keeping, settings={"AMENDS_CATALOGUE": "benchmarks.sagas"}
    )
    stack = Stack(amends_home() / "bench", layout, progress=lambda line: console.print(f"✓ {line}"), fresh=True)
    async with stack:
        scenarios = Scenarios(stack)
        await scenarios.warm_up()
        what = "with barrier and a row each" if keeping else "that answer at once"
        console.print(f"… loading, participants {what}")
        measured = [
            await scenarios.closed(f"{IN_FLIGHT} in flight, {what}", IN_FLIGHT, SECONDS),
            await scenarios.closed(f"refused at step 3, two undone, {what}", IN_FLIGHT, SECONDS, refuse=True),
            await scenarios.closed(f"one at a time, {what}", 1, SECONDS / 2),
        ]
        if not keeping:
            measured.append(await scenarios.open("half of the most, constant rate", measured[0].rate / 2, SECONDS))
        await check(stack.database_url)
        for url in stack.participant_urls.values():
            await check_effects(url)
        return measured


def _participants(module: str) -> Mapping[str, Sequence[str]]:
    return {name: ("-m", "coordinator.cli", "participant", "run", f"{module}:{name}") for name in NAMES}


def _table(measured: Sequence[Measured]) -> Table:
    parts = ("coordinator", "participants", "postgres", "kafka")
    table = Table("scenario", "sagas/s", "p50 ms", "p99 ms", *(f"{part}\nµs CPU/saga" for part in parts))
    for each in measured:
        latencies = (f"{each.latencies.percentile_ms(percent):.1f}" for percent in (50, 99))
        cpu = (f"{each.cpu_us.get(part, 0):.0f}" for part in parts)
        table.add_row(each.name, f"{each.rate:.0f}", *latencies, *cpu)
    return table


def _commit() -> str:
    found = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return found.stdout.strip() or "unknown"


if __name__ == "__main__":
    uvloop.run(run(Console(stderr=True)))
