"""Running the body of a local step, and turning whatever comes of it into an answer, as a participant does."""

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec
import structlog

from contracts import RETRIABLE, Contract, Failed, Problem, Refused, raised
from contracts.answers import Failure, Refusal, Success
from contracts.command import Command
from contracts.command_message import CommandMessage, UndoValue
from contracts.values import NULL, OversizedValue, UnreadableValue, read_as, write_value
from coordinator.saga.local_steps import CURRENT_STEP, Left, LocalStep, Told
from coordinator.telemetry.within import within_trace

log = structlog.get_logger(__name__)

_undo_value = msgspec.json.Decoder(UndoValue)
_problem = msgspec.json.Decoder(Problem)


class NoCaller:
    """What bodies have for ``self.caller``: they call nothing through the coordinator."""

    async def call(self, command: Command[..., Any], arguments: tuple[Any, ...], named: Mapping[str, Any]) -> Any:
        """Raises Failed, for good."""
        raise Failed(
            "step_in_a_step",
            f"The body of a local step calls {command.type}: only a saga can. Call an ordinary function instead.",
            retryable=False,
        )


async def answer_of(
    command: Command[..., Any],
    contract: Contract,
    message: CommandMessage,
    progress: bytes | None,
    told: Told,
    left: Left,
) -> Success | Refusal | Failure:
    """What the body answers to this message. Raises CancelledError when the coroutine is cancelled.

    ``progress``: JSON, how far the step has got, if that was told.
    """
    try:
        return Success(await _run(command, contract, message, progress, told, left))
    except (Exception, asyncio.CancelledError) as error:
        if isinstance(error, asyncio.CancelledError) and _cancelled():
            raise
        return _answer_to(command, message, error)


def _cancelled() -> bool:
    """Whether it is this body that is to stop, rather than something that it awaited."""
    running = asyncio.current_task()
    return running is not None and running.cancelling() > 0


async def _run(
    command: Command[..., Any],
    contract: Contract,
    message: CommandMessage,
    progress: bytes | None,
    told: Told,
    left: Left,
) -> msgspec.Raw:
    undo = command.undo_named(message.undo) if message.direction == "undo" else None
    cause: Problem | None = None
    try:
        if undo is None:
            method, arguments = command.method, command.read_arguments(message.value)
        else:
            value = read_as(message.value, _undo_value)
            method, arguments = undo.method, command.read_arguments(value.command)
            arguments[undo.result_name] = command.read_known_result(value.result)
            cause = read_as(value.cause, _problem)
    except UnreadableValue as error:
        raise Failed("unreadable_arguments", f"{error}", retryable=False) from error
    step = LocalStep(
        message.command_id,
        message.saga_id,
        message.definition,
        message.attempt,
        message.direction,
        message.traceparent,
        cause,
        progress,
        told,
        left,
    )
    CURRENT_STEP.set(step)
    within_trace(message.traceparent)
    result = await method(contract, **arguments)
    if undo is not None:
        return NULL
    try:
        written = write_value(result)
        command.read_result(written)
    except (UnreadableValue, OversizedValue) as error:
        raise Failed(
            "unwritable_result", f"{command.type} returned what cannot be kept. {error}", retryable=False
        ) from error
    return written


def _answer_to(command: Command[..., Any], message: CommandMessage, error: BaseException) -> Refusal | Failure:
    """The answer when the body raised. What nobody expected is logged, and may be tried again."""
    forward = message.direction == "forward"
    refusable = forward and command.kind is not RETRIABLE
    match error:
        case Refused():
            if not refusable:
                log.warning("local_step_cannot_be_refused", command_id=message.command_id)
        case Failed():
            pass
        case _:
            log.error("local_step_failed", command_id=message.command_id, attempt=message.attempt, exc_info=error)
    return raised.answer_to(error, command.type, forward=forward, refusable=refusable, does="kept")
