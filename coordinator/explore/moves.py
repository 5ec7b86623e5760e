"""What can happen to a saga next, as it is explored."""

from typing import assert_never

import msgspec

from contracts.values import NULL
from coordinator.engine.state import SagaState


class Succeeds(msgspec.Struct, frozen=True):
    """The step's command does what it is for."""

    step: int
    result: msgspec.Raw
    shown: str = ""
    """In how far the result is another than the command's first, in words."""


class IsRefused(msgspec.Struct, frozen=True):
    """A business no to the step's command."""

    step: int
    refusal: str


class FailsForGood(msgspec.Struct, frozen=True):
    """The step's command fails and is not tried again.

    ``doubtful``: only after an earlier attempt was never answered, so that nobody knows whether that one had an effect.
    """

    step: int
    doubtful: bool = False


class TimesOut(msgspec.Struct, frozen=True):
    """Nothing is heard of the step until its attempts are used up; others that are out say that they are at it."""

    step: int


class AnswersLate(msgspec.Struct, frozen=True):
    """The step succeeds after all, when its undo has been sent already."""

    step: int
    result: msgspec.Raw


class SignalComes(msgspec.Struct, frozen=True):
    """Somebody sends the saga's code a signal that it waits for."""

    name: str
    value: msgspec.Raw
    shown: str = ""
    """In how far the value is another than the signal's first, in words."""


class TriedAgain(msgspec.Struct, frozen=True):
    """The signal comes that steps, or undos, wait for whose attempts are used up."""

    name: str
    value: msgspec.Raw = NULL
    shown: str = ""
    """In how far the value is another than the signal's first, in words, where the code hears of it too."""


class UpdateComes(msgspec.Struct, frozen=True):
    """Somebody asks the saga's code for something that it takes."""

    name: str
    value: msgspec.Raw
    shown: str = ""
    """In how far the value is another than the update's first, in words."""


class TimePasses(msgspec.Struct, frozen=True):
    """The next timer of the saga fires, while everything that is out is still at it."""


class DeadlinePasses(msgspec.Struct, frozen=True):
    """The saga's deadline passes, here and now: what was answered so far has taken so long."""


class IsCancelled(msgspec.Struct, frozen=True):
    """Somebody wants the saga undone."""


class UndoSucceeds(msgspec.Struct, frozen=True):
    """The step's undo does what it is for."""

    step: int


class UndoFails(msgspec.Struct, frozen=True):
    """The step's undo fails for good: a person must see to it."""

    step: int


class UndoIsHeld(msgspec.Struct, frozen=True):
    """The attempts of the step's undo are used up, and it waits for its signal."""

    step: int


Move = (
    Succeeds
    | IsRefused
    | FailsForGood
    | TimesOut
    | AnswersLate
    | SignalComes
    | TriedAgain
    | UpdateComes
    | TimePasses
    | DeadlinePasses
    | IsCancelled
    | UndoSucceeds
    | UndoFails
    | UndoIsHeld
)


def in_words(move: Move, state: SagaState) -> str:
    """The move as people read it, about a saga that stands there."""

    def named(step: int) -> str:
        return f"{state.steps[step].command} (step {step})"

    match move:
        case Succeeds(step, _, shown):
            return f"{named(step)} succeeds{f' with {shown}' if shown else ''}"
        case IsRefused(step, refusal):
            return f"{named(step)} is refused{'' if refusal == 'refused' else f' ({refusal})'}"
        case FailsForGood(step, doubtful):
            return f"{named(step)} fails for good{', an attempt having gone unanswered' if doubtful else ''}"
        case TimesOut(step):
            return f"{named(step)} times out"
        case AnswersLate(step):
            return f"{named(step)} succeeds late"
        case SignalComes(name, _, shown):
            return f"the signal {name} comes{f' with {shown}' if shown else ''}"
        case TriedAgain(name, _, shown):
            return f"the signal {name} comes{f' with {shown}' if shown else ''}, and what waits for it is tried again"
        case UpdateComes(name, _, shown):
            return f"the update {name} comes{f' with {shown}' if shown else ''}"
        case TimePasses():
            return "time passes"
        case DeadlinePasses():
            return "the deadline passes"
        case IsCancelled():
            return "the saga is cancelled"
        case UndoSucceeds(step):
            return f"{state.steps[step].undo_in_words} (step {step}) succeeds"
        case UndoFails(step):
            return f"{state.steps[step].undo_in_words} (step {step}) is given up"
        case UndoIsHeld(step):
            return f"{state.steps[step].undo_in_words} (step {step}) uses up its attempts"
        case _:
            assert_never(move)
