"""Sagas called by sagas: one for each call, which ends as its step says, and is undone when its caller goes back."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from contracts.ids import command_id
from contracts.kinds import Kind
from coordinator.history.children import SagaReopened
from coordinator.history.endings import SagaCompensated, SagaCompleted, SagaEnded, SagaFailed, SagaPartiallyCompensated
from coordinator.history.endings import SagaTerminated as Terminated
from coordinator.history.events import Event
from coordinator.history.people import StepSeenTo
from coordinator.history.rounds import SagaContinued
from coordinator.history.started import Parent, SagaStarted
from coordinator.history.steps import StepAbandoned, StepFailed, StepIssued, StepRefused, StepSucceeded, StepTimedOut
from coordinator.history.undos import (
    CompensationStarted,
    UndoGivenUp,
    UndoIssued,
    UndoRegistered,
    UndoRetried,
    UndoSkipped,
    UndoSucceeded,
)

Rounds = Sequence[Sequence[Event]]
"""A saga's history: the events of each round. Of the row with which a round ends nothing is kept."""
_GONE_BACK = (SagaCompensated, SagaFailed, SagaPartiallyCompensated)


@dataclass(slots=True)
class Call:
    """One step that is a saga, as its caller's history has it."""

    issued: StepIssued | UndoRegistered
    ended: Event | None = None
    """How the step was settled."""
    undo: Event | None = None
    """The last of its undo."""
    by_hand: bool = False
    """A person answered for it."""

    @property
    def detached(self) -> bool:
        """Nobody waits for its end, and it is not undone."""
        return self.issued.command.startswith("detached.")


@dataclass(slots=True)
class Member:
    """One saga of a world."""

    parent: Parent | None = None
    calls: list[dict[int, Call]] = field(default_factory=list[dict[int, Call]])
    """By round and step."""
    end: Event | None = None


def member(rounds: Rounds) -> Member:
    """What its history says of its parent, its children and its end."""
    read = Member()
    for events in rounds:
        read.calls.append(_calls(events))
        for event in events:
            match event:
                case SagaStarted() | SagaContinued():
                    read.parent = event.parent or read.parent  # a round of one that goes its own way has none
                case SagaReopened():
                    read.end = None
                case _ if isinstance(event, SagaEnded):
                    read.end = event
                case _:
                    pass
    return read


def _calls(events: Sequence[Event]) -> dict[int, Call]:
    calls: dict[int, Call] = {}
    for event in events:
        match event:
            case StepIssued(step, child=str()) | UndoRegistered(step, child=str()):
                calls[step] = Call(event)
            case StepSucceeded() | StepRefused() | StepFailed() | StepTimedOut() | StepAbandoned():
                if event.step in calls:
                    calls[event.step].ended = event
            case UndoIssued() | UndoRetried() | UndoSucceeded() | UndoSkipped() | UndoGivenUp():
                if event.step in calls:
                    calls[event.step].undo = event
            case StepSeenTo(step, "give_result" | "confirm_undo"):
                if step in calls:
                    calls[step].by_hand = True
            case _:
                pass
    return calls


def child_faults(histories: Mapping[str, Rounds]) -> Iterator[str]:
    """All that is wrong with the sagas of a world that are called by others, once all is quiet."""
    members = {saga_id: member(rounds) for saga_id, rounds in histories.items()}
    begun: defaultdict[str, list[str]] = defaultdict(list)
    for saga_id, one in members.items():
        if one.parent is not None:
            begun[one.parent.command_id].append(saga_id)
            yield from _was_called(saga_id, one.parent, members)
    for command, sagas in begun.items():
        if len(sagas) > 1:
            yield f"Children: {command} has begun several sagas: {sagas}"
    for saga_id, one in members.items():
        for number, calls in enumerate(one.calls, 1):
            for step, call in calls.items():
                if fault := _judged(command_id(saga_id, step), call, one, number < len(one.calls), members):
                    yield f"Children: {saga_id} has called {call.issued.child} as step {step}, and {fault}"


def _was_called(saga_id: str, parent: Parent, members: Mapping[str, Member]) -> Iterator[str]:
    """By the step that it says: unless that was asked for in a row of which nothing is kept."""
    caller = members.get(parent.saga_id)
    if caller is None:
        yield f"Children: {saga_id} was begun by {parent.saga_id}, and there is no such saga"
        return
    step = int(parent.command_id.rpartition(":")[2])
    call = next((calls[step] for calls in caller.calls if step in calls), None)
    hidden = call is None and len(caller.calls) > 1 and parent.detached
    if not hidden and (call is None or call.issued.child != saga_id or call.detached != parent.detached):
        yield f"Children: {saga_id} was begun by {parent.command_id}, which has called {call and call.issued.child}"


