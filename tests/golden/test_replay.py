"""Histories as earlier releases wrote them still mean the same, and the code still fits them."""

import json
from pathlib import Path
from typing import Any

import pytest

from coordinator import catalogue
from coordinator.engine.machine import Machine
from coordinator.history.codec import read_events, write_events
from coordinator.history.events import Event
from coordinator.saga import Definitions
from tests.golden.answering import answer
from tests.golden.answering_later import certify_all
from tests.golden.bargaining import bargain, haggle
from tests.golden.calling import call_around
from tests.golden.extending import take_time
from tests.golden.going_back import choose
from tests.golden.going_on import collect
from tests.golden.having_children import have_children
from tests.golden.listening import listen
from tests.golden.registering import put_right, register
from tests.golden.showing import show_progress

DEFINITIONS = Definitions(
    [
        *catalogue.DEFINITIONS,
        listen,
        answer,
        certify_all,
        choose,
        call_around,
        show_progress,
        bargain,
        haggle,
        collect,
        take_time,
        have_children,
        register,
        put_right,
    ]
)
FILES = sorted(Path(__file__).parent.rglob("*.json"))


@pytest.fixture(params=FILES, ids=lambda file: file.stem)
def golden(request: pytest.FixtureRequest) -> Any:
    return json.loads(request.param.read_text(encoding="utf-8"))


def rows_of(golden: Any) -> list[list[Event]]:
    return [read_events(json.dumps(row)) for row in golden["rows"]]


def test_there_are_some() -> None:
    """An empty folder would prove nothing."""
    assert len(FILES) >= 20


def test_it_stands_where_it_stood(golden: Any) -> None:
    """Status, steps, outcome and next wake-up are what they were when it was recorded."""
    machine = Machine.rebuild(golden["saga_id"], rows_of(golden), DEFINITIONS)
    outcome = machine.state.outcome
    assert golden["stands"] == {
        "status": machine.status,
        "wake_at": machine.wake_at,
        "outcome": None if outcome is None else json.loads(outcome),
        "steps": {step.command: [step.forward, step.back] for step in machine.state.steps.values()},
    }


def test_it_shows_what_it_showed(golden: Any) -> None:
    """Line and attributes; most show nothing."""
    shown = Machine.rebuild(golden["saga_id"], rows_of(golden), DEFINITIONS).state.shown
    assert golden.get("shown") == (None if shown is None else {"line": shown.line, "attributes": shown.attributes})


def test_the_code_fits_it_at_every_row(golden: Any) -> None:
    """Rebuilt after any of its rows, the saga has nothing to add: neither a mismatch nor another request."""
    rows = rows_of(golden)
    for end in range(1, len(rows) + 1):
        decision = Machine.rebuild(golden["saga_id"], rows[:end], DEFINITIONS).advance([], rows[end - 1][-1].at)
        assert (decision.events, decision.sends) == ((), ())


def test_it_is_written_as_it_was(golden: Any) -> None:
    """Reading and writing loses nothing: names, fields and values are stable."""
    for row in golden["rows"]:
        assert json.loads(write_events(read_events(json.dumps(row)))) == row
