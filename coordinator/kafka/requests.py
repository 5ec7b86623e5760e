"""From a record of the requests topic to a fact, and from its verdict to the record's end."""

from functools import partial
from typing import Any, assert_never

import msgspec

from contracts.command_message import CommandMessage, child_of
from contracts.headers import UnreadableMessage
from contracts.request_message import CancelSaga, RequestMessage, SignalSaga, StartSaga, UpdateSaga
from coordinator.engine.facts import (
    Accepted,
    Cancel,
    Conflict,
    Declined,
    Fact,
    Ignored,
    Known,
    Signal,
    Unfit,
    Update,
    Verdict,
)
from coordinator.kafka.child_answers import ChildAnswers
from coordinator.kafka.dead_letters import DeadLetters
from coordinator.kafka.offsets import PartitionOffsets
from coordinator.runtime.calls import called, unstartable
from coordinator.runtime.intake import Intake
from coordinator.runtime.starting import Starting, Unstartable


class Requests:
    """Takes records in. Each ends as handled: the saga has what was asked for, or it is among the dead letters."""

    def __init__(self, intake: Intake, dead_letters: DeadLetters, starting: Starting, answers: ChildAnswers) -> None:
        self._intake = intake
        self._dead_letters = dead_letters
        self._starting = starting
        self._answers = answers

    @property
    def full(self) -> bool:
        """See ``Taker``."""
        return self._intake.full or self._intake.crowded or self._dead_letters.full or self._answers.full

    def take(self, record: Any, offsets: PartitionOffsets) -> None:
        """See ``Taker``."""
        offsets.begin(record.offset)
        try:
            if (child := child_of(record.headers)) is not None:
                self._take_call(record, offsets, child)
                return
            saga_id, fact = self._asked(RequestMessage.read(record.headers, record.value))
        except (UnreadableMessage, Unstartable) as error:
            self._set_aside(record, offsets, str(error))
        except Exception as error:  # poison of a kind that nobody has thought of: the partition must move on
            self._set_aside(record, offsets, f"It could not be read: {error!r}")
        else:
            self._intake.offer(saga_id, fact, partial(self._done, record, offsets))

    def _take_call(self, record: Any, offsets: PartitionOffsets, child: str) -> None:
        call = CommandMessage.read(record.headers, record.value)
        try:
            fact = called(call, child, self._starting)
        except Unstartable as error:
            self._answers.add(call, child, unstartable(error), partial(offsets.done, record.offset))
        else:
            self._intake.offer(child, fact, partial(self._called, record, offsets, call, child))

    def _called(
        self, record: Any, offsets: PartitionOffsets, call: CommandMessage, child: str, verdict: Verdict
    ) -> None:
        answer = verdict.answer if isinstance(verdict, Accepted | Known) else None
        if answer is None:
            self._done(record, offsets, verdict)
        else:
            self._answers.add(call, child, answer, partial(offsets.done, record.offset))

    def _asked(self, message: RequestMessage) -> tuple[str, Fact]:
        match message.request:
            case StartSaga(definition, given, key, signal, update, attributes):
                trace = message.traceparent
                saga_id, start = self._starting.fact(definition, given, key, trace=trace, attributes=attributes)
                if signal is not None:
                    sent = Signal(signal.name, message.request_id, signal.value)
                    start = msgspec.structs.replace(start, sent=sent)
                elif update is not None:
                    sent = Update(update.name, message.request_id, update.value)
                    start = msgspec.structs.replace(start, sent=sent)
                return saga_id, start
            case SignalSaga(name, value):
                return message.saga_id, Signal(name, message.request_id, value)
            case UpdateSaga(name, value):
                return message.saga_id, Update(name, message.request_id, value)
            case CancelSaga(reason):
                return message.saga_id, Cancel(reason)
            case _:
                assert_never(message.request)

    def _done(self, record: Any, offsets: PartitionOffsets, verdict: Verdict) -> None:
        match verdict:
            case Accepted() | Known():
                offsets.done(record.offset)
            case Unfit(misfit, "value"):
                self._set_aside(record, offsets, f"The value does not fit: {misfit.rstrip('.')}.")
            case Declined():
                self._set_aside(record, offsets, verdict.message)
            case Conflict(reason) | Unfit(reason) | Ignored(reason):
                self._set_aside(record, offsets, reason)
            case _:
                assert_never(verdict)

    def _set_aside(self, record: Any, offsets: PartitionOffsets, reason: str) -> None:
        self._dead_letters.add(record, reason, partial(offsets.done, record.offset))
