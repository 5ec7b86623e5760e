"""The declaration of a participant: which function answers which command."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from sqlalchemy import MetaData

from contracts import Command, Contract, Undo
from participants.sdk.handler import Function, Handler, fit

F = TypeVar("F", bound=Function)


class Participant:
    """Answers the commands of one contract.

    ``tables`` are created, where they are missing, when the participant is run by ``participants.sdk.run``; leave it
    out when a migration does that.

    ``barrier=False`` is for handlers that may be called twice with the same command, and whose undo may be called
    before or without its command, and do no harm by it: there is no database then, nothing is remembered, every
    delivery calls the handler, and an undo is given the result that the coordinator knows.
    """

    def __init__(self, contract: type[Contract], *, barrier: bool = True, tables: MetaData | None = None) -> None:
        if contract.local:
            raise TypeError(
                f"{contract.__qualname__} is local: the coordinator runs its commands, no participant does."
            )
        self.contract = contract
        self.barrier = barrier
        self.tables = tables
        self._handlers: dict[str, Handler] = {}

    @property
    def name(self) -> str:
        """The contract's name, which also names the topic and the consumer group."""
        return self.contract.participant

    @property
    def handlers(self) -> Mapping[str, Handler]:
        """By method name of the contract, undos included."""
        return self._handlers

    def on(self, target: Command[..., Any] | Undo) -> Callable[[F], F]:
        """Declares the handler of a command or an undo. Raises TypeError when it does not fit the contract."""
        key = target.name
        if vars(self.contract).get(key) is not target:
            raise TypeError(
                f"{target!r} does not belong to {self.contract.__qualname__}, which this participant answers."
            )

        def declare(function: F) -> F:
            handler = fit(target, function)
            if (other := self._handlers.get(key)) is not None:
                raise TypeError(
                    f"{target!r} has the handler {other.name} already; {handler.name} would be a second one."
                )
            self._handlers[key] = handler
            return function

        return declare

    def complete(self, database: bool) -> None:
        """Checks that the participant can run. Raises TypeError with all that is missing."""
        targets = [key for key, value in vars(self.contract).items() if isinstance(value, Command | Undo)]
        faults = [f"{self.contract.__qualname__}.{key} has no handler" for key in targets if key not in self._handlers]
        if not database:
            asking = [handler for handler in self._handlers.values() if handler.needs_database]
            faults += [f"{handler.name} asks for a session, but there is no database" for handler in asking]
        elif not self.barrier:
            faults.append("with barrier=False no database is used: leave it out")
        if faults:
            raise TypeError(f"The participant {self.name} cannot run: {'; '.join(faults)}.")