def _judged(command: str, call: Call, caller: Member, earlier: bool, members: Mapping[str, Member]) -> str | None:
    called = members.get(call.issued.child or "")
    mine = called is not None and called.parent is not None and called.parent.command_id == command
    if call.by_hand or isinstance(call.undo, UndoSkipped):
        return None
    if isinstance(call.issued, UndoRegistered):
        return _as_an_undo(call, called.end if called is not None and mine else None, mine)
    if call.detached:
        lost = isinstance(call.ended, StepSucceeded) and called is None
        return "it has begun, and there is none" if lost else None
    end = None if called is None or not mine else called.end
    undone = isinstance(call.undo, UndoSucceeded) or (earlier and call.undo is not None)
    match call.undo, call.ended:
        case _ if undone and (called is None or (mine and not isinstance(end, _GONE_BACK))):
            return f"undid it; it has ended so: {end}"
        case None, StepSucceeded(result=result):
            return _stands(result, end, undone_with=caller.end if not earlier else None)
        case None, StepRefused() if mine and not isinstance(end, _GONE_BACK):
            return f"was told that it went back; it has ended so: {end}"
        case _ if not undone and _left_behind(call, caller, earlier):
            return f"left it behind: the step is {call.ended}, its undo {call.undo}"
        case _:
            return None


def _as_an_undo(call: Call, end: Event | None, mine: bool) -> str | None:
    """It was registered to be begun when the caller goes back."""
    if call.undo is None and mine:
        return "it was not due, and has begun"
    if isinstance(call.undo, UndoSucceeded) and not isinstance(end, SagaCompleted):
        return f"says that it went through; it has ended so: {end}"
    return None


def _stands(result: msgspec.Raw, end: Event | None, undone_with: Event | None) -> str | None:
    if not isinstance(end, SagaCompleted) or bytes(end.result) != bytes(result):
        return f"has {bytes(result)!r} of it; it has ended so: {end}"
    if isinstance(undone_with, _GONE_BACK):
        return f"went back itself ({undone_with}), and it stands"
    return None


def _left_behind(call: Call, caller: Member, earlier: bool) -> bool:
    """Its caller has ended, or begun another round, and it is neither a step that succeeded, nor undone."""
    through = earlier or (caller.end is not None and not isinstance(caller.end, Terminated))
    settled = isinstance(call.ended, StepRefused) or (earlier and call.undo is None)
    return through and not settled


def waiting_in_vain(histories: Mapping[str, Rounds], parked: frozenset[str]) -> frozenset[str]:
    """Sagas that wait for nothing but sagas that wait for a person: parked ones, ended ones that had to go through."""
    members = {saga_id: member(rounds) for saga_id, rounds in histories.items()}
    found: set[str] = set()
    while new := {
        saga_id
        for saga_id, one in members.items()
        if saga_id not in found and _waits_in_vain(one, histories[saga_id][-1], members, parked | found)
    }:
        found |= new
    return frozenset(found)


def _waits_in_vain(one: Member, events: Sequence[Event], members: Mapping[str, Member], stuck: frozenset[str]) -> bool:
    if one.end is not None or not one.calls:
        return False
    calls, out = one.calls[-1], _out(events)
    return bool(out) and all(step in calls and _in_vain(calls[step], members, stuck) for step in out)


def _in_vain(call: Call, members: Mapping[str, Member], stuck: frozenset[str]) -> bool:
    child = call.issued.child or ""
    end = members[child].end if child in members else None
    return child in stuck or (_has_to_go_through(call) and end is not None)


def _has_to_go_through(call: Call) -> bool:
    return isinstance(call.issued, StepIssued) and call.issued.kind is Kind.RETRIABLE


def _out(events: Sequence[Event]) -> set[int]:
    """Steps that are under way, or whose undo is."""
    out: set[int] = set()
    undone: set[int] = set()
    for event in events:
        match event:
            case StepIssued(step):
                out.add(step)
            case UndoIssued(step) | UndoRetried(step):
                undone.add(step)
            case StepSucceeded() | StepRefused() | StepFailed() | StepTimedOut() | StepAbandoned():
                out.discard(event.step)
            case UndoSucceeded(step) | UndoSkipped(step) | UndoGivenUp(step):
                undone.discard(step)
            case CompensationStarted() | SagaReopened():
                out.clear()
            case _:
                pass
    return out | undone
