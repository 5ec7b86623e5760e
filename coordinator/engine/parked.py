"""Answers and signals that come while a saga stands still are kept, whole, until it goes on."""

import msgspec

from contracts.reply_message import answer_name, answer_value, read_answer
from coordinator.engine.facts import Reply, Signal
from coordinator.history.parking import ReplyDeferred
from coordinator.history.signals import SignalDeferred


def deferred_reply(reply: Reply, now: int) -> ReplyDeferred:
    """The reply as an event."""
    value = msgspec.Raw(answer_value(reply.answer))
    return ReplyDeferred(reply.command_id, reply.attempt, answer_name(reply.answer), value, now)


def reply_of(event: ReplyDeferred) -> Reply:
    """The reply as it came."""
    return Reply(event.command_id, event.attempt, read_answer(event.answer, bytes(event.value)))


def signal_of(event: SignalDeferred) -> Signal:
    """The signal as it came."""
    return Signal(event.name, event.id, event.value)
