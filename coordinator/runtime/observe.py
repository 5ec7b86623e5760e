"""What the runtime decides, told to metrics and traces. See docs/decisions/0008 for what is told after a crash."""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar, assert_never
from weakref import WeakKeyDictionary, WeakValueDictionary

from coordinator.history.events import Event
from coordinator.history.rounds import SagaContinued, begun
from coordinator.runtime.machines import Machines, SagaMachine
from coordinator.runtime.observed_steps import ObservedSteps, Told
from coordinator.runtime.observer import Committed
from coordinator.runtime.outgoing import TraceOf, same_trace
from coordinator.telemetry.metrics import Metrics
from coordinator.telemetry.trace_context import command_traceparent
from coordinator.telemetry.tracing import (
    BegunRound,
    EndedSaga,
    EndedStep,
    HeldStep,
    ReopenedSaga,
    SagaIdentity,
    StartedSaga,
    Tracing,
)

Value = TypeVar("Value")

TAIL_MS = 10_000
"""How far back from its last row a saga's spans are told again, when another process wrote that row: longer than a span
waits for its export."""
ENDED_MS = 600_000
"""How long after its end that is done for a saga that has ended: whoever asks for it later asks for an old story."""
_REMEMBERED = 50_000
"""Sagas whose last told row is known, though they are not in memory any more."""
_RECENT = 10_000
"""Sagas that are followed whether their machine lives or not: more than there can be in the batches in flight, since a
machine may be dropped before its last decision is told."""


class TelemetryObserver:
    """The runtime's observer. Told from the event loop, once for each batch; never blocks, never raises.

    It follows the steps of the sagas whose machines it was shown (``ObservedMachines``), as long as those live.
    """

    def __init__(self, metrics: Metrics, tracing: Tracing, now_s: Callable[[], float] = time.time) -> None:
        self._metrics = metrics
        self._tracing = tracing
        self._now_s = now_s
        self._followed: WeakValueDictionary[str, ObservedSteps] = WeakValueDictionary()
        self._machines: WeakKeyDictionary[SagaMachine, ObservedSteps] = WeakKeyDictionary()
        """What keeps the followed ones alive; so does this:"""
        self._recent: OrderedDict[str, ObservedSteps] = OrderedDict()
        self._told: OrderedDict[str, int] = OrderedDict()
        """The row to which this process has told a saga's spans. The oldest leave first."""

    def made(self, saga_id: str, machine: SagaMachine) -> ObservedSteps:
        """A machine is in memory from now on."""
        steps = ObservedSteps(saga_id)
        self._machines[machine] = self._followed[saga_id] = steps
        _keep(self._recent, saga_id, steps, _RECENT)
        return steps

    def rebuilt(self, saga_id: str, machine: SagaMachine, rows: Sequence[Sequence[Event]]) -> None:
        """A machine was made from these rows, and is in memory from now on.

        The tail of what this process has not told itself is told to the traces again: the process that wrote it may
        have been killed before it could export.
        """
        steps = self.made(saga_id, machine)
        told: list[Told] = []
        if rows and isinstance(first := rows[0][0], SagaContinued):
            steps.seq = first.row - 1
        for row in rows:
            steps.seq += 1
            for event in row:
                told += steps.follow(event)
        if self._tracing.recording and rows and self._told.get(saga_id) != steps.seq:
            self._tell_tail(saga_id, rows, told)
            _keep(self._told, saga_id, steps.seq, _REMEMBERED)

    def committed(self, items: Sequence[Committed]) -> None:
        """These decisions are in the log."""
        started: list[str] = []
        ended: list[tuple[str, str]] = []
        for item in items:
            for told in self._news(item):
                match told:
                    case EndedStep():
                        seconds = max(told.ended_at - told.started_at, 0) / 1_000
                        self._metrics.step_ended(told.command, told.undo, told.outcome, seconds)
                    case StartedSaga():
                        started.append(item.definition)
                    case EndedSaga():
                        if not told.again:
                            ended.append((item.definition, told.status))
                    case ReopenedSaga():
                        self._metrics.saga_reopened(item.definition)
                    case BegunRound():
                        self._metrics.round_begun(item.definition)
                    case HeldStep():
                        self._metrics.step_held(told.command, told.undo, told.signal is not None)
                    case _:
                        assert_never(told)
        self._metrics.sagas_started(started)
        self._metrics.sagas_ended(ended)
        self._tracing.flush()

    def batch(self, size: int, load_s: float, engine_s: float, commit_s: float) -> None:
        """One activation of so many sagas, and where its seconds went."""
        self._metrics.activation(size, load_s, engine_s, commit_s)

    def published(self, count: int) -> None:
        """So many commands were acknowledged by Kafka."""
        self._metrics.published(count)

    def ignored(self, reason: str) -> None:
        """A fact belonged to nothing."""
        self._metrics.ignored(reason)

    def fenced(self, count: int) -> None:
        """So many decisions lost to another coordinator, and are made anew."""
        self._metrics.fenced(count)

    def timer_late(self, seconds: float) -> None:
        """A timer's saga is woken, so long after its time."""
        self._metrics.timer_late(seconds)

    def history_long(self, definition: str) -> None:
        """A saga's history has become long."""
        self._metrics.history_long(definition)

    def store_unavailable(self) -> None:
        """A call to Postgres was not answered and will be repeated."""
        self._metrics.store_unavailable()

    def _news(self, item: Committed) -> list[Told]:
        """What is new with this decision. It is told to the traces here; the caller counts it."""
        steps = self._followed.get(item.saga_id) or ObservedSteps(item.saga_id)
        steps.seq = item.decision.seq
        news = [told for event in item.decision.events for told in steps.follow(event)]
        if self._tracing.recording and item.traceparent is not None:
            self._trace(SagaIdentity(item.saga_id, item.definition, item.version, item.traceparent), news)
            _keep(self._told, item.saga_id, steps.seq, _REMEMBERED)
        if item.decision.status.ended:
            self._recent.pop(item.saga_id, None)
        else:
            _keep(self._recent, item.saga_id, steps, _RECENT)
        return news

    def _tell_tail(self, saga_id: str, rows: Sequence[Sequence[Event]], told: Sequence[Told]) -> None:
        started = begun(rows[0])
        last = max(event.at for event in rows[-1])
        old = _over(told) and self._now_s() * 1_000 - last > ENDED_MS
        if old or started is None or started.traceparent is None:
            return
        saga = SagaIdentity(saga_id, started.definition, started.version, started.traceparent)
        self._trace(saga, [one for one in told if _at(one) >= last - TAIL_MS])
        self._tracing.flush()

    def _trace(self, saga: SagaIdentity, news: Sequence[Told]) -> None:
        for told in news:
            match told:
                case EndedStep():
                    self._tracing.step_ended(saga, told)
                case StartedSaga():
                    self._tracing.started(saga, told)
                case EndedSaga():
                    self._tracing.ended(saga, told)
                case ReopenedSaga():
                    self._tracing.reopened(saga, told)
                case BegunRound():
                    self._tracing.round_begun(saga, told)
                case HeldStep():
                    pass  # its span tells of it, once it is over
                case _:
                    assert_never(told)


