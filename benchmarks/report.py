"""What was measured, as tables for people and as one line of JSON for programs."""

import json
import subprocess
from collections.abc import Iterable, Mapping, Sequence

from rich.console import Console
from rich.table import Table

from benchmarks.bench import Bench
from benchmarks.goals import Goal, goals
from benchmarks.measured import Measured

PARTS = ("coordinator", "participants", "postgres", "kafka", "load", "elsewhere")


def show(console: Console, bench: Bench) -> None:
    """The tables."""
    console.print(scenario_table("participants that answer at once", bench.quick.rows))
    console.print(scenario_table("with barrier and a row each", bench.keeping.rows))
    console.print(_floor_table(bench))
    console.print(goal_table("wanted on two cores", goals(bench)))


def scenario_table(title: str, measured: Iterable[Measured]) -> Table:
    """One row a scenario; an empty cell is what was not measured."""
    parts = (f"{part}\nµs CPU/saga" for part in PARTS)
    table = Table(title, "sagas/s", "p50 ms", "p99 ms", *parts, "WAL\nB/saga", "Kafka\nB/saga")
    for column in table.columns[1:]:
        column.justify = "right"
    for each in measured:
        latencies = (f"{each.latencies.percentile_ms(percent):.1f}" for percent in (50, 99))
        cpu = (_cell(each.cpu_us, part) for part in PARTS)
        wrote = (_cell(each.wrote, kind) for kind in ("wal", "kafka"))
        table.add_row(each.name, f"{each.rate:.0f}", *latencies, *cpu, *wrote)
    return table


def _cell(values: Mapping[str, float], key: str) -> str:
    return f"{values[key]:.0f}" if key in values else ""


def _floor_table(bench: Bench) -> Table:
    floors, quick = bench.floors, bench.quick
    table = Table("floor, in this run", "floor", "Amends", "ratio")
    for column in table.columns[1:]:
        column.justify = "right"
    single = quick.single.latencies
    for percent in (50, 99):
        ours, floor = single.percentile_ms(percent), floors.chain.percentile_ms(percent)
        name = f"chain of 4 commits and 6 hops, one at a time, p{percent}"
        table.add_row(name, f"{floor:.1f} ms", f"{ours:.1f} ms", f"{ours / floor:.2f}")
    for name, rate in _rates(bench):
        table.add_row(name, f"{rate:.0f}/s", f"{quick.most.rate:.0f}/s", f"{quick.most.rate / rate:.2f}")
    cpu, floor = quick.most.cpu_us["coordinator"], floors.probe.cpu_us
    table.add_row("… CPU of its coordinator, a saga", f"{floor:.0f} µs", f"{cpu:.0f} µs", f"{cpu / floor:.2f}")
    if quick.fifty is not None:
        ours, floor = quick.fifty.latencies.percentile_ms(50), floors.probe_fifty.p50_ms
        table.add_row("… 50 in flight, p50", f"{floor:.1f} ms", f"{ours:.1f} ms", f"{ours / floor:.2f}")
    return table


def _rates(bench: Bench) -> Sequence[tuple[str, float]]:
    floors = bench.floors
    return (
        (f"a saga's rows, one statement a transition, 16 clients ({floors.rows.through})", floors.rows.rate),
        ("a saga's rows through the store, 200 a batch, 2 connections", floors.batches),
        (f"probe: batches and Kafka with the least of a saga, {bench.quick.in_flight} in flight", floors.probe.rate),
    )


def goal_table(title: str, goals: Iterable[Goal]) -> Table:
    """One row a figure."""
    table = Table(title, "measured", "bound", "")
    for goal in goals:
        bound = f"{'≥' if goal.at_least else '≤'} {goal.bound:g} {goal.unit}"
        digits = 0 if abs(goal.measured) >= 100 else 2
        table.add_row(goal.what, f"{goal.measured:.{digits}f} {goal.unit}", bound, "✓" if goal.reached else "✗")
    return table


def as_line(bench: Bench, further: Mapping[str, object] | None = None) -> str:
    """One line of JSON: latencies are of one saga at a time unless the name says otherwise."""
    quick, keeping, floors = bench.quick, bench.keeping, bench.floors
    single, hops = quick.single.latencies, floors.chain
    figures: dict[str, object] = {
        "sagas_per_s": round(quick.most.rate),
        "p50_ms": round(single.percentile_ms(50), 1),
        "p99_ms": round(single.percentile_ms(99), 1),
        **{f"{part}_cpu_us_per_saga": round(cpu) for part, cpu in quick.most.cpu_us.items()},
        "commit": commit(),
        "participants_cpu_us_per_saga_with_barrier": round(keeping.most.cpu_us["participants"]),
        "in_flight": quick.in_flight,
        "sagas_per_s_with_barrier": round(keeping.most.rate),
        "sagas_per_s_refused": round(quick.refused.rate),
        "sagas_per_s_refused_with_barrier": round(keeping.refused.rate),
        **_latencies("at_half_load", quick.half),
        **_latencies("at_50_in_flight", quick.fifty),
        **{f"{kind}_bytes_per_saga": round(count) for kind, count in quick.most.wrote.items()},
        "kept_bytes_per_saga": round(quick.kept_bytes),
        "commits_per_saga": round(quick.commits, 4),
        "chain_p50_ms": round(hops.percentile_ms(50), 1),
        "chain_p99_ms": round(hops.percentile_ms(99), 1),
        "row_floor_sagas_per_s": round(floors.rows.rate),
        "batch_floor_sagas_per_s": round(floors.batches),
        "probe_sagas_per_s": round(floors.probe.rate),
        "probe_cpu_us_per_saga": round(floors.probe.cpu_us),
        **(further or {}),
    }
    return json.dumps(figures)


def _latencies(when: str, measured: Measured | None) -> Mapping[str, float]:
    if measured is None:
        return {}
    return {f"p{percent}_ms_{when}": round(measured.latencies.percentile_ms(percent), 1) for percent in (50, 99)}


def commit() -> str:
    """Of the checkout; with a plus sign where it has changes that are not committed."""
    words = ["git", "describe", "--always", "--exclude=*", "--dirty=+"]
    found = subprocess.run(words, capture_output=True, text=True, check=False)
    return found.stdout.strip() or "unknown"
