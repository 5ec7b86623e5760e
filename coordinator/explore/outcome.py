"""How a saga ends after one way through it, and what then stands in the world."""

from collections.abc import Iterable

import msgspec

from contracts.command import Command
from coordinator.engine.lifecycle import UNKNOWN, Back, Forward
from coordinator.engine.state import SagaState, Step
from coordinator.engine.status import Status
from coordinator.history.events import Event
from coordinator.history.undos import UndoIssued
from coordinator.saga.definition import SagaDefinition

LATE = "succeeds late"
"""What happens to a step whose undo has been sent already."""


class Happened(msgspec.Struct, frozen=True):
    """Something that is not the plain way through."""

    step: int
    """0: to the saga as a whole."""
    command: str
    """Empty: the saga as a whole."""
    what: str
    """``is refused``."""
    at: tuple[int, ...] = ()
    """Of the saga as a whole: the steps that were out."""

    def __str__(self) -> str:
        return f"{self.command} (step {self.step}) {self.what}" if self.step else f"the saga {self.what}"


def told(happened: tuple[Happened, ...]) -> str:
    """All of it as one sentence; empty for nothing."""
    words: list[str] = []
    for place, each in enumerate(happened):
        before = happened[place - 1] if place else None
        if each.what == LATE and before is not None and (each.step == before.step or before.at == (each.step,)):
            words.append(f"{'and' if before.step else 'which'} {LATE}")
        else:
            words.append(str(each))
    return ", ".join(words)


class Outcome(msgspec.Struct, frozen=True):
    """One end, and all the ways to it that differ in nothing that is said here."""

    happened: tuple[Happened, ...]
    """Where it left the plain way, in order; empty: nowhere."""
    ends: Status
    """RUNNING: it goes on as new. What the next round does is another saga's story: give it that input."""
    problem: str
    """Why it went back, or what it is parked for; empty when it went through."""
    undone: tuple[str, ...]
    """Commands that were undone, in the order in which their undos were sent; ``by notices.tell``, where the code
    itself had said what is to be done."""
    given_up: tuple[str, ...]
    """Commands whose undo was given up: what they did may stand, and a person is told."""
    remains: tuple[str, ...]
    """Commands whose effect stands, by order of steps."""
    doubtful: tuple[str, ...]
    """Commands that may have had an effect, which nothing undoes."""
    ways: int
    """How many ways lead here: other orders, other results, undos in another order."""
    path: tuple[str, ...]
    """A shortest way, move by move."""


def outcome_of(
    definition: SagaDefinition, state: SagaState, history: Iterable[Event], happened: tuple[Happened, ...]
) -> Outcome:
    """The end that this state is, without a way to it."""
    steps = sorted(state.steps.values(), key=lambda step: step.number)
    undos = [state.steps[event.step] for event in history if isinstance(event, UndoIssued)]
    return Outcome(
        happened=happened,
        ends=state.status,
        problem=state.parked_for or ("" if state.cause is None else state.cause.type),
        undone=tuple(_named(step) for step in undos if step.back is Back.DONE),
        given_up=tuple(_named(step) for step in undos if step.back is Back.GIVEN_UP),
        remains=tuple(step.command for step in steps if _stands(definition, step)),
        doubtful=tuple(step.command for step in left_doubtful(definition, state)),
        ways=0,
        path=(),
    )


def _named(step: Step) -> str:
    return f"by {step.command}" if step.registered else step.command


def left_doubtful(definition: SagaDefinition, state: SagaState) -> list[Step]:
    """Steps that may have had an effect, though nothing undoes it and nobody is told."""
    return [step for step in state.steps.values() if is_doubtful(step) and not _changes_nothing(definition, step)]


def left_behind(definition: SagaDefinition, state: SagaState) -> list[Step]:
    """Of a saga that has gone back: steps that did something which stands."""
    return [step for step in state.steps.values() if _stands(definition, step)]


def _stands(definition: SagaDefinition, step: Step) -> bool:
    return step.forward is Forward.SUCCEEDED and step.back is Back.NONE and not _changes_nothing(definition, step)


def is_doubtful(step: Step) -> bool:
    """Nobody knows whether it happened, and nothing undoes it.

    A failed attempt leaves nothing behind (docs/message-protocol.md); an earlier one that was never answered may.
    """
    if step.undoable or step.forward not in UNKNOWN:
        return False
    return step.forward is not Forward.FAILED or step.attempt > 1


def _changes_nothing(definition: SagaDefinition, step: Step) -> bool:
    command: Command[..., object] | None = definition.command(step.command)
    return command is not None and command.nothing_to_undo
