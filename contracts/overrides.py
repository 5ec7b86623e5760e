"""What one call has otherwise than its command declares."""

from functools import partial
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from contracts.durations import Duration, milliseconds
from contracts.retry import Retry
from contracts.undo import Undo

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from contracts.command import Command
    from contracts.contract import Caller

P = ParamSpec("P")
R = TypeVar("R")


class Override(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Kept with the step, so that it holds whatever the contract says later. None and UNSET: as declared."""

    timeout_ms: int | None = None
    retry: Retry | None = None
    undo: str | UnsetType | None = UNSET
    """Another of the command's undos, by its name; None: it is not undone."""
    undo_timeout_ms: int | None = None
    undo_retry: Retry | None = None
    pending_timeout_ms: int | None = None

    @property
    def other_undo(self) -> str | None:
        """The name of the undo, where it is not the declared one."""
        return self.undo if isinstance(self.undo, str) else None


class BoundCommand(partial[Any], Generic[P, R]):
    """A command as a saga calls it: ``await flights.reserve(…)``. A partial, since one is made for every call."""

    __slots__ = ()

    if TYPE_CHECKING:

        def __call__(self, /, *args: P.args, **keywords: P.kwargs) -> "Coroutine[Any, Any, R]":
            """Sends the command and waits for its result."""
            ...

    @property
    def _caller(self) -> "Caller":
        return self.args[0]

    @property
    def command(self) -> "Command[P, R]":
        """As it is called here."""
        return self.args[1]

    def using(
        self,
        *,
        timeout: Duration | None = None,
        pending_timeout: Duration | None = None,
        retry: Retry | None = None,
        undo: Undo | UnsetType | None = UNSET,
        undo_timeout: Duration | None = None,
        undo_retry: Retry | None = None,
    ) -> "BoundCommand[P, R]":
        """The same command with other policies, for the calls made through what is returned.

        ``await flights.reserve.using(timeout="2s", retry=Retry.never())(request)``. What is left out is as declared.
        ``undo`` is another of the command's undos (see ``other_undo``), or None: what the call does then stands when
        the saga goes back, and it is for the author to see to it. Raises TypeError for what the command's kind forbids.
        """
        if isinstance(undo, Undo) and undo not in self.command.undos:
            raise TypeError(
                f"{undo!r} does not undo {self.command.type}: declare it with @{self.command.name}.other_undo."
            )
        override = Override(
            timeout_ms=None if timeout is None else milliseconds(timeout),
            retry=retry,
            undo=undo.name if isinstance(undo, Undo) else undo,
            undo_timeout_ms=None if undo_timeout is None else milliseconds(undo_timeout),
            undo_retry=undo_retry,
            pending_timeout_ms=None if pending_timeout is None else max(1, milliseconds(pending_timeout)),
        )
        if self.command.override is not None:
            override = over(self.command.override, override)
        command = self.command.declared.overridden(override)
        command.check_ends(command.type)
        return BoundCommand(call, self._caller, command)

    def __repr__(self) -> str:
        return f"<bound {self.command!r}>"


def call(caller: "Caller", command: "Command[..., R]", /, *arguments: Any, **named: Any) -> "Coroutine[Any, Any, R]":
    """What a bound command does."""
    return caller.call(command, arguments, named)


def over(first: Override, then: Override) -> Override:
    """Both; where both say something, the second."""
    said = {
        name: value for name in then.__struct_fields__ if (value := getattr(then, name)) is not getattr(_NONE, name)
    }
    return msgspec.structs.replace(first, **said)


_NONE = Override()
