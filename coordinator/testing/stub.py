"""How a test says what a command, or an undo, does."""

from collections.abc import Awaitable, Callable
from typing import Any, Generic, ParamSpec, TypeVar

import msgspec

from contracts import Command, Problem, Undo
from contracts.durations import Duration, milliseconds
from contracts.kinds import Kind
from contracts.values import NULL, UnreadableValue, write_value
from coordinator.engine.decision import Send
from coordinator.saga.definition import SagaDefinition
from coordinator.testing.behaviour import AnswersLater, Behaviour, Calls, Fails, NeverReplies, Planned, Refuses, Returns

P = ParamSpec("P")
R = TypeVar("R")

Target = Command[..., Any] | Undo


class Stub(Generic[P, R]):
    """What one command or undo does in this test. Made by ``saga.stub(…)``.

    Behaviours follow each other, each for one delivery or for ``times``; the last one stays, unless it has ``times``.
    After that, and where there is no stub, commands succeed with an example of their result and undos succeed.
    A delivery that comes twice is answered as before, as a participant with a barrier does; so is another attempt at
    what was done or refused.
    """

    def __init__(self, target: Target, plan: list[Planned]) -> None:
        self._target = target
        self._plan = plan

    def returns(self, result: R) -> "Stub[P, R]":
        """It succeeds. Raises UnreadableValue when the result does not fit the contract."""
        return self._then(Returns(self._written(result)))

    def refuses(self, type: str, message: str = "", **details: Any) -> "Stub[P, R]":
        """A business no. Raises TypeError for what cannot be refused."""
        if isinstance(self._target, Undo) or self._target.kind is Kind.RETRIABLE:
            raise TypeError(f"{name_of(self._target)} cannot be refused: let it fail, with .fails(…).")
        return self._then(Refuses(Problem(type, message, details=details or None)))

    def fails(self, type: str = "broken", message: str = "", *, times: int | None = None) -> "Stub[P, R]":
        """A technical failure: with ``times``, that many attempts fail and may be tried again; without, for good."""
        return self._then(Fails(Problem(type, message, retryable=times is not None)), times)

    def never_replies(self, *, times: int | None = None) -> "Stub[P, R]":
        """It is done, and the coordinator hears nothing; with ``times``, of that many attempts."""
        return self._then(NeverReplies(), times)

    def replies_late(self, *, after: Duration, result: R | None = None, times: int | None = None) -> "Stub[P, R]":
        """It is done at once, but the reply comes only ``after`` that time; without ``result``, it has an example."""
        written = None if result is None else self._written(result)
        return self._then(Returns(written, milliseconds(after)), times)

    def answers_later(self, *, after: Duration, result: R | None = None) -> "Stub[P, R]":
        """It says at once that it will answer later, as `answered_later` in a handler does, and does so ``after`` that
        time; without ``result``, it has an example. Raises TypeError for an undo, UnreadableValue."""
        if isinstance(self._target, Undo):
            raise TypeError(f"{name_of(self._target)} is an undo: it is answered when it is done.")
        written = None if result is None else self._written(result)
        return self._then(AnswersLater(written, milliseconds(after)))

    def calls(self, function: Callable[P, R | Awaitable[R]]) -> "Stub[P, R]":
        """The function answers: it is given the command's arguments, an undo's also what the command returned.

        It may raise Refused and Failed; whatever else it raises is raised by the test.
        """
        return self._then(Calls(function))

    def _then(self, behaviour: Behaviour, times: int | None = None) -> "Stub[P, R]":
        if times is not None and times < 1:
            raise ValueError(f"times={times}: give 1 or more.")
        self._plan.append(Planned(behaviour, times))
        return self

    def _written(self, result: Any) -> Any:
        if not isinstance(self._target, Undo):
            return written_result(self._target, result)
        if result is not None:
            raise UnreadableValue(f"{name_of(self._target)} is an undo and returns nothing.")
        return NULL


def written_result(command: Command[..., Any], result: Any) -> msgspec.Raw:
    """The result as JSON. Raises UnreadableValue when it does not fit the contract."""
    try:
        written = write_value(result)
        command.read_result(written)
    except UnreadableValue as error:
        raise UnreadableValue(f"{name_of(command)} cannot return {result!r}: {error}") from error
    return written


def target_of(definition: SagaDefinition, send: Send) -> Target:
    """What the saga of that definition has sent it to."""
    command = definition.command(send.type)
    assert command is not None, "its code has called it"
    if send.direction == "forward":
        return command
    undo = command.undo_named(send.undo)
    assert isinstance(undo, Undo), "only what has an undo is undone"
    return undo


def name_of(target: Target) -> str:
    """As it stands in code: ``Flights.reserve``."""
    return target.method.__qualname__


def written_call(target: Target) -> str:
    """What to write for a command that nothing is known of."""
    result = "None" if isinstance(target, Undo) else f"{getattr(target.result_type, '__name__', target.result_type)}(…)"
    return f"saga.stub({name_of(target)}).returns({result})"
