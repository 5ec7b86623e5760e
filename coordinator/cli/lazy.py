"""Commands that are imported when they are called, so that ``amends --help`` need not wait for web frameworks.

This is the one place where a module is imported late on purpose: a group knows the name, the help and the module of
each command; the module has the command as its ``app``.
"""

from importlib import import_module
from typing import Any, ClassVar, NamedTuple, Protocol

from typer import Typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command


class Entry(NamedTuple):
    """One command."""

    module: str
    help: str


class _Module(Protocol):
    app: Typer


class LazyGroup(TyperGroup):
    """A group of such commands. Subclass it and name them in ``entries``."""

    entries: ClassVar[dict[str, Entry]] = {}

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for name, entry in self.entries.items():
            self.add_command(TyperCommand(name, help=entry.help), name)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command of that name, imported now."""
        name, found, rest = super().resolve_command(ctx, args)
        if found is None or name not in self.entries:
            return name, found, rest
        module: _Module = import_module(self.entries[name].module)  # pyright: ignore[reportAssignmentType]
        command = get_command(module.app)
        command.name = name
        return name, command, rest
