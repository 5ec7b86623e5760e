"""What people do to a whole saga: pause it, let it go on, cancel it, end it."""

from contracts.failures import Problem
from coordinator.engine import compensation
from coordinator.engine.conclude import conclude, parked_because
from coordinator.engine.facts import Accepted, Conflict, Known, Verdict
from coordinator.engine.held import try_again
from coordinator.engine.kept import kept_text
from coordinator.engine.rebuild import Rebuilt, resume, stand_again
from coordinator.engine.replay import CodeMismatch
from coordinator.engine.replies import let_go_back, take_in
from coordinator.engine.status import Status
from coordinator.engine.turn import Turn
from coordinator.history.endings import SagaTerminated
from coordinator.history.parking import SagaResumed
from coordinator.history.people import SagaPaused, SagaUnpaused
from coordinator.history.undos import CancelRequested


def on_pause(turn: Turn, reason: str) -> Verdict:
    """Its code is thrown away meanwhile: nobody needs it."""
    status = turn.state.status
    if status is Status.PAUSED:
        return Known()
    if status not in (Status.RUNNING, Status.COMPENSATING):
        return Conflict(f"The saga is {status}: only one that is under way can be paused.")
    turn.record(SagaPaused(kept_text(reason), turn.now))
    turn.drop_code()
    return Accepted()


def on_resume(turn: Turn, reason: str) -> Verdict:
    """A paused saga goes on where it stood; a parked one tries again what it was parked for."""
    state = turn.state
    if state.status is Status.PAUSED:
        _unpause(turn, reason)
        return Accepted()
    if state.status is not Status.PARKED:
        return Conflict(f"The saga is {state.status}, neither paused nor parked: there is nothing to resume.")
    if state.code_stopped:
        return resume_code(turn, reason)
    turn.record(SagaResumed(turn.now, kept_text(reason)))
    for number in sorted(state.given_up, reverse=True):
        step = state.steps[number]
        turn.record(compensation.retried(step, turn.command(step), turn.now))
    return Accepted()


def on_cancel(turn: Turn, reason: str) -> Verdict:
    """The saga goes back, from a pause too."""
    state = turn.state
    if state.status.ended:
        return Conflict(f"The saga has ended: it is {state.status}. There is nothing to cancel.")
    if state.cause is not None or state.cancel is not None:
        if state.status is not Status.PAUSED:
            return Known()
        _unpause(turn, reason)
        return Accepted()
    if state.forward_only:
        return Conflict("The saga is past its point of no return: it can only go forward now.")
    problem = Problem(type="cancelled", message=kept_text(reason) or "Cancelled from outside.")
    turn.record(CancelRequested(problem, turn.now))
    if state.status is Status.PAUSED:
        _unpause(turn, reason)
    else:
        let_go_back(turn)
    return Accepted()


def on_terminate(turn: Turn, reason: str) -> Verdict:
    """What it has done stands, and so does what is under way."""
    status = turn.state.status
    if status is Status.TERMINATED:
        return Known()
    if status.ended:
        return Conflict(f"The saga has ended: it is {status}. There is nothing to terminate.")
    turn.record(SagaTerminated(kept_text(reason), turn.now))
    turn.drop_code()
    return Accepted()


def _unpause(turn: Turn, reason: str) -> None:
    """Going back needs no code. Code that no longer fits parks the saga, as it would have at any other moment."""
    state = turn.state
    deferred = list(state.deferred.values())
    mismatch: str | None = None
    if state.cause is None:
        try:
            _stand(turn, stand_again(turn.saga_id, turn.round, turn.definitions))
        except CodeMismatch as error:
            mismatch = str(error)
    turn.record(SagaUnpaused(kept_text(reason), turn.now))
    if mismatch is not None and not turn.state.must_go_back:
        turn.park("code", mismatch)
    take_in(turn, deferred)


def resume_code(turn: Turn, reason: str) -> Verdict:
    """The saga's code goes on where it stopped; steps that were held for a person are tried again."""
    try:
        rebuilt = resume(turn.saga_id, turn.round, turn.definitions, turn.now)
    except CodeMismatch as error:
        return Conflict(str(error))
    run = rebuilt.run
    assert run is not None, "a resumed saga has its code"
    if (again := parked_because(run, rebuilt.state, turn.definitions)) is not None:
        run.discard()
        return Conflict(f"The saga would stop at the same place again: {again.rstrip('.')}.")
    deferred = list(turn.state.deferred.values())
    _stand(turn, rebuilt)
    turn.record(SagaResumed(turn.now, kept_text(reason)))
    turn.take_in(rebuilt.tail)
    conclude(turn)
    take_in(turn, deferred)
    if not turn.state.stands_still:
        try_again(turn)
    return Accepted()


def _stand(turn: Turn, rebuilt: Rebuilt) -> None:
    """The saga stands where its log has it, with its code."""
    assert rebuilt.run is not None, "its code was called again"
    turn.state = rebuilt.state
    turn.begin(rebuilt.run)
