"""Any saga that goes on as new, any answers, signals and updates: what must hold of rounds, and in each of them."""

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coordinator.engine.status import Status
from coordinator.history.events import Event
from coordinator.history.rounds import SagaContinued
from coordinator.history.signals import SignalReceived, SignalTaken
from coordinator.history.steps import StepIssued
from coordinator.history.undos import UndoIssued, UndoRegistered
from coordinator.history.updates import UpdateAccepted, UpdateAnswered, UpdateRefused
from tests.kept_rows import kept_rows
from tests.sagas import SagaDriver
from tests.scope_ledger import scope_faults
from tests.unit.engine.random_acts import ACTS, lived, settle
from tests.unit.engine.random_programs import Program, anything, programs
from tests.unit.engine.test_random_sagas import check_held, check_overrides, check_sends, check_undos


def check(driver: SagaDriver) -> None:
    """What must hold at every moment."""
    history = driver.history
    check_sends(driver.sent)
    check_undos(history)
    check_overrides(driver.sent, history)
    check_held(history)
    check_numbers(history)
    check_rounds(history)
    kept = [event for row in kept_rows(driver.rows) for event in row]
    assert scope_faults(kept) == []
    assert len([event for event in kept if isinstance(event, SagaContinued)]) <= 1


def check_numbers(history: Sequence[Event]) -> None:
    """They go on through all rounds: steps, signals and updates; what came once is taken once, and answered once."""
    for kind, name in ((StepIssued | UndoRegistered, "step"), (SignalReceived, "signal"), (UpdateAccepted, "update")):
        numbers = [getattr(event, name) for event in history if isinstance(event, kind)]
        assert numbers == list(range(1, len(numbers) + 1))
    taken = [event.signal for event in history if isinstance(event, SignalTaken)]
    assert len(taken) == len(set(taken))
    answered = [event.update for event in history if isinstance(event, UpdateAnswered | UpdateRefused)]
    assert len(answered) == len(set(answered))


def check_rounds(history: Sequence[Event]) -> None:
    """Each begins behind what is settled, with what is left; and undoes its own steps only."""
    steps = received = 0
    kept: dict[int, SignalReceived] = {}
    open_updates: set[int] = set()
    earlier = 0
    for event in history:
        match event:
            case StepIssued(step) | UndoRegistered(step):
                steps = step
            case SignalReceived(signal):
                received, kept[signal] = signal, event
            case SignalTaken(signal):
                del kept[signal]
            case UpdateAccepted(update):
                open_updates.add(update)
            case UpdateAnswered(update) | UpdateRefused(update):
                open_updates.remove(update)
            case UndoIssued(step):
                assert step > earlier, "what a round did stands"
            case SagaContinued():
                assert (event.steps, event.signals, open_updates) == (steps, received, set())
                assert [each.signal for each in event.kept] == list(kept)
                earlier = steps
            case _:
                pass


def of_rounds() -> st.SearchStrategy[Program]:
    """Up to four, of any programs."""

    def behind(rounds: list[Program]) -> Program:
        first, *rest = rounds
        return [*first, ["again", behind(rest)]] if rest else first

    return st.lists(programs(bugs=True), min_size=2, max_size=4).map(behind)


@pytest.mark.timeout(300)
@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(of_rounds(), st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 5)), max_size=25))
def test_whatever_happens_in_rounds(program: Program, acts: list[tuple[str, int]]) -> None:
    """Warm equals rebuilt, from all rows and from the kept ones; when all is answered it has ended or is parked."""
    driver = lived(program, acts, check)
    assert driver.status.ended or driver.status is Status.PARKED
    if driver.status is Status.PARKED and driver.machine.state.parked_for == "code":
        assert "nothing will ever bring" in driver.parked_message or "raised" in driver.parked_message


def test_some_go_on() -> None:
    """The programs do what they are made for."""
    driver = SagaDriver(anything).start([["take"], ["again", [["look"], ["again", [["take"]]]]]])
    settle(driver)
    assert (driver.status, driver.machine.state.round) == ("completed", 3)
    check(driver)
