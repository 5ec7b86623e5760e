"""Steps and undos whose budget is used up, and that are not given up: they wait for a signal, or for a person."""

from coordinator.engine import compensation, forward
from coordinator.engine.facts import Signal
from coordinator.engine.lifecycle import Back, Forward
from coordinator.engine.state import SagaState, Step
from coordinator.engine.turn import Turn
from coordinator.history.events import Event
from coordinator.history.signals import SignalHeeded
from coordinator.history.steps import StepHeld

_HELD = (
    "{command} (step {step}) was tried as often, or as long, as its policy allows, and has not succeeded "
    "({problem}). Mend what keeps it from that and resume the saga: it is tried again. Or give its result by hand, or "
    "cancel the saga to undo what it did."
)


def record(turn: Turn, event: Event) -> None:
    """The event that an answer, or its absence, amounts to; a step that is held for a person parks the saga."""
    turn.record(event)
    if type(event) is StepHeld and event.signal is None:
        step = turn.state.steps[event.step]
        turn.park("step", _HELD.format(command=step.command, step=step.number, problem=event.problem.in_words))


def held_for(state: SagaState, signal: str) -> list[Step]:
    """Those that wait for that signal, steps and undos, in order of the steps. In a saga that has ended nobody does."""
    if state.status.ended:
        return []
    out = sorted(state.in_flight | state.undoing)
    return [step for number in out if (step := state.steps[number]).held and step.held_for == signal]


def heed(turn: Turn, signal: Signal) -> None:
    """Whoever waits for the signal is tried again, with a new budget."""
    waiting = held_for(turn.state, signal.name)
    if waiting:
        turn.record(SignalHeeded(signal.name, signal.id, turn.now))
    for step in waiting:
        _try_again(turn, step)


def try_again(turn: Turn) -> None:
    """The saga goes on that was parked for steps: they have a new budget each."""
    state = turn.state
    for number in sorted(state.in_flight):
        step = state.steps[number]
        if step.forward is Forward.HELD and step.held_for is None:
            _try_again(turn, step)


def _try_again(turn: Turn, step: Step) -> None:
    command = turn.command(step)
    if step.back is Back.HELD:
        turn.record(compensation.retried(step, command, turn.now))
    else:
        turn.record(forward.retried(step, command, turn.now))