class ObservedMachines:
    """The machines it is given; the observer is shown each one."""

    def __init__(self, machines: Machines, observer: TelemetryObserver) -> None:
        self._machines = machines
        self._observer = observer

    def new(self, saga_id: str) -> SagaMachine:
        """A saga without history."""
        machine = self._machines.new(saga_id)
        self._observer.made(saga_id, machine)
        return machine

    def rebuild(self, saga_id: str, rows: Iterable[Sequence[Event]]) -> SagaMachine:
        """The saga as its history has it."""
        rows = tuple(rows)
        machine = self._machines.rebuild(saga_id, rows)
        self._observer.rebuilt(saga_id, machine, rows)
        return machine


def trace_of(tracing: Tracing) -> TraceOf:
    """The traceparent that a command travels with, while this tracing is used."""
    if not tracing.recording:
        return same_trace
    return lambda traceparent, send: command_traceparent(traceparent, send.command_id, recording=True)


def _keep(kept: OrderedDict[str, Value], saga_id: str, value: Value, limit: int) -> None:
    """Puts it last; the first leaves when there are too many."""
    kept[saga_id] = value
    kept.move_to_end(saga_id)
    if len(kept) > limit:
        kept.popitem(last=False)


def _over(told: Sequence[Told]) -> bool:
    """The saga has ended. A parked one has not."""
    last = told[-1] if told else None
    return isinstance(last, EndedSaga) and last.status != "parked"


def _at(told: Told) -> int:
    return told.ended_at if isinstance(told, EndedStep) else told.at
