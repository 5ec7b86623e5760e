"""What the long run adds to the report."""

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table

from benchmarks.full import Full, PeerRuns
from benchmarks.measured import together
from benchmarks.report import goal_table, scenario_table
from benchmarks.two import two_goals


def peer_table(peers: Sequence[PeerRuns]) -> Table:
    """Ratios are ours to theirs, of the medians of turns."""
    table = Table("three steps, everything durable", "sagas/s", "range", "one at a time\np50 ms", "p99 ms", "Amends ×")
    ours = together(peers[0].most).rate
    for runs in peers:
        rates = [each.rate for each in runs.most]
        single = together(runs.single).latencies
        latencies = (f"{single.percentile_ms(percent):.1f}" for percent in (50, 99))
        rate = together(runs.most).rate
        table.add_row(
            runs.name, f"{rate:.0f}", f"{min(rates):.0f} – {max(rates):.0f}", *latencies, f"{ours / rate:.1f}"
        )
    return table


def show_further(console: Console, full: Full) -> None:
    """The tables behind those of the short run."""
    console.print(peer_table(full.peers))
    console.print(scenario_table("participants with barrier and a row each", [full.two.one, full.two.two]))
    console.print(goal_table("two coordinators on one database", two_goals(full.two)))
    for name, goals in full.many.items():
        console.print(goal_table(name, goals))


def figures(full: Full) -> Mapping[str, object]:
    """For the line of JSON."""
    peers: dict[str, object] = {}
    for runs in full.peers[1:]:
        name = runs.name.split()[0].lower()
        peers[f"{name}_sagas_per_s"] = round(together(runs.most).rate)
        peers[f"{name}_p50_ms"] = round(together(runs.single).latencies.percentile_ms(50), 1)
    return {
        **peers,
        "sagas_per_s_beside_peers": round(together(full.peers[0].most).rate),
        "two_coordinators_ratio": round(full.two.two.rate / full.two.one.rate, 2),
        "hand_over_s": round(max(full.two.joining_s, full.two.leaving_s), 2),
    }
