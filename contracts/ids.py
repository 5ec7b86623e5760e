"""Ids. All are derived, none is drawn: the same saga and step give the same id on every retry and every replay."""

import re

import msgspec

MAX_KEY_LENGTH = 200
MAX_REQUEST_ID_LENGTH = 200
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_KEY = re.compile(r"[^\x00-\x20\x7f/?#%\\]+")
_UNDO = ":undo"
_NOTICE = ":lifecycle"


class CommandRef(msgspec.Struct, frozen=True, gc=False):
    """What a command id says."""

    saga_id: str
    step: int
    undo: bool


def check_name(name: str, what: str) -> str:
    """The name, if it can stand in topics and addresses; else ValueError."""
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"{what} {name!r}: use lower-case letters, digits and '_', starting with a letter, at most 63."
        )
    return name


def saga_id(definition: str, key: str) -> str:
    """``{definition}:{key}``. ValueError when the key cannot stand in an address or is too long."""
    if len(key) > MAX_KEY_LENGTH or not _KEY.fullmatch(key) or not key.isprintable():
        raise ValueError(
            f"The key {key[:60]!r} cannot be used: give 1 to {MAX_KEY_LENGTH} printable characters "
            "without spaces and without any of / ? # % \\."
        )
    return f"{definition}:{key}"


def check_saga_id(saga: str) -> str:
    """The id, if a saga can have it; else ValueError."""
    definition, colon, key = saga.partition(":")
    if not colon or not _NAME.fullmatch(definition):
        raise ValueError(f"{saga[:80]!r} is not a saga's id: expected '<definition>:<key>'.")
    return saga_id(definition, key)


def can_be_a_request_id(request: str) -> bool:
    """Whether the id of a request, and so of a signal, can be kept."""
    return request.isprintable() and 1 <= len(request) <= MAX_REQUEST_ID_LENGTH


def check_request_id(request: str) -> str:
    """The id of a request, if it can be kept; else ValueError."""
    if not can_be_a_request_id(request):
        raise ValueError(
            f"The id {request[:60]!r} cannot be used: give 1 to {MAX_REQUEST_ID_LENGTH} printable characters."
        )
    return request


def command_id(saga: str, step: int) -> str:
    """Id of the forward command of step number ``step`` (from 1)."""
    return f"{saga}:{step}"


def undo_id(saga: str, step: int) -> str:
    """Id of the undo of step number ``step``: the forward id with the suffix ``:undo``."""
    return f"{saga}:{step}{_UNDO}"


def undo_id_of(command: str) -> str:
    """Id of the undo of the forward command with this id."""
    return f"{command}{_UNDO}"


def notice_id(saga: str, number: int) -> str:
    """Id of the saga's notice number ``number``, from 1: like no command's, whatever a saga's key is."""
    return f"{saga}:{number}{_NOTICE}"


def is_notice_id(id: str) -> bool:
    """Whether it is a notice's, and no command's."""
    return id.endswith(_NOTICE)


def notice_number(notice: str) -> int:
    """The number in a notice's id."""
    return int(notice.removesuffix(_NOTICE).rpartition(":")[2])


def forward_id(command: str) -> str:
    """The id of the forward command that ``command`` is, or undoes."""
    return command.removesuffix(_UNDO)


def parse_command_id(command: str) -> CommandRef:
    """The parts of a command id. Raises ValueError when it is none."""
    saga, colon, step = command.removesuffix(_UNDO).rpartition(":")
    if not colon or ":" not in saga or not (step.isascii() and step.isdigit()) or len(step) > 9:
        raise ValueError(f"{command[:80]!r} is not a command id: expected '<definition>:<key>:<step>[:undo]'.")
    return CommandRef(saga, int(step), command.endswith(_UNDO))
