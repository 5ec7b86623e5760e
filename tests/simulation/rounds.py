"""A saga that goes on as new: what its rounds say of each other, and that what they did stands."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from contracts.ids import command_id, parse_command_id
from coordinator.history.deadlines import DeadlineExtended
from coordinator.history.events import Event
from coordinator.history.people import SagaPaused, StepSeenTo
from coordinator.history.rounds import Begun, SagaContinued
from coordinator.history.started import SagaStarted
from coordinator.history.steps import StepIssued, StepSucceeded
from coordinator.history.undos import (
    CompensationStarted,
    UndoGivenUp,
    UndoIssued,
    UndoRegistered,
    UndoSkipped,
    UndoSucceeded,
)
from tests.faults.evidence import Effect, Evidence

Done = Mapping[str, set[str]]
"""By command: the directions in which a participant did it."""


def round_faults(
    saga_id: str, rounds: Sequence[Sequence[Event]], ledgers: frozenset[str], done: Done, freed: Collection[int]
) -> Iterator[str]:
    """``rounds``: the events of each, but for those of the row with which it ends. ``ledgers``: participants of whose
    effects all is known. ``freed``: steps whose undo a person wanted to settle, be it in the row that is not there."""
    for before, after in pairwise(rounds):
        for fault in (*_carried(before, after), *_stands(saga_id, before, ledgers, done, freed)):
            yield f"Rounds: {saga_id}: {fault}"


def first_row(begun: Event) -> int:
    """The number of the first row that is kept; ``begun``: with what that begins."""
    return begun.row if isinstance(begun, SagaContinued) else 1


def of_last_rounds(evidence: Evidence) -> Evidence:
    """Without the effects of earlier rounds: those are judged by ``round_faults``."""
    steps = {
        saga_id: rows[0].events[0].steps
        for saga_id, rows in evidence.histories.items()
        if isinstance(rows[0].events[0], SagaContinued)
    }
    kept = [
        each for each in evidence.effects if _number(each) > steps.get(parse_command_id(each.command_id).saga_id, 0)
    ]
    return replace(evidence, effects=kept)


def _number(effect: Effect) -> int:
    return parse_command_id(effect.command_id).step


def _carried(before: Sequence[Event], after: Sequence[Event]) -> Iterator[str]:
    """What one round is told of the one before."""
    old, new = before[0], after[0]
    assert isinstance(old, Begun)
    assert isinstance(new, SagaContinued)
    number, steps = (old.round, old.steps) if isinstance(old, SagaContinued) else (1, 0)
    asked = max((event.step for event in before if isinstance(event, StepIssued)), default=steps)
    if new.round != number + 1 or new.steps < asked:
        yield f"round {new.round} with {new.steps} steps behind it comes after round {number}, with {asked}"
    first = old.first_input if isinstance(old, SagaContinued) else old.input
    parent = None if old.parent is None or old.parent.detached else old.parent
    if (bytes(new.first_input), new.parent) != (bytes(first), parent):
        yield f"round {new.round} says that it began as {new.first_input} of {new.parent}"
    paused = any(isinstance(event, SagaPaused) for event in before)
    extended = [event.due for event in before if isinstance(event, DeadlineExtended)]
    if not paused and not _fits(new.deadline, max((old.deadline or 0, *extended))):
        yield f"the deadline was {old.deadline}, extended to {extended}, and is {new.deadline} in round {new.round}"
    if any(isinstance(event, CompensationStarted) for event in before):
        yield f"it went back in round {number}, and has another one"
    if isinstance(old, SagaStarted) and isinstance(old.deadline, int) and new.deadline is None and new.cancel is None:
        yield f"round {new.round} has lost the deadline"


def _fits(deadline: int | None, known: int) -> bool:
    """It may have been extended once more, by whole seconds, in the row that is not written for the round's end."""
    return deadline is None or (deadline >= known and (deadline - known) % 1_000 == 0)


def _stands(
    saga_id: str, events: Sequence[Event], ledgers: frozenset[str], done: Done, freed: Collection[int]
) -> Iterator[str]:
    """Nothing is half done when a round ends, and nothing of it is undone later."""
    undone = {event.step for event in events if isinstance(event, UndoIssued)}
    settled = {event.step for event in events if isinstance(event, UndoSucceeded)}
    free = (set(freed) & undone - settled) | {
        event.step
        for event in events
        if isinstance(event, UndoSkipped | UndoGivenUp)
        or (isinstance(event, StepSeenTo) and event.act in ("confirm_undo", "give_result"))
    }
    succeeded = {event.step for event in events if isinstance(event, StepSucceeded)}
    for event in events:
        if isinstance(event, UndoRegistered) and event.step not in free and event.command.partition(".")[0] in ledgers:
            found = done.get(command_id(saga_id, event.step), set())
            if found != ({"forward"} if event.step in undone else set()):
                yield f"step {event.step} of an earlier round was registered as an undo, and there is {sorted(found)}"
        if not isinstance(event, StepIssued) or event.step in free or event.command.partition(".")[0] not in ledgers:
            continue
        found = done.get(command_id(saga_id, event.step), set())
        if event.step in undone and found not in (set(), {"forward", "undo"}):
            yield f"step {event.step} of an earlier round was to be undone, and there is {sorted(found)} of it"
        if event.step not in undone and "undo" in found:
            yield f"step {event.step} of an earlier round was undone"
        if event.step in succeeded - undone and found != {"forward"}:
            yield f"step {event.step} of an earlier round succeeded, and there is {sorted(found)} of it"
