"""The way back of a command."""

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from contracts.retry import Retry

if TYPE_CHECKING:
    from contracts.command import Command
    from contracts.contract import Contract


class Undo:
    """The way back of a command. Sent by the coordinator only; a saga never calls it."""

    def __init__(self, command: "Command[..., Any]", method: Callable[..., Any], timeout_ms: int, retry: Retry) -> None:
        self.command = command
        self.method = method
        self.timeout_ms = timeout_ms
        self.retry = retry
        self.name = method.__name__
        self.result_name = ""
        """The parameter that takes what the command answered."""

    def complete(self, contract: "type[Contract]") -> None:
        """Checks that the undo takes what its command took, then the result. Raises TypeError."""
        takes = list(inspect.signature(self.method).parameters)[1:]
        self.result_name = takes[-1] if takes else ""
        wanted = list(self.command.parameters)
        if takes[:-1] != wanted or len(takes) != len(wanted) + 1:
            raise TypeError(
                f"{contract.__qualname__}.{self.name} undoes {self.command.name}({', '.join(wanted)}): it must take "
                f"the same parameters and then the result (None when the outcome is unknown), "
                f"but takes ({', '.join(takes)})."
            )

    def __repr__(self) -> str:
        return f"<undo {self.command.type} by {self.name}>"
