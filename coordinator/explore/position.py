"""Where a saga stands while it is explored, and when two such places are the same."""

from collections.abc import Iterable

from coordinator.engine.lifecycle import Back, Forward
from coordinator.engine.state import SagaState
from coordinator.explore.driver import Driver
from coordinator.explore.moves import AnswersLate, Move, SignalComes, Succeeds, TriedAgain, UpdateComes
from coordinator.explore.outcome import LATE, Happened, is_doubtful
from coordinator.history.events import Event
from coordinator.history.scopes import ScopeUndone
from coordinator.history.signals import SignalReceived
from coordinator.history.steps import StepAbandoned, StepFailed, StepHeld, StepRefused, StepSucceeded, StepTimedOut
from coordinator.history.timers import TimerFired
from coordinator.history.undos import CancelRequested
from coordinator.history.updates import UpdateAccepted, UpdateRefused

Heard = tuple[object, ...]
"""All that the saga's code was told, in order: with the same code, this is where it stands."""
Key = tuple[object, ...]


class Position:
    """One place. Its driver is at rest: it is forked, and not used itself."""

    __slots__ = ("driver", "happened", "heard", "late", "parent", "path_move", "then")

    def __init__(
        self,
        driver: Driver,
        heard: Heard,
        happened: tuple[Happened, ...],
        late: frozenset[int],
        parent: "Position | None",
        path_move: str,
    ) -> None:
        self.driver = driver
        self.heard = heard
        self.happened = happened
        self.late = late
        """Steps that answered when their undo had been sent."""
        self.parent = parent
        """The place before it, on a shortest way from the start."""
        self.path_move = path_move
        """The move from there, in words."""
        self.then: list[Position] | None = None
        """What one move leads to; None: not looked at yet."""

    @property
    def key(self) -> Key:
        """Equal for places from which the same follows: up to times, attempts and the order of undos."""
        state = self.driver.state
        steps = tuple((step.forward, step.back, step.awaited, is_doubtful(step)) for step in state.steps.values())
        cancel = None if state.cancel is None else state.cancel.type
        cause = None if state.cause is None else state.cause.type
        return self.heard, steps, state.status, state.parked_for, cancel, cause, self.late

    def tries_again(self, before: "Position") -> bool:
        """What was held there is out again, and that is all: here it was before it was held."""
        was, now = before.driver.state.steps, self.driver.state.steps
        return self.heard == before.heard and any(
            (step.forward is Forward.HELD and now[number].forward is Forward.PENDING)
            or (step.back is Back.HELD and now[number].back is Back.PENDING)
            for number, step in was.items()
        )

    @property
    def path(self) -> tuple[str, ...]:
        """The moves of a shortest way here, in words."""
        moves: list[str] = []
        place = self
        while place.parent is not None:
            moves.append(place.path_move)
            place = place.parent
        return tuple(reversed(moves))

    @property
    def depth(self) -> int:
        """How many moves it is from the start."""
        return len(self.path)


def heard_of(events: Iterable[Event]) -> Heard:
    """What the code was told by these events."""
    heard: list[object] = []
    for event in events:
        match event:
            case StepSucceeded(step, _, result):
                heard.append((step, bytes(result)))
            case StepRefused(step, _, problem) | StepFailed(step, _, problem):
                heard.append((step, type(event), problem.type))
            case StepTimedOut(step):
                heard.append((step, StepTimedOut))
            case TimerFired(timer):
                heard.append((-timer,))
            case SignalReceived(_, name, _, value):
                heard.append((name, bytes(value)))
            case UpdateAccepted(number, name, _, value):
                heard.append((number, name, bytes(value)))
            case ScopeUndone(scope):
                heard.append((ScopeUndone, scope))
            case _:
                pass
    return tuple(heard)


def happened_by(
    happened: tuple[Happened, ...], move: Move, events: Iterable[Event], before: SagaState, state: SagaState
) -> tuple[Happened, ...]:
    """What has happened, and what of these events is not the plain way through; the states are around the move.

    The same for each way to the same place: otherwise its outcomes would be told about one of these ways only.
    """
    found = list(happened)

    def note(step: int, what: str) -> None:
        found.append(Happened(step, state.steps[step].command if step else "", what))

    if isinstance(move, AnswersLate):
        note(move.step, LATE)
    elif isinstance(move, Succeeds) and move.shown:
        note(move.step, f"answers {move.shown}")
    elif isinstance(move, SignalComes | TriedAgain) and move.shown:
        note(0, f"is sent {move.name} {move.shown}")
    elif isinstance(move, UpdateComes):
        shown = f" {move.shown}" if move.shown else ""
        note(0, f"is asked {move.name}{shown} {_where(before)}")
    events = list(events)
    out = "" if any(isinstance(event, StepAbandoned) for event in events) else _out(before)
    for event in events:
        match event:
            case TimerFired() if out:
                if found[-1:] != [passes := Happened(0, "", f"sees time pass at {out}")]:
                    found.append(passes)
            case StepRefused(step, _, problem):
                note(step, "is refused" if problem.type == "refused" else f"is refused ({problem.type})")
            case StepFailed(step):
                note(step, "fails, an attempt having gone unanswered" if is_doubtful(state.steps[step]) else "fails")
            case StepTimedOut(step):
                note(step, "times out")
            case StepHeld(step, signal=None):
                note(step, "uses up its attempts")
            case StepAbandoned(step) if state.steps[step].forward is Forward.ABANDONED or state.steps[step].in_flight:
                note(step, "is not waited for")
            case UpdateRefused(number, problem):
                note(0, f"refuses {list(state.updates.ids.values())[number - 1]} ({problem.type})")
            case CancelRequested(cause):
                what = "is cancelled" if cause.type == "cancelled" else "passes its deadline"
                found.append(Happened(0, "", f"{what} {_where(before)}", tuple(sorted(before.in_flight))))
            case _:
                pass
    return _lates_in_place(found)


def _out(state: SagaState) -> str:
    """The steps that are out and the signals that are waited for."""
    steps = [f"{state.steps[step].command} (step {step})" for step in sorted(state.in_flight)]
    return ", ".join([*steps, *(f"the signal {name}" for name in sorted(set(state.signals.waits.values())))])


def _where(state: SagaState) -> str:
    return f"at {at}" if (at := _out(state)) else "while it waits"


def _lates_in_place(happened: Iterable[Happened]) -> tuple[Happened, ...]:
    """A late success stands behind what the step was given up for; or in the end, where it was given up with others."""
    lates = {each.step: each for each in happened if each.what == LATE}
    found: list[Happened] = []
    for each in happened:
        if each.what != LATE:
            found.append(each)
            given_up = each.step or (each.at[0] if len(each.at) == 1 else 0)
            if (late := lates.pop(given_up, None)) is not None:
                found.append(late)
    return (*found, *(lates[step] for step in sorted(lates)))
