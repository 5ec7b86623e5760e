"""What the runtime decides, told to metrics and traces. See docs/decisions/0008 for what is told after a crash."""

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import assert_never

from coordinator.history.events import Event
from coordinator.history.rounds import SagaContinued, begun
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

TAIL_MS = 10_000
"""How far back from its last row a saga's spans are told again, when another process wrote that row: longer than a span
waits for its export."""
ENDED_MS = 600_000
"""How long after its end that is done for a saga that has ended: whoever asks for it later asks for an old story."""
_REMEMBERED = 50_000
"""Sagas whose last told row is known, though they are not in memory any more."""


class TelemetryObserver:
    """The runtime's observer. Told from the event loop, once for each batch; never blocks, never raises."""

    def __init__(self, metrics: Metrics, tracing: Tracing, now_s: Callable[[], float] = time.time) -> None:
        self._metrics = metrics
        self._tracing = tracing
        self._now_s = now_s
        self._told: OrderedDict[str, int] = OrderedDict()
        """The row to which this process has told a saga's spans. The oldest leave first."""

    def rebuilt(self, steps: ObservedSteps, rows: Sequence[Sequence[Event]]) -> None:
        """A saga is in memory from now on, made from these rows.

        The tail of what this process has not told itself is told to the traces again: the process that wrote it may
        have been killed before it could export.
        """
        told: list[Told] = []
        if rows and isinstance(first := rows[0][0], SagaContinued):
            steps.seq = first.row - 1
        for row in rows:
            told += steps.follow(steps.seq + 1, row)
        if self._tracing.recording and rows and self._told.get(steps.saga_id) != steps.seq:
            self._tell_tail(steps.saga_id, rows, told)
            self._remember(steps)

    def committed(self, items: Sequence[Committed]) -> None:
        """These decisions are in the log."""
        started: list[str] = []
        ended: list[tuple[str, str]] = []
        for item in items:
            machine = item.machine
            news = item.steps.follow(item.decision.seq, item.decision.events)
            if self._tracing.recording:
                self._trace_decision(item, news)
            for told in news:
                match told:
                    case EndedStep():
                        seconds = max(told.ended_at - told.started_at, 0) / 1_000
                        self._metrics.step_ended(told.command, told.undo, told.outcome, seconds)
                    case StartedSaga():
                        started.append(machine.definition)
                    case EndedSaga():
                        if not told.again:
                            ended.append((machine.definition, told.status))
                    case ReopenedSaga():
                        self._metrics.saga_reopened(machine.definition)
                    case BegunRound():
                        self._metrics.round_begun(machine.definition)
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

    def _trace_decision(self, item: Committed, news: Sequence[Told]) -> None:
        machine, steps = item.machine, item.steps
        if (traceparent := machine.traceparent) is not None:
            self._trace(SagaIdentity(steps.saga_id, machine.definition, machine.version, traceparent), news)
            self._remember(steps)

    def _remember(self, steps: ObservedSteps) -> None:
        """The saga's spans are told to this row. The first of all leaves when there are too many."""
        self._told[steps.saga_id] = steps.seq
        self._told.move_to_end(steps.saga_id)
        if len(self._told) > _REMEMBERED:
            self._told.popitem(last=False)

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


def trace_of(tracing: Tracing) -> TraceOf:
    """The traceparent that a command travels with, while this tracing is used."""
    if not tracing.recording:
        return same_trace
    return lambda traceparent, send: command_traceparent(traceparent, send.command_id, recording=True)


def _over(told: Sequence[Told]) -> bool:
    """The saga has ended. A parked one has not."""
    last = told[-1] if told else None
    return isinstance(last, EndedSaga) and last.status != "parked"


def _at(told: Told) -> int:
    return told.ended_at if isinstance(told, EndedStep) else told.at
