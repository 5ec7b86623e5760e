"""What a person let stand: effects of sagas that were terminated, or are undone but in part, fit what was decided."""

from collections.abc import Iterator, Mapping

from contracts.ids import command_id
from coordinator.engine.status import Status
from coordinator.history.people import StepSeenTo
from coordinator.history.steps import StepIssued, StepSucceeded
from coordinator.history.undos import UndoIssued, UndoSkipped, UndoSucceeded
from tests.faults.evidence import Evidence

LEFT_STANDING = (Status.PARTIALLY_COMPENSATED, Status.TERMINATED)


def left_standing(evidence: Evidence, saga_id: str, effects: Mapping[str, set[str]]) -> Iterator[str]:
    """What succeeded was done, what was undone is undone, and what is left nobody asked to be undone, or somebody
    decided against it. What was under way when a person ended the saga may have happened, or not."""
    events, status = evidence.events(saga_id), evidence.sagas[saga_id].status
    commands = {event.step: event.command for event in events if isinstance(event, StepIssued)}
    stands = {event.step for event in events if isinstance(event, StepIssued) and not event.undoable}
    by_hand = {(event.step, event.act) for event in events if isinstance(event, StepSeenTo)}
    succeeded = {event.step for event in events if isinstance(event, StepSucceeded)}
    undone = {event.step for event in events if isinstance(event, UndoSucceeded)}
    asked = {event.step for event in events if isinstance(event, UndoIssued)}
    skipped = {event.step for event in events if isinstance(event, UndoSkipped)}
    for step, command in commands.items():
        if command.partition(".")[0] not in evidence.ledgers:
            continue
        done = effects.get(command_id(saga_id, step), set())
        what = f"{saga_id} is {status}, and of step {step} ({command}) there is: {', '.join(sorted(done)) or 'nothing'}"
        if step in succeeded and "forward" not in done and (step, "give_result") not in by_hand:
            yield what
        if step in undone and "forward" in done and "undo" not in done and (step, "confirm_undo") not in by_hand:
            yield what
        if "undo" in done and step not in asked:
            yield f"{what}; nobody asked for the undo"
        if status == Status.PARTIALLY_COMPENSATED and done == {"forward"} and step not in undone | skipped | stands:
            yield f"{what}; nobody decided that it stands"
    for command in effects.keys() - {command_id(saga_id, step) for step in commands}:
        yield f"{saga_id} never asked for {command}, and it was done"
