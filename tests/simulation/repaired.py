"""What people decided about undos, and what is still to be expected of the effects."""

from collections.abc import Iterator
from dataclasses import replace

from contracts.ids import command_id, parse_command_id
from coordinator.engine.status import Status
from coordinator.history.events import Event
from coordinator.history.people import StepSeenTo
from coordinator.history.steps import StepIssued
from coordinator.history.undos import UndoRegistered, UndoSkipped, UndoSucceeded
from tests.faults.evidence import Effect, Evidence, HistoryRow
from tests.faults.left_standing import LEFT_STANDING


def partial_faults(evidence: Evidence) -> Iterator[str]:
    """O3: partially compensated is what goes back without an undo that a person skipped, and all else is undone."""
    free, done = _by_hand(evidence), dict[str, dict[str, set[str]]]()
    for effect in evidence.effects:
        saga_id = parse_command_id(effect.command_id).saga_id
        done.setdefault(saga_id, {}).setdefault(effect.command_id, set()).add(effect.direction)
    for saga_id, row in evidence.sagas.items():
        skipped = [event.step for event in evidence.events(saga_id) if isinstance(event, UndoSkipped)]
        if row.status in (Status.COMPENSATED, Status.FAILED) and skipped:
            yield f"O3: {saga_id} is {row.status}, and a person had decided against the undo of {skipped}"
        if row.status != Status.PARTIALLY_COMPENSATED:
            continue
        if not skipped:
            yield f"O3: {saga_id} is {row.status}, and nobody had decided against an undo"
        own = {
            command_id(saga_id, event.step) for event in evidence.events(saga_id) if isinstance(event, UndoRegistered)
        }
        for command, directions in done.get(saga_id, {}).items():
            if command not in free | own and directions != {"forward", "undo"}:
                yield f"O3: {saga_id} is {row.status}, and of {command} there is only: {', '.join(sorted(directions))}"


def without_repaired(evidence: Evidence) -> Evidence:
    """Without the effects whose undo a person skipped, or saw to: the participant may have undone them or not. Where a
    person gave a result it is as if the participant had."""
    left = {saga_id for saga_id, row in evidence.sagas.items() if row.status in LEFT_STANDING}  # judged as they are
    free = {each for each in _by_hand(evidence) if parse_command_id(each).saga_id not in left}
    given = {command: effects for command, effects in _given(evidence).items() if command not in free}
    kept = [each for each in evidence.effects if each.command_id not in free and each.command_id not in given]
    return replace(evidence, effects=[*kept, *(each for effects in given.values() for each in effects)])


def _given(evidence: Evidence) -> dict[str, list[Effect]]:
    """By command for which a person answered: what should have come of it."""
    found: dict[str, list[Effect]] = {}
    for saga_id in evidence.histories:
        events = evidence.events(saga_id)
        commands = {event.step: event.command for event in events if isinstance(event, StepIssued)}
        for step in {event.step for event in events if isinstance(event, StepSeenTo) and event.act == "give_result"}:
            id, who = command_id(saga_id, step), commands[step].partition(".")[0]
            undone = any(isinstance(event, UndoSucceeded) and event.step == step for event in events)
            done = [Effect(who, id, "forward")] if who in evidence.ledgers else []
            found[id] = [] if undone else done
    return found


def skipped_as_undone(evidence: Evidence) -> Evidence:
    """For the order of undos: one that a person decided against is not under way any more."""
    return replace(
        evidence,
        histories={
            saga_id: [HistoryRow(row.seq, tuple(map(_as_undone, row.events))) for row in rows]
            for saga_id, rows in evidence.histories.items()
        },
    )


def _as_undone(event: Event) -> Event:
    return UndoSucceeded(event.step, 0, event.at) if isinstance(event, UndoSkipped) else event


def _stands(issued: StepIssued) -> bool:
    return issued.override is not None and issued.override.undo is None


def _by_hand(evidence: Evidence) -> frozenset[str]:
    """Commands whose undo a person confirmed or skipped; and those of sagas that went back whose call said that they
    are not undone."""
    return frozenset(
        command_id(saga_id, event.step)
        for saga_id in evidence.histories
        for event in evidence.events(saga_id)
        if isinstance(event, UndoSkipped)
        or (isinstance(event, StepSeenTo) and event.act == "confirm_undo")
        or (isinstance(event, StepIssued) and _stands(event) and evidence.sagas[saga_id].status != Status.COMPLETED)
    )
