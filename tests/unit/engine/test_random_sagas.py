"""Any saga, any answers, signals and updates, in any order: what must hold, holds after every activation.

Programs are data: a saga that interprets its input. Hypothesis makes up the program and what happens to it; a failure
is shrunk to the smallest that shows it.
"""

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.ids import parse_command_id
from contracts.overrides import Override
from coordinator.engine.decision import Send
from coordinator.engine.lifecycle import Back, Forward
from coordinator.engine.status import Status
from coordinator.history.codec import read_events
from coordinator.history.endings import SagaEnded
from coordinator.history.events import Event
from coordinator.history.parking import SagaParked, SagaResumed
from coordinator.history.people import StepSeenTo
from coordinator.history.signals import SignalHeeded
from coordinator.history.steps import StepAbandoned, StepHeld, StepIssued, StepRefused, StepRetried, StepSucceeded
from coordinator.history.undos import (
    CompensationStarted,
    UndoHeld,
    UndoIssued,
    UndoRegistered,
    UndoRetried,
    UndoSkipped,
    UndoSucceeded,
)
from tests.sagas import SagaDriver
from tests.scope_ledger import scope_faults
from tests.signal_ledger import signal_faults
from tests.unit.engine.random_acts import ACTS, lived
from tests.unit.engine.random_programs import Program, programs
from tests.update_ledger import update_faults


def check(driver: SagaDriver) -> None:
    """What must hold at every moment."""
    history = driver.history
    ends = [place for place, event in enumerate(history) if isinstance(event, SagaEnded)]
    assert ends in ([], [len(history) - 1]), "one ending, and nothing behind it"
    state = driver.machine.state
    if driver.status.ended:
        assert driver.in_ms is None
        assert not any([state.in_flight, state.undoing, state.to_undo, state.given_up])
    check_sends(driver.sent)
    check_signals(driver)
    check_updates(driver)
    check_undos(history)
    check_overrides(driver.sent, history)
    check_held(history)
    assert scope_faults(history) == []
    if driver.status is Status.COMPLETED:
        done = [step for step in state.steps.values() if step.forward is Forward.SUCCEEDED]
        assert all(step.back is Back.NONE or step.scope is not None for step in done), "what succeeded stays done"
    if driver.status in (Status.COMPENSATED, Status.FAILED):
        effects = [step for step in state.steps.values() if step.undoable and step.forward is not Forward.REFUSED]
        assert all(step.back is Back.DONE for step in effects), "whatever may have had an effect is undone"
        assert not state.forward_only


def check_sends(sent: Sequence[Send]) -> None:
    """Attempts of a command are numbered from 1 without gaps, and carry the same; an undo comes after its command."""
    seen: dict[str, Send] = {}
    for send in sent:
        before = seen.get(send.command_id)
        assert send.attempt == (1 if before is None else before.attempt + 1)
        assert before is None or before.value == send.value or send.direction == "undo"
        assert before is None or before.undo == send.undo
        assert send.local == send.type.startswith("desk."), "whoever did it undoes it"
        assert send.direction == "forward" or send.command_id.removesuffix(":undo") in seen
        assert send.direction == "undo" or f"{send.command_id}:undo" not in seen
        seen[send.command_id] = send


def check_signals(driver: SagaDriver) -> None:
    """Each is received once and taken once, in order, and nobody waits for what is kept."""
    rows = [read_events(row) for row in driver.rows]
    assert list(signal_faults(driver.saga_id, rows, frozenset(), frozenset())) == []


def check_updates(driver: SagaDriver, *, quiet: bool = False) -> None:
    """Each is accepted once and answered once; when all is quiet, none is open that could be answered."""
    rows = [read_events(row) for row in driver.rows]
    assert list(update_faults(driver.saga_id, rows, quiet=quiet)) == []


def check_undos(history: Sequence[Event]) -> None:
    """Known ones in reverse order of completion; none for a refused step; nothing forward once the saga has turned."""
    succeeded: list[int] = []
    refused: set[int] = set()
    undoable: dict[int, bool] = {}
    undone: set[int] = set()
    turned = False
    for event in history:
        match event:
            case StepIssued(step=step):
                assert not turned
                undoable[step] = event.undoable
            case UndoRegistered(step=step):
                assert not turned
                undoable[step] = True
                succeeded.append(step)
            case StepRetried():
                assert not turned
            case StepSucceeded(step=step):
                assert not turned
                succeeded.append(step)
            case StepRefused(step=step):
                refused.add(step)
            case CompensationStarted():
                assert not turned
                turned = True
            case UndoIssued(step=step):
                assert undoable[step]
                assert step not in refused | undone
                undone.add(step)
                if step in succeeded and turned:  # before, it is the scope's: see ScopeLedger
                    later = succeeded[succeeded.index(step) + 1 :]
                    assert [each for each in later if undoable[each] and each not in undone] == []
            case UndoRetried(step=step) | UndoSucceeded(step=step):
                assert step in undone
            case _:
                pass


def check_overrides(sent: Sequence[Send], history: Sequence[Event]) -> None:
    """What a call has of its own holds for all its attempts: which undo, how long, how often."""
    issued = {event.step: event for event in history if isinstance(event, StepIssued)}
    for send in sent:
        if send.direction == "undo":
            override = issued[parse_command_id(send.command_id).step].override
            assert send.undo == (override.undo if override is not None and override.undo else None)
    for event in history:
        match event:
            case StepIssued(override=Override(timeout_ms=int(timeout))):
                assert event.deadline - event.at == timeout
            case StepRetried(step=step):
                override = issued[step].override
                renewed = any(isinstance(each, StepSeenTo | StepHeld) for each in history)
                assert renewed or override is None or override.retry is None or override.retry.attempts != 1
            case _:
                pass


def check_held(history: Sequence[Event]) -> None:
    """What is held is tried again by what it waits for, or by a person, and by nothing else; nobody is parked for what
    waits for a signal."""
    held: dict[tuple[bool, int], str | None] = {}
    heard: str | None = None
    by_person = False
    for event in history:
        match event:
            case StepHeld(step=step, signal=signal):
                held[False, step] = signal
            case UndoHeld(step=step, signal=signal):
                held[True, step] = signal
            case SignalHeeded(name=name):
                assert name in held.values()
                heard = name
            case StepSeenTo() | SagaResumed():
                by_person = True
            case SagaParked(why="step"):
                assert None in held.values()
            case StepRetried(step=step) | UndoRetried(step=step):
                undo = isinstance(event, UndoRetried)
                if (undo, step) in held:
                    assert by_person or held.pop((undo, step)) == heard is not None
                    held.pop((undo, step), None)
            case StepSucceeded(step=step) | StepRefused(step=step) | StepAbandoned(step=step):
                held.pop((False, step), None)
            case UndoSucceeded(step=step) | UndoSkipped(step=step):
                held.pop((True, step), None)
            case _:
                pass


@pytest.mark.timeout(300)
@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(programs(bugs=True), st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 5)), max_size=25))
def test_whatever_happens(program: Program, acts: list[tuple[str, int]]) -> None:
    """Warm equals rebuilt; commands and undos in order; and when all is answered the saga has ended or is parked."""
    driver = lived(program, acts, check)
    check_updates(driver, quiet=True)
    assert driver.status.ended or driver.status is Status.PARKED
    if driver.status is Status.PARKED and driver.machine.state.parked_for == "code":
        assert "nothing will ever bring" in driver.parked_message or "raised" in driver.parked_message
