"""What becomes of a saga whose parent goes back."""

from contracts.answers import Failure, Pending, Success
from contracts.failures import Problem
from contracts.values import NULL
from coordinator.engine.children import cannot_be_undone
from coordinator.engine.conclude import conclude
from coordinator.engine.facts import Accepted, Known, UndoChild, Verdict
from coordinator.engine.replies import let_go_back
from coordinator.engine.status import Status
from coordinator.engine.turn import Turn
from coordinator.history.children import SagaReopened, UndoRequested
from coordinator.history.started import SagaStarted

_UNDEPLOYED = Problem(
    "unknown_definition",
    "This coordinator has no such definition: it cannot tell whether the child may still begin.",
    retryable=True,
)


def on_undo(turn: Turn, undo: UndoChild) -> Verdict:
    """It goes back, as soon as it may; one that has gone through is opened again; one that never began never will."""
    state = turn.state
    if not state.definition:
        return _never_begins(turn, undo)
    parent = state.parent
    if parent is None or parent.command_id != undo.command_id:
        return Known(Success(NULL))  # it is another's: the step has begun nothing, and will not
    if (refusal := cannot_be_undone(turn.saga_id, state)) is not None:
        return Known(refusal)
    if state.status is Status.COMPLETED:
        turn.record(SagaReopened(undo.cause, turn.now, undo.attempt))
    elif state.status.ended:
        return Known(Success(NULL))
    elif parent.undo_attempt:
        return Known(Pending())
    else:
        turn.record(UndoRequested(undo.cause, turn.now, undo.attempt))
        if state.status is not Status.PAUSED:
            let_go_back(turn)
    conclude(turn)
    return _accepted(turn)


def _never_begins(turn: Turn, undo: UndoChild) -> Verdict:
    """The step's command may still be on its way: it finds a saga that has ended before its code began."""
    start = undo.start
    if start is None:
        return Known(Failure(_UNDEPLOYED))
    turn.record(
        SagaStarted(start.definition, start.version, start.input, turn.now, start.traceparent, parent=start.parent)
    )
    turn.record(UndoRequested(undo.cause, turn.now, undo.attempt))
    conclude(turn)
    return _accepted(turn)


def _accepted(turn: Turn) -> Verdict:
    """What its end answers is among the decision's answers."""
    return Accepted(answer=None if turn.state.status.ended else Pending())
