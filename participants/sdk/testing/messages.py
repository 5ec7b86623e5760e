"""Messages as a coordinator would send them."""

from collections.abc import Mapping
from typing import Any

import msgspec

from contracts import Command, Problem, Undo
from contracts.command_message import CommandMessage, UndoValue
from contracts.ids import command_id, forward_id, saga_id
from contracts.topics import Topics
from contracts.values import NULL, write_value

DEFINITION = "participant_test"
SAGA = saga_id(DEFINITION, "1")
"""All commands of a test belong to it, so that what a test left behind can be told from what others did."""
CAUSE = Problem("changed_plans", "The test undoes the command.")


def forward_message(
    command: Command[..., Any], arguments: tuple[Any, ...], named: Mapping[str, Any], step: int
) -> CommandMessage:
    """The first attempt of the saga's step of that number. Raises TypeError, UnreadableValue."""
    _check_command(command)
    return CommandMessage(
        command_id=command_id(SAGA, step),
        type=command.type,
        definition=DEFINITION,
        saga_id=SAGA,
        direction="forward",
        attempt=1,
        time_ms=1_767_225_600_000,
        reply_to=Topics().replies,
        value=bytes(command.write_arguments(arguments, named)),
    )


def progressed(message: CommandMessage, details: Any) -> CommandMessage:
    """The next attempt of this command, after its handler's last heartbeat had these details."""
    return msgspec.structs.replace(message, attempt=message.attempt + 1, progress=bytes(write_value(details)))


def undo_message(
    forward: CommandMessage, result: msgspec.Raw = NULL, cause: Problem = CAUSE, undo: str | None = None
) -> CommandMessage:
    """The undo of that command; ``result`` is what the coordinator knows, NULL when it knows nothing.

    ``undo`` is the name of another undo than the declared one.
    """
    value = UndoValue(msgspec.Raw(forward.value), result, write_value(cause))
    return msgspec.structs.replace(
        forward,
        command_id=f"{forward_id(forward.command_id)}:undo",
        direction="undo",
        undo=undo,
        value=msgspec.json.encode(value),
    )


def _check_command(command: Any) -> None:
    if isinstance(command, Undo):
        name, forward = (each.method.__qualname__ for each in (command, command.command))
        raise TypeError(f"{name} is an undo: give its command, {forward}.")
    if not isinstance(command, Command):
        raise TypeError(f"{command!r} is no command: give one of a contract, such as Hotels.reserve.")
