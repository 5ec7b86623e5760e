"""What follows by itself after every fact: undos that are due to be sent, and the ends of a saga."""

from coordinator.engine import compensation
from coordinator.engine.agenda import Due
from coordinator.engine.compensation import scopes_undone
from coordinator.engine.failure import DEADLINE, cause_of, problem_of
from coordinator.engine.kept import named
from coordinator.engine.rounds import begin_round, cannot_go_on
from coordinator.engine.run import Continued, Raised, Returned, Run
from coordinator.engine.state import SagaState
from coordinator.engine.status import RUNNING, Status
from coordinator.engine.turn import Turn
from coordinator.history.endings import SagaCompensated, SagaCompleted, SagaFailed, SagaPartiallyCompensated
from coordinator.history.parking import SagaResumed
from coordinator.history.scopes import ScopeUndone
from coordinator.history.undos import CompensationStarted
from coordinator.saga.definitions import Definitions

_GIVEN_UP = (
    "An undo was given up: {steps}. Mend what keeps it from succeeding, then resume the saga: the undo is tried again."
)
NOTHING_TO_COME = (
    "The saga's code waits for something that nothing will ever bring: no step is under way, no timer runs and no "
    "signal is awaited. Deploy code that waits for one of these and the saga goes on from here, or cancel it to undo "
    "what it did."
)


def conclude(turn: Turn) -> None:
    """Records what follows until nothing does."""
    if _on_its_way(turn) or turn.state.status is Status.PAUSED or turn.state.status.ended:
        return
    while _follow(turn):
        pass


def _follow(turn: Turn) -> bool:
    """Whether the code has heard of something, so that more may follow."""
    if turn.state.status is RUNNING and turn.run is not None and turn.run.outcome is not None:
        _left(turn, turn.run.outcome)
    _cancelled(turn)
    _send_undos(turn)
    if turn.state.status is RUNNING and turn.run is not None and (undone := scopes_undone(turn.state)):
        turn.record(ScopeUndone(undone[0], turn.now))
        return True
    return _end(turn)


def _on_its_way(turn: Turn) -> bool:
    """The code waits for a step, and nobody wants anything else: the usual case, and nothing follows."""
    state, run = turn.state, turn.run
    return (
        state.status is RUNNING
        and run is not None
        and run.outcome is None
        and bool(state.in_flight)
        and state.cancel is None
        and not state.to_undo
        and not state.scopes.undoing
    )


def parked_because(run: Run | None, state: SagaState, definitions: Definitions) -> str | None:
    """The code has raised what is no reason to go back, or came too late for that; or it cannot go on as new."""
    outcome = None if run is None else run.outcome
    if isinstance(outcome, Raised):
        return named(outcome.error) if state.forward_only or problem_of(outcome.error) is None else None
    return cannot_go_on(run, state, definitions)


def _left(turn: Turn, outcome: Returned | Continued | Raised) -> None:
    if isinstance(outcome, Raised):
        _raised(turn, outcome)
    elif (why := cannot_go_on(turn.run, turn.state, turn.definitions)) is not None:
        turn.park("code", why, raised=True)


def _raised(turn: Turn, raised: Raised) -> None:
    problem = problem_of(raised.error)
    if problem is None:
        turn.park_for_bug(raised.error)
    elif turn.state.forward_only:
        turn.park(
            "forward_only",
            f"The saga said no after its point of no return ({problem.type}: {problem.message}): nothing was undone. "
            "Deploy code that goes forward from here and resume it.",
            raised=True,
        )
    elif not turn.state.pivot_in_flight:
        turn.record(CompensationStarted(problem, turn.now, cause_of(raised.error)))
        turn.drop_code()


def _cancelled(turn: Turn) -> None:
    cancel = turn.state.cancel
    if cancel is not None and turn.state.must_go_back:
        sort = "timed_out" if cancel.type == DEADLINE else "cancelled"
        turn.record(CompensationStarted(cancel, turn.now, sort))
        turn.drop_code()


def _send_undos(turn: Turn) -> None:
    state = turn.state
    if state.parked_for == "undo" and not state.given_up:
        turn.record(SagaResumed(turn.now))
    while numbers := compensation.next_undos(state):
        for number in numbers:
            step = state.steps[number]
            turn.record(compensation.issued(step, turn.command(step), turn.now))


def _end(turn: Turn) -> bool:
    """Whether it goes on as new instead."""
    state = turn.state
    if compensation.may_end(state):
        turn.record(_undone(state)(turn.now))
    elif state.given_up and not state.code_stopped and (state.cause is not None or _returned(turn) or _stuck(turn)):
        steps = ", ".join(f"{state.steps[number].command} (step {number})" for number in sorted(state.given_up))
        message = _GIVEN_UP.format(steps=steps)
        if state.status is not Status.PARKED or state.parked_message != message:
            turn.park("undo", message)
    elif state.status is RUNNING and turn.run is not None:
        if _returned(turn):
            if isinstance(turn.run.outcome, Continued):
                begin_round(turn)
                return True
            assert isinstance(turn.run.outcome, Returned)
            turn.record(SagaCompleted(turn.run.outcome.result, turn.now))
            turn.drop_code()
        elif not (state.in_flight or state.undoing or state.due or state.signals.waits or turn.run.takes_updates):
            turn.park("code", NOTHING_TO_COME, raised=True)
    return False


def _stuck(turn: Turn) -> bool:
    """The code waits for the undo of a scope, and for nothing else that is under way.

    Updates may never come, and the deadline in a month: neither keeps a person from being told.
    """
    state = turn.state
    timers = state.due.first_of(Due.TIMER) is not None
    busy = state.in_flight or state.undoing or timers or state.signals.waits
    return bool(state.scopes.undoing) and turn.run is not None and not busy


def _undone(state: SagaState) -> type[SagaCompensated | SagaPartiallyCompensated | SagaFailed]:
    if state.skipped:
        return SagaPartiallyCompensated
    reopened = state.parent is not None and state.parent.reopened
    return SagaCompensated if state.undone or reopened else SagaFailed


def _returned(turn: Turn) -> bool:
    """The code is through, or goes on as new, and nothing it left behind is still under way.

    A coroutine that it left, and that waits for something that never comes, is not under way.
    """
    state, run = turn.state, turn.run
    if run is None or not isinstance(run.outcome, (Returned, Continued)):
        return False
    if state.in_flight or state.undoing or state.to_undo or state.scopes.undoing:
        return False
    return run.through or not state.due
