"""Child sagas as an author sees them: ``await child(ship_order, parcel)``, ``await detach(remind, order)``."""

import asyncio
from collections.abc import Callable
from types import new_class
from typing import Any, TypeVar, overload

import msgspec

from contracts.command import Command, command
from contracts.contract import Contract
from contracts.ids import saga_id
from contracts.kinds import Kind
from contracts.retry import Retry
from contracts.values import write_value
from coordinator.saga.definition import SagaDefinition
from coordinator.saga.runtime import SagaRuntime, running_saga

I = TypeVar("I")  # noqa: E741
R = TypeVar("R")

CHILDREN, DETACHED = "saga", "detached"
"""The participants that called sagas belong to: ``saga.send``, and ``detached.send`` where it goes its own way."""

_ASK_AGAIN = Retry.forever(backoff="1s..10m")
"""Where nobody answers, such as while no coordinator has the definition yet."""


class _Missing:
    """No input was given."""


MISSING = _Missing()


@overload
async def child(definition: SagaDefinition[Any, R], /, *, key: str | None = None, kind: Kind = ...) -> R: ...
@overload
async def child(definition: SagaDefinition[I, R], input: I, /, *, key: str | None = None, kind: Kind = ...) -> R: ...
async def child(
    definition: SagaDefinition[Any, Any],
    input: Any = MISSING,
    /,
    *,
    key: str | None = None,
    kind: Kind = Kind.COMPENSATABLE,
) -> Any:
    """Runs another saga as a step of this one, and returns its result.

    One saga for each call, whatever crashes. Its key is ``key``, or what its definition makes of the input, or else is
    made of this saga's id and the step; a saga that is there already and was not begun by this call is refused. It
    lasts as long as it takes. When it goes back its cause is raised, as Refused: then nothing of it is left. When this
    saga goes back, or no longer waits for it, the child is undone too, however long ago it went through.

    ``kind`` is as of a command: ``PIVOT`` for a child that has a point of no return of its own, ``RETRIABLE`` for one
    behind this saga's. Raises UnreadableValue when the input does not fit, Failed when a person terminated the child.
    """
    return await _call(definition, input, key, definition_command(definition, kind))


@overload
async def detach(definition: SagaDefinition[Any, Any], /, *, key: str | None = None) -> str: ...
@overload
async def detach(definition: SagaDefinition[I, Any], input: I, /, *, key: str | None = None) -> str: ...
async def detach(definition: SagaDefinition[Any, Any], input: Any = MISSING, /, *, key: str | None = None) -> str:
    """Begins another saga, once, and returns its id when it has begun.

    It goes its own way: nobody waits for its end, and it is not undone with this saga. One that is there already, with
    the same input, is the one. May be called anywhere. Raises Refused when it is there with another input.
    """
    return await _call(definition, input, key, definition_command(definition, None))


async def _call(definition: SagaDefinition[Any, Any], input: Any, key: str | None, called: Command[..., Any]) -> Any:
    runtime = running_saga(f"{definition.name} can only be called while a saga runs, and by the saga itself.")
    step, result = runtime.issue(called, *call_of(definition, input, key, called, runtime))
    try:
        return await result
    except asyncio.CancelledError:
        runtime.abandon(step)
        raise


def call_of(
    definition: SagaDefinition[Any, Any],
    input: Any,
    key: str | None,
    called: Command[..., Any],
    runtime: SagaRuntime,
) -> tuple[msgspec.Raw, str]:
    """The arguments of the saga's call as the next step, and the saga's id. Raises TypeError, UnreadableValue."""
    given = _given(definition, input)
    return called.write_arguments((), given), _saga_id(definition, given, key, runtime)


def _given(definition: SagaDefinition[Any, Any], input: Any) -> dict[str, Any]:
    takes = definition.input_name is not None
    if takes is (input is MISSING):
        raise TypeError(f"The saga {definition.name} takes {'an' if takes else 'no'} input.")
    return {"input": input} if takes else {}


def _saga_id(definition: SagaDefinition[Any, Any], given: dict[str, Any], key: str | None, runtime: SagaRuntime) -> str:
    """As whoever begins it would find it."""
    value = definition.read_input(write_value(given.get("input")))
    if key is None:
        key = runtime.next_step if definition.key_template is None else definition.key_of(value)
    return saga_id(definition.name, key)


def definition_command(definition: SagaDefinition[Any, Any], kind: Kind | None) -> Command[..., Any]:
    """The saga as a command that another saga calls; None: only to begin it."""
    found = definition.called.get(kind)
    if found is None:
        found = definition.called[kind] = _command(definition.name, definition, kind)
    return found


def _command(name: str, definition: SagaDefinition[Any, Any] | None, kind: Kind | None) -> Command[..., Any]:
    """It is never performed: whoever undoes it, or asks again, is a coordinator."""

    async def call(self: Any, input: Any) -> Any: ...
    async def call_it(self: Any) -> Any: ...
    async def undo(self: Any, input: Any, result: Any) -> None: ...
    async def undo_it(self: Any, result: Any) -> None: ...

    takes = definition is not None and definition.input_name is not None
    method: Callable[..., Any] = call if takes else call_it
    way_back: Callable[..., Any] = undo if takes else undo_it
    method.__name__ = name
    method.__qualname__ = f"detach({name})" if kind is None else name
    way_back.__name__, way_back.__qualname__ = f"undo_{name}", f"undo({name})"
    method.__annotations__ = {"return": Any}
    if definition is not None:
        method.__doc__ = definition.doc
        method.__annotations__ = {"return": str if kind is None else definition.result_type}
        if takes:
            method.__annotations__["input"] = definition.input_type
    declare = command(kind=kind or Kind.COMPENSATABLE, timeout="30s", retry=_ASK_AGAIN, nothing_to_undo=kind is None)
    made = declare(method)
    if kind is not None:
        made.undo(timeout="30s", retry=_ASK_AGAIN)(way_back)
    participant = DETACHED if kind is None else CHILDREN
    new_class(f"{participant}_{name}", (Contract,), {"name": participant}, lambda body: body.update({name: made}))
    return made


ANY_CHILD = _command("any", None, Kind.COMPENSATABLE)
"""For a step whose saga's definition is not deployed here: when it is asked again."""
