"""The ledger of scopes finds nothing where nothing is wrong, and everything that can be."""

from collections.abc import Sequence

import msgspec
import pytest

from contracts.failures import Problem
from contracts.kinds import Kind
from coordinator.history.events import Event
from coordinator.history.scopes import ScopeOpened, ScopeUndone, ScopeUndoStarted
from coordinator.history.steps import StepIssued, StepSucceeded
from coordinator.history.undos import CompensationStarted, UndoIssued, UndoSucceeded
from tests.scope_ledger import scope_faults

OPEN, OPEN_PARALLEL, INNER = ScopeOpened(1, 0), ScopeOpened(1, 0, parallel=True), ScopeOpened(2, 0, within=1)
BACK, UNDONE = ScopeUndoStarted(1, Problem("no"), 0), ScopeUndone(1, 0)


def asked(step: int, scope: int | None = 1, item: str = "x") -> Event:
    arguments = msgspec.Raw(msgspec.json.encode({"item": item}))
    return StepIssued(step, "shop.take", arguments, Kind.COMPENSATABLE, True, 0, 0, scope=scope)


def done(step: int, scope: int | None = 1) -> list[Event]:
    return [asked(step, scope), StepSucceeded(step, 1, msgspec.Raw(b"1"), 0)]


def undo(step: int) -> Event:
    return UndoIssued(step, 0, 0)


def undone(step: int) -> list[Event]:
    return [undo(step), UndoSucceeded(step, 1, 0)]


RIGHT: dict[str, Sequence[Event]] = {
    "in order": [OPEN, *done(1), *done(2), BACK, *undone(2), *undone(1), UNDONE, asked(3, None, "behind 1")],
    "at once": [OPEN_PARALLEL, *done(1), *done(2), BACK, undo(2), undo(1), *undone(2)[1:], *undone(1)[1:], UNDONE],
    "unknown first": [OPEN, *done(1), asked(2), BACK, *undone(2), *undone(1), UNDONE],
    "within": [OPEN, *done(1), INNER, *done(2, 2), BACK, *undone(2), *undone(1), UNDONE],
    "turned": [OPEN, *done(1), *done(2, None), BACK, CompensationStarted(Problem("no"), 0), undo(1), undo(2)],
    "outside": [*done(1, None), OPEN, *done(2), BACK, *undone(2), UNDONE],
}
WRONG: dict[str, Sequence[Event]] = {
    "are not": [OPEN, *done(1), BACK, UNDONE],
    "steps [2] are not": [OPEN, *done(1), asked(2), BACK, *undone(1), UNDONE],
    "completed later": [OPEN, *done(1), *done(2), BACK, *undone(1)],
    "under way": [OPEN, *done(1), *done(2), BACK, undo(2), undo(1)],
    "in no scope that is": [*done(1, None), OPEN, *done(2), BACK, *undone(1)],
    "not undone yet": [OPEN, *done(1), BACK, asked(2, None, "behind 1")],
    "never undone": [OPEN, *done(1), asked(2, None, "behind 1")],
    "was not being undone": [OPEN, UNDONE],
    "twice": [OPEN, *done(1), BACK, BACK],
    "out of turn": [INNER],
}


@pytest.mark.parametrize("history", RIGHT.values(), ids=RIGHT.keys())
def test_what_is_right(history: Sequence[Event]) -> None:
    """It has no faults."""
    assert scope_faults(history) == []


@pytest.mark.parametrize(("fault", "history"), WRONG.items(), ids=WRONG.keys())
def test_what_is_wrong(fault: str, history: Sequence[Event]) -> None:
    """It has the fault that it has."""
    found = scope_faults(history)
    assert found
    assert fault in found[0]
