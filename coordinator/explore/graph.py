"""The graph of what really ran: steps, the way back, and the ends, over all ways that were explored."""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import assert_never

import msgspec

from contracts.kinds import Kind
from coordinator.engine.agenda import Due
from coordinator.engine.state import SagaState
from coordinator.explore.position import Position
from coordinator.history.endings import SagaCompensated, SagaCompleted, SagaFailed
from coordinator.history.events import Event
from coordinator.history.parking import SagaParked
from coordinator.history.scopes import ScopeUndone
from coordinator.history.signals import SignalAwaited, SignalTaken
from coordinator.history.steps import (
    StepAbandoned,
    StepFailed,
    StepIssued,
    StepRefused,
    StepSucceeded,
    StepTimedOut,
)
from coordinator.history.timers import TimerFired, TimerStarted
from coordinator.history.undos import CancelRequested, UndoGivenUp, UndoIssued, UndoSucceeded
from coordinator.history.updates import UpdateAccepted
from coordinator.saga.definition import SagaDefinition


class Shape(StrEnum):
    """What a node is."""

    START = "start"
    STEP = "step"
    PIVOT = "pivot"
    TIMER = "timer"
    SIGNAL = "signal"
    UPDATE = "update"
    UNDO = "undo"
    END = "end"


class Node(msgspec.Struct, frozen=True):
    """One thing that is done, or an end."""

    id: str
    shape: Shape
    label: str


class Edge(msgspec.Struct, frozen=True):
    """One thing followed another."""

    source: str
    target: str
    back: bool
    """It belongs to the way back."""
    labels: tuple[str, ...] = ()
    """Why, where it is not that the one before succeeded."""


