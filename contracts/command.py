"""A command of a contract and its undo: declared once, with kind, timeout and retries."""

import copy
import inspect
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeVar, get_type_hints, overload

import msgspec

from contracts.durations import Duration, milliseconds
from contracts.kinds import Kind
from contracts.overrides import BoundCommand, Override, call
from contracts.retry import Retry
from contracts.undo import Undo
from contracts.values import read_as, write_value

if TYPE_CHECKING:
    from contracts.contract import Contract

P = ParamSpec("P")
R = TypeVar("R")
Method = Callable[Concatenate[Any, P], Coroutine[Any, Any, R]]


class Command(Generic[P, R]):
    """A command of a contract: ``Flights.reserve`` on the class; awaitable as ``flights.reserve(…)`` on an instance."""

    def __init__(
        self,
        method: "Method[P, R]",
        kind: Kind,
        timeout_ms: int,
        retry: Retry,
        nothing_to_undo: bool,
        pending_timeout_ms: int | None = None,
    ) -> None:
        self.method = method
        self.kind = kind
        self.timeout_ms = timeout_ms
        self.retry = retry
        self.nothing_to_undo = nothing_to_undo
        """The command changes nothing: it may stand anywhere and leaves nothing behind."""
        self.pending_timeout_ms = pending_timeout_ms
        """The most that an answer is waited for that is to come later; None: as long as it takes."""
        self.undo_with: Undo | None = None
        self.undos: Sequence[Undo] = ()
        """All that are declared; a call may choose another than the first."""
        self.override: Override | None = None
        """Of a command as one call has it: what it has otherwise."""
        self.declared: Command[P, R] = self
        """The command itself, of one as a call has it too."""
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
        if contract.local and self.pending_timeout_ms is not None:
            raise TypeError(
                f"{contract.__qualname__}.{self.name} is a local step, which nobody answers later: leave its "
                "pending_timeout out."
            )
        self.type = f"{contract.participant}.{self.name}"
        self.check_ends(f"{contract.__qualname__}.{self.name}")
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
            if self.undo_with is not None:
                raise TypeError(
                    f"{self.name} has the undo {self.undo_with.name}: declare {method.__name__} with "
                    f"@{self.name}.other_undo, for calls that choose it."
                )
            self.undo_with = self._undo(method, timeout, retry)
            return self.undo_with

        return declare

    def other_undo(
        self, *, timeout: Duration = "20s", retry: Retry | None = None
    ) -> Callable[[Callable[..., Coroutine[Any, Any, None]]], Undo]:
        """Declares another undo, for calls that choose it: ``using(undo=Flights.release_for_a_fee)``."""

        def declare(method: Callable[..., Coroutine[Any, Any, None]]) -> Undo:
            if self.undo_with is None:
                raise TypeError(f"{self.name} has no undo: declare {method.__name__} with @{self.name}.undo.")
            return self._undo(method, timeout, retry)

        return declare

    def _undo(self, method: Callable[..., Coroutine[Any, Any, None]], timeout: Duration, retry: Retry | None) -> Undo:
        if self.nothing_to_undo:
            raise TypeError(f"{self.name} is declared nothing_to_undo=True and cannot have the undo {method.__name__}.")
        undo = Undo(self, method, milliseconds(timeout), retry or Retry.forever())
        self.undos = (*self.undos, undo)
        return undo

    def undo_named(self, name: str | None) -> Undo | None:
        """The undo of that name; None: the declared one. None where there is none such."""
        return self.undo_with if name is None else next((each for each in self.undos if each.name == name), None)

    @property
    def other_undos(self) -> list[str]:
        """Names of those that only a call's choice leads to."""
        return [each.name for each in self.undos[1:]]

    @property
    def lacks_undo(self) -> bool:
        """It can be refused, and what it does can neither be undone nor was said to stand."""
        left = self.override is not None and self.override.undo is None
        return self.kind is Kind.COMPENSATABLE and self.undo_with is None and not (self.nothing_to_undo or left)

    def overridden(self, override: Override | None) -> "Command[P, R]":
        """This command as one call has it. Whether its kind allows that is for `check_ends` to say."""
        if override is None:
            return self
        one = copy.copy(self)
        one.override = override
        one.timeout_ms = self.timeout_ms if override.timeout_ms is None else override.timeout_ms
        if override.pending_timeout_ms is not None:
            one.pending_timeout_ms = override.pending_timeout_ms
        one.retry = override.retry or self.retry
        undo = None if override.undo is None else self.undo_named(override.other_undo)
        if undo is not None and (override.undo_timeout_ms is not None or override.undo_retry is not None):
            undo = copy.copy(undo)
            undo.timeout_ms = undo.timeout_ms if override.undo_timeout_ms is None else override.undo_timeout_ms
            undo.retry = override.undo_retry or undo.retry
        one.undo_with = undo
        return one

    def check_ends(self, name: str) -> None:
        """Raises TypeError for a budget that the kind forbids; ``name`` is what the message calls it."""
        if self.kind is Kind.PIVOT and self.undo_with is None and self.retry.gives_up:
            raise TypeError(
                f"{name} is a pivot that may be given up without anybody knowing whether it happened: declare an undo "
                "for that case, or retry=Retry.forever(), or what has on_exhausted='park'."
            )
        if self.kind is Kind.RETRIABLE and self.retry.gives_up:
            raise TypeError(
                f"{name} is retriable, so it is tried until it succeeds: use Retry.forever(backoff=…), or what "
                "has on_exhausted='park'."
            )

    @overload
    def __get__(self, instance: None, owner: Any) -> "Command[P, R]": ...
    @overload
    def __get__(self, instance: "Contract", owner: Any) -> BoundCommand[P, R]: ...
    def __get__(self, instance: "Contract | None", owner: Any) -> Any:
        if instance is None:
            return self
        return BoundCommand(call, instance.caller, self)

    def __repr__(self) -> str:
        return f"<command {getattr(self, 'type', self.name)}>"


def command(
    *,
    kind: Kind = Kind.COMPENSATABLE,
    timeout: Duration = "20s",
    pending_timeout: Duration | None = None,
    retry: Retry | None = None,
    nothing_to_undo: bool = False,
) -> "Callable[[Method[P, R]], Command[P, R]]":
    """Declares a command.

    ``timeout`` is for one attempt, from its sending to its answer. Where that is *pending*, ``pending_timeout`` is the
    most that is waited from then on; a reply that says less is heard. Without ``retry``, a retriable command is
    tried for ever and the others five times.
    """
    default = Retry.forever() if kind is Kind.RETRIABLE else Retry()
    if kind is not Kind.COMPENSATABLE and nothing_to_undo:
        raise ValueError("nothing_to_undo=True is for a command that changes nothing: leave its kind out.")

    def declare(method: "Method[P, R]") -> "Command[P, R]":
        pending_ms = None if pending_timeout is None else max(1, milliseconds(pending_timeout))
        return Command(method, kind, milliseconds(timeout), retry or default, nothing_to_undo, pending_ms)

    return declare
