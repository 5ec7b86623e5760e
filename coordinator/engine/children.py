"""A saga as the step of another saga: how it is called, how it is undone, and what its parent hears of it.

The parent is told of the end by the decision that ends its child. Whatever it asks again is answered at once.
"""

from contracts.answers import Answer, Failure, Pending, Refusal, Success
from contracts.failures import Problem
from contracts.ids import undo_id_of
from contracts.kinds import Kind
from contracts.values import NULL, write_value
from coordinator.engine.decision import ToParent
from coordinator.engine.facts import Known, Start, Verdict
from coordinator.engine.outcome import read_result
from coordinator.engine.same_input import same_input
from coordinator.engine.state import SagaState
from coordinator.engine.status import Status
from coordinator.history.endings import (
    SagaCompensated,
    SagaCompleted,
    SagaFailed,
    SagaPartiallyCompensated,
    SagaTerminated,
)
from coordinator.history.events import Event
from coordinator.history.started import Parent
from coordinator.history.steps import StepSucceeded

_NO_CAUSE = Problem(type="failed", message="The child did not go through.")


def begun(saga_id: str, state: SagaState, parent: Parent | None) -> Answer | None:
    """What a step hears at once that has just begun this saga."""
    if parent is None:
        return None
    if parent.detached:
        return Success(write_value(saga_id))
    return None if state.status.ended else Pending()


def called_again(saga_id: str, state: SagaState, start: Start, parent: Parent) -> Verdict:
    """A step asks for a saga that is there. It has to be the one that the step has begun."""
    same = state.definition == start.definition and same_input(state.input, bytes(start.input))
    if parent.detached:
        return Known(begun(saga_id, state, parent) if same else Refusal(_taken(saga_id, "with another input")))
    mine = state.parent
    if mine is None or mine.command_id != parent.command_id:
        whose = "nobody's child" if mine is None else f"a child of {mine.saga_id}"
        return Known(Refusal(_taken(saga_id, f"as {whose}")))
    if mine.undo_attempt:
        return Known()
    return Known(_ended(state) if state.status.ended else Pending())


def cannot_be_undone(saga_id: str, state: SagaState) -> Failure | None:
    """Why not, if so; as the parent's undo is answered."""
    if state.forward_only:
        problem = Problem("past_point_of_no_return", f"{saga_id} is past its point of no return: it only goes forward.")
    elif state.status is Status.TERMINATED:
        problem = Problem("terminated", f"{saga_id} was ended by a person where it stood: what it had done stands.")
    else:
        return None
    return Failure(problem)


def to_parent(saga_id: str, state: SagaState, event: Event) -> ToParent | None:
    """What the parent has to hear of the event, which has happened, if anything."""
    parent = state.parent
    assert parent is not None, "it is somebody's child"
    answer: Answer | None = None
    match event:
        case SagaCompleted() if parent.undo_attempt:
            return None  # the pivot's success was told
        case SagaTerminated() if parent.undo_attempt:
            answer = cannot_be_undone(saga_id, state)
        case SagaCompensated() | SagaPartiallyCompensated() | SagaFailed() if parent.undo_attempt:
            answer = Success(NULL)
        case SagaCompleted() | SagaTerminated() | SagaCompensated() | SagaPartiallyCompensated() | SagaFailed():
            answer = _ended(state)
        case StepSucceeded(step) if parent.undo_attempt and state.steps[step].kind is Kind.PIVOT:
            answer = cannot_be_undone(saga_id, state)
        case _:
            pass
    if answer is None:
        return None
    if parent.undo_attempt:
        return ToParent(parent.saga_id, undo_id_of(parent.command_id), parent.undo_attempt, answer, parent.partition)
    return ToParent(parent.saga_id, parent.command_id, parent.attempt, answer, parent.partition)


def _ended(state: SagaState) -> Answer:
    """How the step ended that this saga is."""
    match state.status:
        case Status.COMPLETED:
            return Success(read_result(state.outcome))
        case Status.TERMINATED:
            return Failure(Problem("terminated", "The child was ended by a person where it stood."))
        case _:
            return Refusal(state.cause or _NO_CAUSE)


def _taken(saga_id: str, how: str) -> Problem:
    return Problem(
        "exists_already",
        f"The saga {saga_id} exists already, {how}, and was not begun by this step: give the child a key of its own.",
    )
