"""Where a command may stand (saga theory): what can be undone, then the pivot, then what cannot be refused."""

from contracts.command import Command
from contracts.failures import Problem, StepError
from contracts.kinds import Kind
from coordinator.engine.state import SagaState


class OutOfOrder(StepError):
    """The command may not stand here. It was not sent; the message says what to change."""


def order_error(state: SagaState, command: "Command[..., object]") -> OutOfOrder | None:
    """Why the command may not be sent now, or None."""
    message = _violation(state, command)
    return None if message is None else OutOfOrder(Problem(type="out_of_order", message=message))


def undo_error(state: SagaState, scope: int) -> OutOfOrder | None:
    """Why the scope cannot be undone now, or None."""
    steps = [state.steps[number] for number in state.pivots]
    names = sorted(each.command for each in steps if not each.undoable and state.scopes.holds(scope, each.scope))
    if state.forward_only:
        message = "The saga is past its point of no return: its scopes cannot be undone any more."
    elif names:
        message = f"The pivot {', '.join(names)} is in flight in this scope and cannot be undone: await it first."
    else:
        return None
    return OutOfOrder(Problem(type="out_of_order", message=message))


def _in_the_way(state: SagaState) -> str:
    """What is in flight and has to be settled before the point of no return."""
    steps = [state.steps[number] for number in state.in_flight]
    return ", ".join(sorted({step.command for step in steps if step.undoable or step.kind is not Kind.COMPENSATABLE}))


def _violation(state: SagaState, command: "Command[..., object]") -> str | None:
    if command.nothing_to_undo:
        return None
    match command.kind:
        case Kind.COMPENSATABLE:
            if command.undo_with is None and command.lacks_undo:
                return f"{command.type} has no undo: declare one, or nothing_to_undo=True if it changes nothing."
            if state.forward_only:
                return (
                    f"{command.type} may be refused, but the saga is past its point of no return: call it before the "
                    "pivot, or declare it kind=RETRIABLE."
                )
            if state.pivots:
                return f"{command.type} was called while a pivot is in flight: await it first, or call this one before."
        case Kind.PIVOT:
            if state.forward_only:
                return f"The pivot {command.type} may be refused, but the saga is past its point of no return already."
            if waiting := _in_the_way(state):
                return f"The pivot {command.type} was called while {waiting} is in flight: await that first."
        case Kind.RETRIABLE:
            if command.undo_with is None and not state.forward_only and (waiting := _in_the_way(state)):
                return f"{command.type} cannot be undone and was called while {waiting} is in flight: await that first."
    return None
