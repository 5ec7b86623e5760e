"""Calling a handler, and turning whatever comes of it into an answer."""

import logging
from typing import Any

import msgspec
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from contracts import RETRIABLE, Failed, Problem, Refused, raised
from contracts.answers import Failure, Pending, Refusal, Success
from contracts.command_message import UndoValue
from contracts.values import OversizedValue, UnreadableValue, read_as, write_value
from participants.sdk.arrivals import Call
from participants.sdk.delivery import Delivery
from participants.sdk.entry import NOTHING_TO_UNDO
from participants.sdk.heartbeat import Heartbeat
from participants.sdk.limit import Limit

log = logging.getLogger(__name__)

_undo_value = msgspec.json.Decoder(UndoValue)
_problem = msgspec.json.Decoder(Problem)


async def perform(
    call: Call,
    known: msgspec.Raw | None,
    limit: Limit | None,
    session: AsyncSession | None = None,
    connection: AsyncConnection | None = None,
    heartbeat: Heartbeat[Any] | None = None,
) -> Success | Pending:
    """The handler's result, or that it comes later.

    ``known`` is what the barrier kept of the command that is undone; None without a barrier. Raises whatever the
    handler raises; Failed when the arguments or the result do not fit the contract, or after ``limit`` (None: never).
    """
    handler = call.handler
    arguments = _arguments(call, known)
    if handler.delivery is not None:
        arguments[handler.delivery] = Delivery.of(call.message)
    if handler.session is not None:
        arguments[handler.session] = session
    if handler.connection is not None:
        arguments[handler.connection] = connection
    if handler.heartbeat is not None:
        arguments[handler.heartbeat] = heartbeat
    running = handler.function(**arguments)
    try:
        result = await (running if limit is None else limit.run(running))
    except TimeoutError as error:
        if limit is not None and limit.expired:
            raise Failed("handler_timed_out", f"{handler.name} did not return within {limit.seconds:g} s.") from error
        raise
    if handler.result is not None:
        if isinstance(result, Pending):
            raise Failed("undo_not_done", f"{handler.name} is an undo: it is answered when it is done.")
        return NOTHING_TO_UNDO
    if isinstance(result, Pending):
        return result
    try:
        value = write_value(result)
        handler.read_result(value)
    except (UnreadableValue, OversizedValue) as error:
        raise Failed(
            "unwritable_result", f"{handler.name} returned what cannot be sent. {error}", retryable=False
        ) from error
    return Success(value)


def _arguments(call: Call, known: msgspec.Raw | None) -> dict[str, object]:
    handler = call.handler
    try:
        if handler.result is None:
            return handler.read_arguments(call.message.value)
        undo = read_as(call.message.value, _undo_value)
        arguments = handler.read_arguments(undo.command)
        arguments[handler.result] = handler.read_result(undo.result if known is None else known)
        if handler.cause is not None:
            arguments[handler.cause] = read_as(undo.cause, _problem)
    except UnreadableValue as error:
        raise Failed("unreadable_arguments", f"{error}", retryable=False) from error
    return arguments


def answer_to(call: Call, error: BaseException) -> Refusal | Failure:
    """The answer when the handler raised. What nobody expected is logged, and may be tried again."""
    handler = call.handler
    forward = handler.result is None
    refusable = forward and handler.kind is not RETRIABLE
    match error:
        case Refused():
            if not refusable:
                log.warning("%s refused %s, which cannot be refused.", handler.name, call.message.command_id)
        case Failed():
            pass
        case _:
            log.error(
                "%s failed on %s, attempt %d.",
                handler.name,
                call.message.command_id,
                call.message.attempt,
                exc_info=error,
            )
    return raised.answer_to(
        error, handler.name, forward=forward, refusable=refusable, source=_source(error), does="sent"
    )


def _source(error: BaseException) -> BaseException:
    """Of the database's errors their own text, without the statement and its parameters."""
    return error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
