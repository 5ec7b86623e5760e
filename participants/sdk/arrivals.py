"""What came from Kafka: read, and matched with the handler that will answer it."""

from typing import Any

import msgspec

from contracts.answers import Failure
from contracts.command_message import CommandMessage
from contracts.failures import Problem
from contracts.headers import UnreadableMessage
from contracts.ids import forward_id
from participants.sdk.handler import Handler
from participants.sdk.participant import Participant

MAX_ID_LENGTH = 1_000
"""In characters. A saga's id has at most 264, a command's id 16 more; what is longer is not from a coordinator."""


class Call(msgspec.Struct, frozen=True):
    """A command or an undo, and who answers it."""

    message: CommandMessage
    forward_id: str
    """The command's id, of an undo too: the barrier's key."""
    handler: Handler
    long: bool = False
    """The command's handler takes long: it, and its undo, are handled beside the others."""


class SetAside(msgspec.Struct, frozen=True):
    """A record that nobody can handle."""

    reason: str
    message: CommandMessage | None = None
    """When the headers could be read: whom to answer."""
    answer: Failure | None = None


class Arrivals:
    """Reads records for one participant, which answers to one topic: nobody can have it write anywhere else."""

    def __init__(self, participant: Participant, replies: str) -> None:
        self._replies = replies
        commands = participant.contract.commands.values()
        self._commands = {command.type: participant.handlers[command.name] for command in commands}
        self._long = frozenset(command.type for command in commands if self._commands[command.type].heartbeat)
        self._undos = {
            (command.type, None if undo is command.undo_with else undo.name): participant.handlers[undo.name]
            for command in commands
            for undo in command.undos
        }

    def read(self, headers: Any, value: bytes | None) -> Call | SetAside:
        """The call that the record asks for. Raises nothing: what cannot be read is set aside."""
        try:
            message = CommandMessage.read(headers, value)
            return self._call(message)
        except UnreadableMessage as error:
            return self._unreadable(headers, f"{error}")

    def _call(self, message: CommandMessage) -> Call | SetAside:
        command_id = message.command_id
        if command_id.endswith(":undo") is not (message.direction == "undo"):
            raise UnreadableMessage(
                f"The header ce_direction is {message.direction}, but ce_id is {command_id[:80]!r}."
            )
        if len(command_id) + len(message.saga_id) > MAX_ID_LENGTH or not command_id.isprintable():
            raise UnreadableMessage(f"The header ce_id is {command_id[:80]!r}…: that is no command's id.")
        if message.reply_to != self._replies:
            raise UnreadableMessage(
                f"The header ce_replyto is {message.reply_to[:80]!r}: this participant answers to {self._replies!r}."
            )
        if message.direction == "forward":
            handler = self._commands.get(message.type)
        else:
            handler = self._undos.get((message.type, message.undo))
        return (
            _unknown(message)
            if handler is None
            else Call(message, forward_id(command_id), handler, message.type in self._long)
        )

    def _unreadable(self, headers: Any, reason: str) -> SetAside:
        """When only the value is at fault, the saga is told."""
        try:
            call = self._call(CommandMessage.read(headers, b"null"))
        except UnreadableMessage:
            return SetAside(reason)
        return SetAside(reason, call.message, Failure(Problem("unreadable_arguments", reason)))


def _unknown(message: CommandMessage) -> SetAside:
    """Retryable: the participant that knows it may be on its way."""
    undo = "" if message.direction == "forward" else f"undo {message.undo} of " if message.undo else "undo of "
    reason = f"There is no {undo}{message.type!r} in this contract."
    return SetAside(reason, message, Failure(Problem("unknown_command", reason, retryable=True)))
