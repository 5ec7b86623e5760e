"""What a run prints."""

import io
import json

import pytest
from rich.console import Console

from benchmarks.bench import Bench, Floors, Load
from benchmarks.full import Full, PeerRuns
from benchmarks.full_report import figures, show_further
from benchmarks.goals import Goal, goals
from benchmarks.measured import Latencies, Measured
from benchmarks.probe.turn import Came
from benchmarks.report import as_line, show
from benchmarks.row_floor import RowFloor
from benchmarks.two import Two

PARTS = {"coordinator": 250.0, "participants": 90.0, "postgres": 70.0, "kafka": 60.0}


def measured(name: str, sagas: int = 2_400) -> Measured:
    """One second, 12 ms each."""
    return Measured(name, sagas, 1.0, Latencies([0.012] * sagas), PARTS, {"wal": 7_000.0, "kafka": 3_000.0})


def load() -> Load:
    """A load as it might be."""
    return Load(1_000, measured("most"), measured("refused", 1_800), measured("one"), measured("50"), measured("half"))


PROBE = Came(3_200.0, 125.0, 300.0, 350.0, 20_000)
FLOORS = Floors(Latencies([0.010] * 100), RowFloor(1_600.0, "pgbench"), 9_000.0, PROBE, PROBE)
BENCH = Bench(load(), FLOORS, load())
FULL = Full(
    BENCH,
    [
        PeerRuns("Amends", [measured("Amends")], [measured("one")]),
        PeerRuns("Peer 1", [measured("p", 300)], [measured("p")]),
    ],
    Two(measured("one"), measured("two"), 1.0, 2.0, 0.0),
    {"asleep": [Goal("memory", 1, 2, "MB")]},
)


def test_the_line_has_what_programs_look_for() -> None:
    """The last line is JSON, with the figures by their names."""
    line = json.loads(as_line(BENCH, figures(FULL)))
    cpu = {f"{part}_cpu_us_per_saga": round(us) for part, us in PARTS.items()}
    wanted = {"sagas_per_s": 2_400, "p50_ms": 12.0, "p99_ms": 12.0, **cpu, "peer_sagas_per_s": 300}
    assert wanted.items() <= line.items()
    assert line["commit"]


def test_the_tables_name_every_scenario() -> None:
    """Nothing that was measured is left out."""
    console = Console(file=io.StringIO(), width=200)
    show(console, BENCH)
    show_further(console, FULL)
    assert isinstance(console.file, io.StringIO)
    printed = console.file.getvalue()
    names = ["most", "refused", "one", "50", "half", "pgbench", "Peer 1", "two", "memory", "8.0"]
    assert [name for name in names if name not in printed] == []


@pytest.mark.parametrize(
    ("goal", "reached"), [(Goal("a", 1, 2, "s"), True), (Goal("a", 1, 2, "s", at_least=True), False)]
)
def test_bounds_have_a_direction(goal: Goal, reached: bool) -> None:
    """What should be small, and what should be large."""
    assert goal.reached is reached


def test_all_is_well_in_the_example() -> None:
    """Figures such as these reach every goal."""
    assert [goal.what for goal in goals(BENCH) if not goal.reached] == []