class Graph(msgspec.Struct, frozen=True):
    """Nodes in the order in which they were first seen, and the edges between them."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


START = Node("start", Shape.START, "start")
"""Where every saga begins."""
_GOES_WELL = {Shape.TIMER: "passes", Shape.SIGNAL: "comes", Shape.UPDATE: "comes"}
"""What has happened to a node when it has led on as it should; steps succeed."""
_Cause = tuple[Sequence[Node], str]
"""What was followed by something, and why it was, where the reason is not that it succeeded."""


def graph_of(definition: SagaDefinition, places: Iterable[Position]) -> Graph:
    """The graph of all that led to these places."""
    drawing = _Drawing(definition)
    for place in places:
        parent = place.parent
        rows = place.driver.rows[0 if parent is None else len(parent.driver.rows) :]
        before = SagaState() if parent is None else parent.driver.state
        drawing.draw(before, place.driver.state, [event for row in rows for event in row])
    return drawing.finished()


class _Drawing:
    """A graph that grows."""

    def __init__(self, definition: SagaDefinition) -> None:
        self._definition = definition
        self._nodes: dict[str, Node] = {START.id: START}
        self._edges: dict[tuple[str, str, bool], dict[str, None]] = {}

    def draw(self, before: SagaState, after: SagaState, events: Sequence[Event]) -> None:
        """What one move added."""
        abandoned = {event.step for event in events if isinstance(event, StepAbandoned)}
        cause: _Cause = [START], ""
        for event in events:
            if isinstance(event, UpdateAccepted):
                self._lead((_where(before) or [START], "is asked"), _update(event), back=False)
            cause = _caused(event, before, after) or cause
            match event:
                case ScopeUndone(scope) if cause[1] == "" and all(node.shape is Shape.UNDO for node in cause[0]):
                    cause = cause[0], f"scope {scope} undone"
                case StepIssued(step):
                    self._lead(cause, _step(after, step), back=False)
                case TimerStarted(timer):
                    self._lead(cause, _timer(timer), back=False)
                case SignalAwaited(wait, name):
                    self._lead(cause, _signal(wait, name), back=False)
                case UndoIssued(step):
                    why = ([_step(after, step)], "is not waited for") if step in abandoned else cause
                    self._lead(why, self._undo(after, step), back=True)
                case SagaCompleted() | SagaCompensated() | SagaFailed() | SagaParked():
                    self._lead(cause, _end(event), back=not isinstance(event, SagaCompleted))
                case _:
                    pass

    def finished(self) -> Graph:
        """Without the timers that never fired: those of timeouts that were kept."""
        leads = {source for source, _, _ in self._edges}
        nodes = {id: node for id, node in self._nodes.items() if node.shape is not Shape.TIMER or id in leads}
        edges = [
            Edge(source, target, back, _labels(nodes[source], list(labels)))
            for (source, target, back), labels in self._edges.items()
            if source in nodes and target in nodes
        ]
        return Graph(tuple(nodes.values()), tuple(edges))

    def _lead(self, cause: _Cause, target: Node, *, back: bool) -> None:
        sources, label = cause
        self._nodes.setdefault(target.id, target)
        for source in sources:
            self._nodes.setdefault(source.id, source)
            self._edges.setdefault((source.id, target.id, back), {}).setdefault(label)

    def _undo(self, state: SagaState, number: int) -> Node:
        step = state.steps[number]
        if step.registered:
            return Node(_undo_id(state, number).id, Shape.UNDO, step.command)
        command = self._definition.command(step.command)
        undo = None if command is None else command.undo_named(step.other_undo)
        name = "undo" if undo is None else undo.name
        participant = step.command.partition(".")[0]
        return Node(f"undo_{number}_{_plain(step.command)}", Shape.UNDO, f"{participant}.{name}")


def _labels(source: Node, labels: Sequence[str]) -> tuple[str, ...]:
    """Why: nothing where what was before went well, or was an undo that led here however it went."""
    if labels == [""] or ("" in labels and source.shape is Shape.UNDO):
        return ()
    return tuple(label or _GOES_WELL.get(source.shape, "succeeds") for label in labels)


def _caused(event: Event, before: SagaState, after: SagaState) -> _Cause | None:
    """What the event says has come to something."""
    match event:
        case StepSucceeded(step):
            return [_step(after, step)], ""
        case StepRefused(step):
            return [_step(after, step)], "is refused"
        case StepFailed(step):
            return [_step(after, step)], "fails"
        case StepTimedOut(step):
            return [_step(after, step)], "times out"
        case TimerFired(timer):
            return [_timer(timer)], ""
        case SignalTaken(_, _, wait):
            name = before.signals.waits.get(wait or 0)
            return None if wait is None or name is None else ([_signal(wait, name)], "")
        case UpdateAccepted():
            return [_update(event)], ""
        case UndoSucceeded(step):
            return [_undo_id(after, step)], ""
        case UndoGivenUp(step):
            return [_undo_id(after, step)], "is given up"
        case CancelRequested(cause):
            return _where(before), "is cancelled" if cause.type == "cancelled" else "passes the deadline"
        case _:
            return None


def _where(state: SagaState) -> Sequence[Node]:
    """What the saga waits for."""
    timer = state.due.first_of(Due.TIMER)
    steps = [_step(state, number) for number in sorted(state.in_flight)]
    signals = [_signal(wait, name) for wait, name in sorted(state.signals.waits.items())]
    return [*steps, *signals] or ([] if timer is None else [_timer(timer[1][1])])


def _step(state: SagaState, number: int) -> Node:
    step = state.steps[number]
    final = step.kind is Kind.PIVOT or (step.kind is Kind.RETRIABLE and not step.undoable)
    return Node(f"step_{number}_{_plain(step.command)}", Shape.PIVOT if final else Shape.STEP, step.command)


def _undo_id(state: SagaState, number: int) -> Node:
    """Seen already: only its id counts."""
    return Node(f"undo_{number}_{_plain(state.steps[number].command)}", Shape.UNDO, "")


def _timer(number: int) -> Node:
    return Node(f"timer_{number}", Shape.TIMER, "time passes")


def _signal(wait: int, name: str) -> Node:
    return Node(f"signal_{wait}_{_plain(name)}", Shape.SIGNAL, f"signal {name}")


def _update(event: UpdateAccepted) -> Node:
    return Node(f"update_{event.update}_{_plain(event.name)}", Shape.UPDATE, f"update {event.name}")


def _end(event: SagaCompleted | SagaCompensated | SagaFailed | SagaParked) -> Node:
    match event:
        case SagaParked(why):
            return Node(f"parked_{why}", Shape.END, f"parked ({why})")
        case SagaCompleted():
            return Node("completed", Shape.END, "completed")
        case SagaCompensated():
            return Node("compensated", Shape.END, "compensated")
        case SagaFailed():
            return Node("failed", Shape.END, "failed")
        case _:
            assert_never(event)


def _plain(command: str) -> str:
    return command.replace(".", "_")
