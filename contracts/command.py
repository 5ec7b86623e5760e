"""A command of a contract and its undo: declared once, with kind, timeout and retries."""

import inspect
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeVar, get_type_hints, overload

import msgspec

from contracts.durations import Duration, milliseconds
from contracts.kinds import Kind
from contracts.retry import Retry
from contracts.values import read_as, write_value

if TYPE_CHECKING:
    from contracts.contract import Caller, Contract

P = ParamSpec("P")
R = TypeVar("R")
Method = Callable[Concatenate[Any, P], Coroutine[Any, Any, R]]


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

    def complete(self, contract: "type[Contract]", name: str) -> None:
        """Checks that the undo takes what its command took, then the result. Raises TypeError."""
        takes = list(inspect.signature(self.method).parameters)[1:]
        self.result_name = takes[-1] if takes else ""
        wanted = list(self.command.parameters)
        if takes[:-1] != wanted or len(takes) != len(wanted) + 1:
            raise TypeError(
                f"{contract.__qualname__}.{name} undoes {self.command.name}({', '.join(wanted)}): it must take the "
                f"same parameters and then the result (None when the outcome is unknown), "
                f"but takes ({', '.join(takes)})."
            )

    def __repr__(self) -> str:
        return f"<undo {self.command.type} by {self.name}>"


class Command(Generic[P, R]):
    """A command of a contract: ``Flights.reserve`` on the class; awaitable as ``flights.reserve(…)`` on an instance."""

    def __init__(
        self, method: "Method[P, R]", kind: Kind, timeout_ms: int, retry: Retry, nothing_to_undo: bool
    ) -> None:
        self.method = method
        self.kind = kind
        self.timeout_ms = timeout_ms
        self.retry = retry
        self.nothing_to_undo = nothing_to_undo
        """The command changes nothing: it may stand anywhere and leaves nothing behind."""
        self.undo_with: Undo | None = None
        self.name = method.__name__
        self.doc = inspect.getdoc(method) or ""

    def complete(self, contract: "type[Contract]") -> None:
        """Reads the annotations, once the class stands. Raises TypeError when one is missing."""
        hints = get_type_hints(self.method, include_extras=True)
        parameters = list(inspect.signature(self.method).parameters)[1:]
        missing = [name for name in [*parameters, "return"] if name not in hints]
        if missing:
            raise TypeError(
                f"{contract.__qualname__}.{self.name}: annotate {', '.join(missing)}; schemas come from it."
            )
        if self.kind is Kind.PIVOT and self.undo_with is None and not self.retry.endless:
            raise TypeError(
                f"{contract.__qualname__}.{self.name} is a pivot that may be given up without anybody knowing "
                "whether it happened: declare an undo for that case, or retry=Retry.forever()."
            )
        self.type = f"{contract.participant}.{self.name}"
        self.participant = contract.participant
        self.contract = contract
        self.local = contract.local
        self.parameters: Mapping[str, Any] = {name: hints[name] for name in parameters}
        self.result_type: Any = hints["return"]
        self.arguments_type = msgspec.defstruct(
            f"{contract.__name__}_{self.name}_arguments", list(self.parameters.items()), frozen=True, kw_only=True
        )
        self._arguments = msgspec.json.Decoder(self.arguments_type)
        self._result: msgspec.json.Decoder[Any] = msgspec.json.Decoder(self.result_type)
        self._optional_result: msgspec.json.Decoder[Any] = msgspec.json.Decoder(self.result_type | None)

    def write_arguments(self, arguments: tuple[Any, ...], named: Mapping[str, Any]) -> msgspec.Raw:
        """The arguments of a call as a JSON object by parameter name. Raises TypeError, UnreadableValue."""
        if not named and len(arguments) == len(self.parameters):
            return write_value(dict(zip(self.parameters, arguments, strict=True)))
        if len(arguments) > len(self.parameters):
            raise TypeError(f"{self.type} takes {len(self.parameters)} arguments, {len(arguments)} were given.")
        given = {**dict(zip(self.parameters, arguments, strict=False)), **named}
        if given.keys() != self.parameters.keys() or len(given) != len(arguments) + len(named):
            raise TypeError(f"{self.type} takes ({', '.join(self.parameters)}), got ({', '.join(given)}).")
        return write_value(given)

    def read_arguments(self, data: bytes | msgspec.Raw) -> dict[str, Any]:
        """The arguments by parameter name. Raises UnreadableValue when they do not fit the contract."""
        struct = read_as(data, self._arguments)
        return {name: getattr(struct, name) for name in self.parameters}

    def read_result(self, data: bytes | msgspec.Raw) -> R:
        """The result. Raises UnreadableValue when it does not fit the contract."""
        return read_as(data, self._result)

    def read_known_result(self, data: bytes | msgspec.Raw) -> R | None:
        """The result as an undo gets it: None when the outcome is unknown."""
        return read_as(data, self._optional_result)

    def undo(
        self, *, timeout: Duration = "20s", retry: Retry | None = None
    ) -> Callable[[Callable[..., Coroutine[Any, Any, None]]], Undo]:
        """Declares the command's undo; without ``retry`` it is tried for ever."""

        def declare(method: Callable[..., Coroutine[Any, Any, None]]) -> Undo:
            if self.nothing_to_undo:
                raise TypeError(
                    f"{self.name} is declared nothing_to_undo=True and cannot have the undo {method.__name__}."
                )
            self.undo_with = Undo(self, method, milliseconds(timeout), retry or Retry.forever())
            return self.undo_with

        return declare

    @overload
    def __get__(self, instance: None, owner: Any) -> "Command[P, R]": ...
    @overload
    def __get__(self, instance: "Contract", owner: Any) -> Callable[P, Coroutine[Any, Any, R]]: ...
    def __get__(self, instance: "Contract | None", owner: Any) -> Any:
        if instance is None:
            return self
        return partial(_call, instance.caller, self)

    def __repr__(self) -> str:
        return f"<command {getattr(self, 'type', self.name)}>"


def _call(caller: "Caller", command: "Command[..., R]", /, *arguments: Any, **named: Any) -> Coroutine[Any, Any, R]:
    return caller.call(command, arguments, named)


def command(
    *,
    kind: Kind = Kind.COMPENSATABLE,
    timeout: Duration = "20s",
    retry: Retry | None = None,
    nothing_to_undo: bool = False,
) -> "Callable[[Method[P, R]], Command[P, R]]":
    """Declares a command.

    ``timeout`` is for one attempt, from its sending to its answer. Without ``retry``, a retriable command is tried for
    ever and the others five times.
    """
    default = Retry.forever() if kind is Kind.RETRIABLE else Retry()
    if kind is not Kind.COMPENSATABLE and nothing_to_undo:
        raise ValueError("nothing_to_undo=True is for a command that changes nothing: leave its kind out.")
    if kind is Kind.RETRIABLE and retry is not None and not retry.endless:
        raise ValueError("A retriable command is tried until it succeeds: use Retry.forever(backoff=…).")

    def declare(method: "Method[P, R]") -> "Command[P, R]":
        return Command(method, kind, milliseconds(timeout), retry or default, nothing_to_undo)

    return declare
