"""Commands and undos as they are to be sent, out of the events that say they were."""

import msgspec

from contracts.command_message import UndoValue
from contracts.failures import Problem
from contracts.ids import command_id
from coordinator.engine.decision import Send
from coordinator.engine.state import SagaState, Step
from coordinator.history.events import Event
from coordinator.history.steps import StepIssued, StepRetried
from coordinator.history.undos import UndoIssued, UndoRetried

SENDING = frozenset({StepIssued, StepRetried, UndoIssued, UndoRetried})
"""The others send nothing."""
_encoder = msgspec.json.Encoder()
_ABANDONED = Problem(type="abandoned", message="The saga went on without this step.")


def send_of(saga_id: str, state: SagaState, event: Event) -> Send | None:
    """What is to be sent because of the event, if anything."""
    match event:
        case StepIssued():
            id, value = command_id(saga_id, event.step), bytes(event.arguments)
            command, deadline = event.command, event.deadline
            participant, local, child = _participant(command), event.local, event.child
            return Send(id, participant, command, "forward", 1, value, deadline, None, local, child)
        case StepRetried(number, attempt, _, deadline):
            step = state.steps[number]
            participant = _participant(step.command)
            id, value = command_id(saga_id, number), bytes(step.arguments)
            return Send(
                *(id, participant, step.command, "forward", attempt, value, deadline),
                local=step.local,
                child=step.child,
                progress=step.progress,
            )
        case UndoIssued(number, _, deadline):
            return _undo(saga_id, state, number, 1, deadline)
        case UndoRetried(number, attempt, _, deadline):
            return _undo(saga_id, state, number, attempt, deadline)
        case _:
            return None


def _undo(saga_id: str, state: SagaState, number: int, attempt: int, deadline: int) -> Send:
    step = state.steps[number]
    id, participant = step.undo_sent_as(saga_id), _participant(step.command)
    if step.registered:
        return Send(
            *(id, participant, step.command, "forward", attempt, bytes(step.arguments), deadline),
            local=step.local,
            child=step.child,
            registered=True,
            progress=step.progress,
        )
    cause = msgspec.Raw(_encoder.encode(state.cause or _scope_cause(state, step) or _ABANDONED))
    value = _encoder.encode(UndoValue(step.arguments, step.result, cause))
    return Send(
        id, participant, step.command, "undo", attempt, value, deadline, step.other_undo, step.local, step.child
    )


def _scope_cause(state: SagaState, step: Step) -> Problem | None:
    scope = state.scopes.undoing_of(step)
    return None if scope is None else state.scopes.undoing[scope]


def _participant(command: str) -> str:
    return command.partition(".")[0]
