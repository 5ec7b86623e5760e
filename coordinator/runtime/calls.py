"""Sagas called by sagas, on the wire: commands among the requests, answers among the replies."""

from contextlib import suppress

import msgspec

from contracts.answers import Answer, Failure, Refusal
from contracts.command_message import CHILD, REPLY_PARTITION, CommandMessage, UndoValue
from contracts.failures import Problem
from contracts.headers import Headers
from contracts.ids import check_saga_id, command_id, forward_id, undo_id
from contracts.reply_message import PARENT, ReplyMessage
from contracts.topics import Topics
from contracts.values import NULL
from coordinator.engine.decision import ToParent
from coordinator.engine.facts import Start, UndoChild
from coordinator.history.started import Parent
from coordinator.runtime.ports import OutboxRow
from coordinator.runtime.starting import Starting, UnknownDefinition, Unstartable
from coordinator.saga.children import DETACHED

_arguments = msgspec.json.Decoder(dict[str, msgspec.Raw])
_undo = msgspec.json.Decoder(UndoValue)
_problem = msgspec.json.Decoder(Problem)


def call_row(message: CommandMessage, child: str, topics: Topics) -> OutboxRow:
    """The call of a saga, or its undo, for the outbox of the saga that calls."""
    headers = (*message.headers(), (CHILD, child.encode()))
    return OutboxRow(message.command_id, message.attempt, message.saga_id, topics.requests, headers, message.value)


def answer_row(saga_id: str, definition: str, said: ToParent, now: int, trace: str | None, topics: Topics) -> OutboxRow:
    """What a saga answers the one that called it, for its own outbox. It is its own step 0."""
    own = command_id(saga_id, 0) if said.command_id == forward_id(said.command_id) else undo_id(saga_id, 0)
    reply = ReplyMessage(
        reply_id=f"{own}:{said.attempt}",
        saga_id=said.saga_id,
        command_id=said.command_id,
        attempt=said.attempt,
        answer=said.answer,
        source=f"/amends/sagas/{definition}",
        time_ms=now,
        traceparent=trace,
    )
    headers = answer_headers(reply, said.partition)
    return OutboxRow(own, said.attempt, saga_id, topics.replies, tuple(headers), reply.value, said.partition)


def answer_headers(reply: ReplyMessage, partition: int | None) -> Headers:
    """Its last header is its key; the one before says which partition it should go to, if not that of the key."""
    aim: Headers = [] if partition is None else [(REPLY_PARTITION, str(partition).encode())]
    return [*reply.headers(), *aim, (PARENT, reply.saga_id.encode())]


def answer_at_once(message: CommandMessage, child: str, answer: Answer) -> ReplyMessage:
    """The answer to a call, or an undo, that changes nothing, or only begins something."""
    return ReplyMessage(
        reply_id=f"{message.command_id}:{message.attempt}:at_once",
        saga_id=message.saga_id,
        command_id=message.command_id,
        attempt=message.attempt,
        answer=answer,
        source=f"/amends/sagas/{child.partition(':')[0]}",
        time_ms=message.time_ms,
        traceparent=message.traceparent,
    )


def called(message: CommandMessage, child: str, starting: Starting) -> Start | UndoChild:
    """What the child's mailbox gets. Raises Unstartable, UnreadableMessage and the like for what is no such message."""
    if message.direction == "undo":
        value = _undo.decode(message.value)
        call = forward_id(message.command_id)
        start: Start | None = None
        with suppress(Unstartable):
            start = _start(message, child, call, value.command, Starting(starting.definitions, _untraced))
        return UndoChild(call, message.attempt, _problem.decode(value.cause), start)
    return _start(message, child, message.command_id, msgspec.Raw(message.value), starting)


def _start(message: CommandMessage, child: str, call: str, arguments: msgspec.Raw, starting: Starting) -> Start:
    name, _, key = check_saga_id(child).partition(":")
    given = _arguments.decode(arguments).get("input", NULL)
    _, start = starting.fact(name, given, key, trace=message.traceparent)
    detached = message.type.startswith(f"{DETACHED}.")
    parent = Parent(message.saga_id, call, message.attempt, message.reply_partition, detached)
    return msgspec.structs.replace(start, parent=parent)


def _untraced(saga_id: str, definition: str, trace: str | None) -> str | None:
    """It never begins."""
    return trace


def unstartable(error: Unstartable) -> Answer:
    """What the step hears whose saga cannot begin. Another coordinator may have the definition."""
    if isinstance(error, UnknownDefinition):
        return Failure(Problem("unknown_definition", str(error), retryable=True))
    return Refusal(Problem("cannot_begin", str(error)))
