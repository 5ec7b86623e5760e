"""Whether the methods of a local contract say what is to be done."""

import dis
import inspect
from collections.abc import Callable, Iterable
from typing import Any

from contracts.command import Command


def check_bodies(contract: str, commands: Iterable[Command[..., Any]]) -> None:
    """Raises TypeError for a command, or an undo, of a local contract that has nothing to run."""
    for command in commands:
        for method in (command.method, *(undo.method for undo in command.undos)):
            if not inspect.iscoroutinefunction(method):
                raise TypeError(f"{contract}.{method.__name__} is run by the coordinator: declare it with 'async def'.")
            if _is_empty(method):
                raise TypeError(
                    f"{contract}.{method.__name__} has no body, and its contract is local: write what is to be done, "
                    "or leave local=True out if a participant does it."
                )


async def _nothing() -> None: ...


def _is_empty(method: Callable[..., Any]) -> bool:
    """Nothing but a docstring, ``...`` or ``pass``."""
    return _operations(method) == _operations(_nothing)


def _operations(method: Callable[..., Any]) -> list[tuple[str, bool]]:
    """What it does, and which of that is done with None: ``return 1`` is a body, ``return None`` is not."""
    return [(each.opname, each.argval is None) for each in dis.get_instructions(method) if each.opname != "NOP"]
