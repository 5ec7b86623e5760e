"""``@saga``: from an ordinary async function to a definition."""

import inspect
from collections.abc import Callable, Coroutine
from types import NoneType
from typing import Any, Concatenate, NamedTuple, Protocol, TypeVar, get_type_hints, overload

import msgspec

from contracts.contract import Contract
from contracts.durations import Duration, milliseconds
from contracts.ids import check_name
from coordinator.saga.children import CHILDREN, DETACHED
from coordinator.saga.definition import SagaDefinition, SagaFunction
from coordinator.saga.key_template import check_template
from coordinator.saga.own_code import check_own_code
from coordinator.saga.parameters import AnsweredType, ValueType, answered_type, check_not_inside, is_a, value_type
from coordinator.saga.queries import Query
from coordinator.saga.signals import Signal
from coordinator.saga.updates import Update

First = TypeVar("First")
Result = TypeVar("Result")


class Declares(Protocol):
    """Makes a definition of an ``async def`` function: its input's type and its result's are those of the function."""

    @overload
    def __call__(self, function: Callable[[], Coroutine[Any, Any, Result]], /) -> SagaDefinition[None, Result]: ...
    @overload
    def __call__(
        self, function: Callable[Concatenate[First, ...], Coroutine[Any, Any, Result]], /
    ) -> SagaDefinition[First, Result]: ...


def saga(
    *, version: int, key: str | None = None, deadline: Duration | None = None, name: str | None = None
) -> Declares:
    """Declares a saga.

    The function takes at most one input first, then the contracts it calls, and the signals, updates and queries that
    it takes. ``version`` goes up with every change that asks for other steps than before. ``key`` is a template over
    the input (``"{trip.trip_id}"``). ``deadline`` is for the whole saga. Raises TypeError for a function that does not
    fit.
    """

    def declare(function: SagaFunction) -> SagaDefinition[Any, Any]:
        return _define(function, version, key, deadline, check_name(name or function.__name__, "The saga"))

    return declare


def _define(
    function: SagaFunction, version: int, key: str | None, deadline: Duration | None, name: str
) -> SagaDefinition:
    if not inspect.iscoroutinefunction(function):
        raise TypeError(f"The saga {name} must be an `async def` function.")
    if version < 1:
        raise TypeError(f"The saga {name} has version {version}: count from 1.")
    hints = get_type_hints(function, include_extras=True)
    parameters = list(inspect.signature(function).parameters)
    kinds = {parameter.kind for parameter in inspect.signature(function).parameters.values()}
    if kinds - {inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY}:
        raise TypeError(f"The saga {name}: name every parameter, no * or ** and nothing before a /.")
    missing = [parameter for parameter in parameters if parameter not in hints]
    if missing:
        raise TypeError(f"The saga {name}: annotate {', '.join(missing)}; schemas and contracts come from it.")
    contracts = {parameter: hints[parameter] for parameter in parameters if _is_contract(hints[parameter])}
    if taken := {CHILDREN, DETACHED} & {contract.participant for contract in contracts.values()}:
        raise TypeError(f"The saga {name}: no contract can be called {taken.pop()!r}, as sagas that sagas call are.")
    declared = _declared(name, hints)
    known = {*contracts, *declared.signals, *declared.updates, *declared.queries}
    check_own_code(name, function)
    inputs = [parameter for parameter in parameters if parameter not in known]
    if len(inputs) > 1 or parameters[: len(inputs)] != inputs:
        raise TypeError(
            f"The saga {name}: take one input first, then contracts, signals, updates and queries; "
            f"found ({', '.join(parameters)})."
        )
    input_type: Any = hints[inputs[0]] if inputs else NoneType
    if key is not None:
        check_template(key, name, inputs[0] if inputs else None, input_type)
    return SagaDefinition(
        name=name,
        version=version,
        function=function,
        key_template=key,
        deadline_ms=None if deadline is None else milliseconds(deadline),
        input_name=inputs[0] if inputs else None,
        input_type=input_type,
        result_type=hints.get("return", Any),
        contracts=contracts,
        signals=declared.signals,
        updates=declared.updates,
        queries=declared.queries,
        commands={command.type: command for c in contracts.values() for command in c.commands.values()},
        doc=inspect.getdoc(function) or "",
        decoder=msgspec.json.Decoder(input_type),
    )


class _Declared(NamedTuple):
    """By parameter name."""

    signals: dict[str, ValueType]
    updates: dict[str, AnsweredType]
    queries: dict[str, AnsweredType]


def _declared(saga: str, hints: dict[str, Any]) -> _Declared:
    hints = {name: hint for name, hint in hints.items() if name != "return"}
    try:
        for name, hint in hints.items():
            for generic in (Signal, Update, Query):
                check_not_inside(name, hint, generic)
        return _Declared(
            {name: value_type("The signal", name, hint) for name, hint in hints.items() if is_a(hint, Signal)},
            {name: answered_type("The update", name, hint) for name, hint in hints.items() if is_a(hint, Update)},
            {name: answered_type("The query", name, hint) for name, hint in hints.items() if is_a(hint, Query)},
        )
    except (ValueError, TypeError) as error:
        raise TypeError(f"The saga {saga}: {error}") from error


def _is_contract(annotation: Any) -> bool:
    return inspect.isclass(annotation) and issubclass(annotation, Contract)
