"""Undos of a saga's own: ``on_undo(notices.tell, Note("cancelled"))``."""

import inspect
from typing import Any, ParamSpec, TypeVar, overload

from contracts.kinds import Kind
from contracts.overrides import BoundCommand, Override
from coordinator.saga.children import MISSING, call_of, definition_command
from coordinator.saga.definition import SagaDefinition
from coordinator.saga.runtime import SagaRuntime, running_saga

P = ParamSpec("P")
I = TypeVar("I")  # noqa: E741

_OF_AN_UNDO = ("undo", "undo_timeout_ms", "undo_retry")
_AS_DECLARED = Override()


@overload
def on_undo(command: BoundCommand[P, Any], /, *arguments: P.args, **named: P.kwargs) -> None: ...
@overload
def on_undo(definition: SagaDefinition[Any, Any], /, *, key: str | None = None) -> None: ...
@overload
def on_undo(definition: SagaDefinition[I, Any], input: I, /, *, key: str | None = None) -> None: ...
def on_undo(what: Any, /, *arguments: Any, **named: Any) -> None:
    """From here on, this is done when the saga goes back, or leaves the scope it stands in by a no.

    ``on_undo(notices.tell, Note("cancelled"))``: a command of any contract, a local step, or another saga, with what
    it takes. Nothing is sent now. It takes its place among the undos, as if it were a step that succeeded here, and is
    then carried out once, like any other undo: what was done after it is undone before. It cannot be taken back; past
    the saga's point of no return nothing is undone, and neither is this.

    It is tried without end, with the command's own timeout and backoff; ``notices.tell.using(retry=…)`` gives it an
    end. A no, and a failure that is not to be tried again, need a person. Its result is of no interest to anybody, and
    the command's own undo is never sent. Raises TypeError for what cannot be registered, UnreadableValue for
    arguments that cannot be sent, OutsideOfSaga.
    """
    runtime = running_saga("on_undo() can only be called while a saga runs, and by the saga itself.")
    if isinstance(what, BoundCommand):
        _register_command(runtime, what, arguments, named)  # pyright: ignore[reportUnknownArgumentType]
    elif isinstance(what, SagaDefinition):
        _register_saga(runtime, what, *arguments, **named)  # pyright: ignore[reportUnknownArgumentType]
    else:
        raise TypeError(_no_undo(what))


def _register_command(
    runtime: SagaRuntime, bound: BoundCommand[..., Any], arguments: tuple[Any, ...], named: dict[str, Any]
) -> None:
    command = bound.command
    override = command.override or _AS_DECLARED
    if any(getattr(override, name) != getattr(_AS_DECLARED, name) for name in _OF_AN_UNDO):
        raise TypeError(
            f"{command.type} is the undo here, and is not undone itself: use using(timeout=…, retry=…) for it."
        )
    runtime.register(command, command.write_arguments(arguments, named))


def _register_saga(
    runtime: SagaRuntime, definition: SagaDefinition[Any, Any], input: Any = MISSING, /, *, key: str | None = None
) -> None:
    called = definition_command(definition, Kind.COMPENSATABLE)
    runtime.register(called, *call_of(definition, input, key, called, runtime))


def _no_undo(what: Any) -> str:
    if inspect.iscoroutine(what):
        what.close()  # or it would complain that nobody awaited it
        return "on_undo() takes the command and its arguments, uncalled: on_undo(notices.tell, note)."
    return (
        f"on_undo() takes a command of a contract, or a saga: {what!r} is neither. Going back needs no code of this "
        "saga's, so an undo with a logic of its own is written as another: on_undo(undo_trip, trip)."
    )
