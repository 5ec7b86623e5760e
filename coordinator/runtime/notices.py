"""Notices of what becomes of sagas, as outbox rows: decided, committed and sent as commands are."""

from collections.abc import Mapping
from typing import Any, Literal

from contracts.ids import is_notice_id, notice_id
from contracts.lifecycle_message import Change, LifecycleMessage, SagaChanged
from contracts.topics import Topics
from coordinator.engine.decision import Decision
from coordinator.engine.outcome import parked_problem, read_problem
from coordinator.history.children import SagaReopened
from coordinator.history.endings import (
    SagaCompensated,
    SagaCompleted,
    SagaEnded,
    SagaFailed,
    SagaPartiallyCompensated,
    SagaTerminated,
)
from coordinator.history.events import Event
from coordinator.history.parking import SagaParked, SagaResumed
from coordinator.history.people import SagaPaused, SagaUnpaused
from coordinator.history.rounds import SagaContinued
from coordinator.history.started import SagaStarted
from coordinator.history.undos import CompensationStarted
from coordinator.runtime.machines import SagaMachine
from coordinator.runtime.ports import OutboxRow

Lifecycle = Literal["off", "ends", "all"]
"""Of what there are notices."""

CHANGES: Mapping[type[Event], Change] = {
    SagaStarted: "started",
    SagaContinued: "continued",
    CompensationStarted: "compensating",
    SagaReopened: "compensating",
    SagaParked: "parked",
    SagaResumed: "resumed",
    SagaPaused: "paused",
    SagaUnpaused: "resumed",
    SagaCompleted: "completed",
    SagaCompensated: "compensated",
    SagaPartiallyCompensated: "partially_compensated",
    SagaFailed: "failed",
    SagaTerminated: "terminated",
}
"""Each is counted among the saga's ``moves``."""


class Notices:
    """Tells of what its setting says."""

    def __init__(self, topics: Topics, *, only_ends: bool) -> None:
        self._topic = topics.lifecycle
        self._only_ends = only_ends

    def rows(self, decision: Decision, machine: SagaMachine, now: int) -> list[OutboxRow]:
        """The notices of a decision, in the order in which it happened."""
        if self._only_ends and not decision.status.ended:
            return []
        events = [event for event in decision.events if type(event) in CHANGES]
        numbered = enumerate(events, decision.moves - len(events) + 1)
        told = [each for each in numbered if not self._only_ends or isinstance(each[1], SagaEnded)]
        return [self._row(decision, machine, number, event, now) for number, event in told]

    def _row(self, decision: Decision, machine: SagaMachine, number: int, event: Event, now: int) -> OutboxRow:
        shown = machine.shown
        message = LifecycleMessage(
            notice_id=notice_id(decision.saga_id, number),
            change=CHANGES[type(event)],
            saga_id=decision.saga_id,
            number=number,
            time_ms=now,
            saga=SagaChanged(
                definition=machine.definition,
                version=machine.version,
                status=decision.status.value,
                attributes=None if shown is None else shown.attributes or None,
                **_told(event, decision.outcome),
            ),
            traceparent=machine.traceparent,
        )
        headers = tuple(message.headers())
        return OutboxRow(message.notice_id, 1, decision.saga_id, self._topic, headers, message.value)


def notices_of(lifecycle: Lifecycle, topics: Topics) -> Notices | None:
    """As the setting has it; None: there are none."""
    return None if lifecycle == "off" else Notices(topics, only_ends=lifecycle == "ends")


def is_notice(row: OutboxRow) -> bool:
    """Whether it tells of a saga, and asks nobody for anything."""
    return is_notice_id(row.command_id)


def _told(event: Event, outcome: bytes | None) -> dict[str, Any]:
    """What there is to tell of it. An end is the decision's last event, so the outcome is its."""
    match event:
        case SagaCompleted(result):
            return {"result": result}
        case SagaContinued(round):
            return {"round": round}
        case CompensationStarted(problem, sort=sort):
            return {"problem": problem, "cause": sort}
        case SagaReopened(problem):
            return {"problem": problem, "cause": "cancelled"}
        case SagaParked(why, message):
            return {"problem": parked_problem(why, message)}
        case SagaPaused(reason) | SagaUnpaused(reason) | SagaResumed(reason=reason):
            return {"reason": reason or None}
        case SagaCompensated() | SagaPartiallyCompensated() | SagaFailed() | SagaTerminated():
            told = read_problem(outcome)
            return {"problem": told.problem, "cause": told.cause}
        case _:
            return {}
