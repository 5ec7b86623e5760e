"""Typed contracts: what a saga calls, what a handler implements, where the schemas come from."""

import inspect
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar, Protocol

from contracts.bodies import check_bodies
from contracts.command import Command
from contracts.ids import check_name


class Caller(Protocol):
    """Performs a command for whoever holds the contract: a saga's run, or a test's stub."""

    async def call(self, command: Command[..., Any], arguments: tuple[Any, ...], named: Mapping[str, Any]) -> Any:
        """Sends the command and waits for its result. Raises StepError when it did not succeed."""
        ...


class Contract:
    """The commands of one participant. Subclass it with ``name=``, which also names its topic.

    With ``local=True`` nobody else answers: the methods have bodies, and the coordinator runs them itself.

    A class declares; an instance, bound to a caller, is what a saga receives as an argument.
    """

    participant: ClassVar[str]
    local: ClassVar[bool] = False
    """Its commands are local steps: their bodies are what is done."""
    commands: ClassVar[Mapping[str, Command[..., Any]]]
    """By command name, in order of declaration."""

    def __init_subclass__(cls, *, name: str, local: bool = False) -> None:
        cls.participant = check_name(name, f"Contract {cls.__name__} has the name")
        cls.local = local
        commands = {key: value for key, value in vars(cls).items() if isinstance(value, Command)}
        for command in commands.values():
            command.complete(cls)
            for undo in command.undos:
                undo.complete(cls)
        if local:
            check_bodies(cls.__qualname__, commands.values())
        cls.commands = MappingProxyType(commands)

    def __init__(self, caller: Caller) -> None:
        self.caller = caller

    @classmethod
    def description(cls) -> str:
        """The contract's docstring."""
        return inspect.getdoc(cls) or ""
