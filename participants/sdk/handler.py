"""A handler: a function that was found to fit a command or an undo of a contract."""

import inspect
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, get_args, get_origin, get_type_hints

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from contracts import Command, Kind, Problem, Undo
from participants.sdk.delivery import Delivery
from participants.sdk.heartbeat import Heartbeat

Function = Callable[..., Coroutine[Any, Any, Any]]
Target = Command[..., Any] | Undo

_INJECTED: Mapping[type, str] = {Delivery: "delivery", AsyncSession: "session", AsyncConnection: "connection"}


@dataclass(frozen=True, slots=True)
class Handler:
    """A function and what it is called with. Everything is passed by name."""

    function: Function
    kind: Kind
    read_arguments: Callable[[bytes | msgspec.Raw], dict[str, Any]]
    """The command's, by parameter name."""
    read_result: Callable[[bytes | msgspec.Raw], Any]
    """What the command answers; for an undo None too, when the outcome is unknown."""
    result: str | None
    """Of an undo: the name of the parameter that takes what the command answered."""
    delivery: str | None
    """The name of the parameter that takes the Delivery; None when the function does not ask for it."""
    session: str | None
    """… that takes the AsyncSession inside the barrier's transaction."""
    connection: str | None
    """… that takes the AsyncConnection inside the barrier's transaction."""
    cause: str | None
    """… of an undo, that takes the Problem for which the saga goes back."""
    heartbeat: str | None = None
    """… of a command, that takes the Heartbeat: such a handler takes long."""
    details: Any = None
    """The type of the heartbeat's details."""

    @property
    def name(self) -> str:
        """The function's name, with its module."""
        return f"{self.function.__module__}.{self.function.__qualname__}"

    @property
    def needs_database(self) -> bool:
        """Whether it cannot run without a database."""
        return self.session is not None or self.connection is not None


def fit(target: Target, function: Function) -> Handler:
    """The handler for this command or undo. Raises TypeError, naming both places, when the function does not fit."""
    wanted, answer, result = _promised(target)
    try:
        hints = get_type_hints(function, include_extras=True)
    except NameError as error:
        raise _misfit(target, function, f"an annotation cannot be read: {error}") from error
    if not inspect.iscoroutinefunction(function):
        raise _misfit(target, function, "it is not declared with 'async def'")
    parameters = inspect.signature(function).parameters
    if missing := [name for name in wanted if name not in parameters]:
        raise _misfit(target, function, f"it does not take {', '.join(missing)}")
    injected: dict[str, str] = {}
    for name, parameter in parameters.items():
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise _misfit(target, function, f"{name} cannot be passed by name")
        if name not in hints:
            raise _misfit(target, function, f"{name} has no annotation")
        if name in wanted:
            if hints[name] != wanted[name]:
                raise _misfit(target, function, f"{name} is {_text(hints[name])}, not {_text(wanted[name])}")
        elif _is_heartbeat(hints[name]):
            if (why := _no_heartbeat(target, injected, hints, hints[name])) is not None:
                raise _misfit(target, function, why)
            injected["heartbeat"] = name
        else:
            kind = _injectable(hints[name], target)
            if kind is None or kind in injected:
                raise _misfit(target, function, f"nobody can say what to pass as {name}: {_text(hints[name])}")
            injected[kind] = name
    if "return" not in hints or hints["return"] != answer:
        returned = _text(hints["return"]) if "return" in hints else "nothing declared"
        raise _misfit(target, function, f"it returns {returned}, not {_text(answer)}")
    command = target if isinstance(target, Command) else target.command
    return Handler(
        function,
        command.kind,
        command.read_arguments,
        command.read_result if result is None else command.read_known_result,
        result,
        injected.get("delivery"),
        injected.get("session"),
        injected.get("connection"),
        injected.get("cause"),
        injected.get("heartbeat"),
        _details_of(hints[injected["heartbeat"]]) if "heartbeat" in injected else None,
    )


def _promised(target: Target) -> tuple[Mapping[str, Any], Any, str | None]:
    """Parameters by name, the result, and the name of an undo's last parameter."""
    if isinstance(target, Command):
        return target.parameters, target.result_type, None
    last = list(inspect.signature(target.method).parameters)[-1]
    known: Any = target.command.result_type
    return {**target.command.parameters, last: known | None}, type(None), last


def _injectable(hint: Any, target: Target) -> str | None:
    if hint is Problem and isinstance(target, Undo):
        return "cause"
    return _INJECTED.get(hint) if isinstance(hint, type) else None


def _is_heartbeat(hint: Any) -> bool:
    return hint is Heartbeat or get_origin(hint) is Heartbeat


def _details_of(hint: Any) -> Any:
    return next(iter(get_args(hint)), Any)


def _no_heartbeat(target: Target, injected: Mapping[str, str], hints: Mapping[str, Any], heartbeat: Any) -> str | None:
    if isinstance(target, Undo):
        return "an undo has no Heartbeat: it is answered when it is done"
    if "heartbeat" in injected:
        return "it takes two Heartbeats"
    try:
        msgspec.json.Decoder(_details_of(heartbeat))
    except TypeError as error:
        return f"the details of its Heartbeat cannot be read from JSON: {error}"
    if any(hint in (AsyncSession, AsyncConnection) for hint in hints.values()):
        return "with a Heartbeat it is in no transaction: write 'async with heartbeat.transaction() as db' in it"
    return None


def _misfit(target: Target, function: Function, why: str) -> TypeError:
    name = f"{target.type}" if isinstance(target, Command) else f"{target.command.type}'s undo {target.name}"
    wanted, answer, _ = _promised(target)
    takes = ", ".join(f"{name}: {_text(hint)}" for name, hint in wanted.items())
    return TypeError(
        f"{function.__qualname__} ({_place(function)}) does not fit {name} ({_place(target.method)}): {why}. "
        f"Write: async def {function.__name__}({takes}, …) -> {_text(answer)}, "
        "where … may be parameters of the types Delivery, AsyncSession, AsyncConnection or Heartbeat"
        + ("." if isinstance(target, Command) else ", or Problem for the cause.")
    )


def _place(function: Callable[..., Any]) -> str:
    code = inspect.unwrap(function).__code__
    return f"{code.co_filename}:{code.co_firstlineno}"


def _text(hint: Any) -> str:
    if hint is type(None):
        return "None"
    return hint.__name__ if isinstance(hint, type) else str(hint)
