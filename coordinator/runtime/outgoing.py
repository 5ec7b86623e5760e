"""A decision as it is written: history row, saga row, outbox rows."""

from collections.abc import Callable

import msgspec

from contracts.command_message import CommandMessage
from contracts.topics import Topics
from coordinator.engine.decision import Decision, Send
from coordinator.engine.shown import Shown
from coordinator.engine.status import Status
from coordinator.history.codec import write_events
from coordinator.history.started import SagaStarted
from coordinator.runtime.calls import answer_row, call_row
from coordinator.runtime.local_rows import local_row
from coordinator.runtime.notices import Notices
from coordinator.runtime.ownership import Ownership
from coordinator.runtime.ports import OutboxRow, RoundInRow, SagaRowChange, SagaStart, SagaWrite, ShownInRow
from coordinator.runtime.waking import row_must_move
from coordinator.runtime.warm import WarmSaga

TraceOf = Callable[[str | None, Send], str | None]
"""The traceparent that a command travels with, from its saga's; None: none."""

_encoder = msgspec.json.Encoder()
_MOVING = (Status.RUNNING, Status.COMPENSATING)
"""While a saga has one of these, its row shows nothing that an activation could change but status and wake-up time."""


def same_trace(traceparent: str | None, send: Send) -> str | None:
    """The saga's own context, for every command."""
    return traceparent


class Outgoing:
    """Turns decisions into what the store writes."""

    def __init__(
        self, topics: Topics, ownership: Ownership, trace: TraceOf = same_trace, notices: Notices | None = None
    ) -> None:
        """``notices``: None where nobody is told what becomes of sagas."""
        self._notices = notices
        self._topics = topics
        self._ownership = ownership
        self._trace = trace

    def place(self, saga_id: str, now: int) -> int:
        """The shard for a saga that begins here."""
        return self._ownership.place(saga_id, now)

    def write(self, decision: Decision, saga: WarmSaga, before: Status | None, now: int) -> SagaWrite:
        """The write of a decision that has events. ``before`` is the status until now, None for a saga that begins."""
        start = self._start(decision, saga.shard) if before is None else None
        continued = decision.continued
        changed = (
            start is not None or continued is not None or decision.status != before or decision.status not in _MOVING
        )
        change: SagaRowChange | None = None
        if changed or decision.shown is not None or row_must_move(saga.row_wake_at, decision.wake_at, now):
            change = SagaRowChange(
                status=decision.status.value,
                wake_at=decision.wake_at,
                outcome=decision.outcome,
                parked_for=decision.parked_for,
                ended_at=now if decision.status.ended else None,
                shown=None if decision.shown is None else _shown(decision.shown),
                round=None if continued is None else RoundInRow(continued.round, continued.version),
            )
        outbox = [self._row(decision.saga_id, saga, send, now) for send in decision.sends]
        if decision.answers:
            outbox += self._answers(decision, saga, now)
        if self._notices is not None:
            outbox += self._notices.rows(decision, saga.machine, now)
        return SagaWrite(
            saga_id=decision.saga_id,
            seq=decision.seq,
            events=write_events(decision.events[decision.round_at or 0 :]),
            at=now,
            start=start,
            change=change,
            outbox=tuple(outbox),
            first_row=decision.first_row,
        )

    def _start(self, decision: Decision, shard: int) -> SagaStart:
        first = decision.events[0]
        if decision.seq != 1 or not isinstance(first, SagaStarted):
            raise AssertionError(f"The first decision of {decision.saga_id} is row {decision.seq}, {first!r}.")
        return SagaStart(
            definition=first.definition,
            version=(decision.continued or first).version,
            input=bytes(first.input),
            at=first.at,
            shard=shard,
            traceparent=first.traceparent,
            parent=None if first.parent is None else first.parent.saga_id,
        )

    def _answers(self, decision: Decision, saga: WarmSaga, now: int) -> list[OutboxRow]:
        name, trace = saga.machine.definition, saga.machine.traceparent
        return [answer_row(decision.saga_id, name, each, now, trace, self._topics) for each in decision.answers]

    def _row(self, saga_id: str, saga: WarmSaga, send: Send, now: int) -> OutboxRow:
        machine = saga.machine
        message = CommandMessage(
            command_id=send.command_id,
            type=send.type,
            definition=machine.definition or saga_id.partition(":")[0],
            saga_id=saga_id,
            direction=send.direction,
            attempt=send.attempt,
            time_ms=now,
            reply_to=self._topics.replies,
            reply_partition=self._ownership.reply_partition(saga_id, saga.shard),
            value=send.value,
            deadline_ms=send.deadline,
            undo=send.undo,
            progress=send.progress,
            traceparent=self._trace(machine.traceparent, send),
        )
        if send.local:
            return local_row(message, send.participant, saga.shard, machine.version)
        if send.child is not None:
            return call_row(message, send.child, self._topics)
        return OutboxRow(
            command_id=send.command_id,
            attempt=send.attempt,
            saga_id=saga_id,
            topic=self._topics.commands(send.participant),
            headers=tuple(message.headers()),
            value=send.value,
            partition=message.reply_partition,
        )


def _shown(shown: Shown) -> ShownInRow:
    return ShownInRow(shown.line or None, _encoder.encode(shown.attributes) if shown.attributes else None)
