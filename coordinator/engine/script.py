"""Whoever hears what a saga's code asks for."""

from collections.abc import Mapping
from typing import Any, NoReturn, Protocol

import msgspec

from contracts.attributes import AttributeValue
from contracts.command import Command
from contracts.failures import Problem
from coordinator.engine.order import OutOfOrder


class Script(Protocol):
    """Whoever hears what the code asks for: live it becomes history, on replay it is compared with the history."""

    def issue(
        self, step: int, command: "Command[..., Any]", arguments: msgspec.Raw, scope: int | None, child: str | None
    ) -> OutOfOrder | None:
        """The code asks for a step; returns why it may not stand here, or None."""
        ...

    def register(
        self, step: int, command: "Command[..., Any]", arguments: msgspec.Raw, scope: int | None, child: str | None
    ) -> None:
        """The code says what is to be done when the saga goes back from here."""
        ...

    def abandon(self, step: int) -> None:
        """The code no longer waits for the step."""
        ...

    def start_timer(self, timer: int, due: int) -> None:
        """The code asks for a timer."""
        ...

    def cancel_timer(self, timer: int) -> None:
        """The code no longer needs the timer."""
        ...

    def await_signal(self, wait: int, name: str) -> None:
        """The code waits for a signal of that name."""
        ...

    def take_signal(self, signal: int, wait: int | None) -> None:
        """The code has the signal, for which it may have waited."""
        ...

    def abandon_signal(self, wait: int) -> None:
        """The code no longer waits for a signal."""
        ...

    def open_scope(self, scope: int, within: int | None, parallel: bool) -> None:
        """The code opens a scope."""
        ...

    def undo_scope(self, scope: int, cause: Problem) -> OutOfOrder | None:
        """The code wants a scope undone; returns why it cannot be, or None."""
        ...

    def extend_deadline(self, by: int, now: int) -> int | None:
        """The code asks, at a time of its own, for so many ms more; returns the new deadline, or None where there is
        none to extend. A saga that was to go back, and goes on all the same, has all the time that it asks for."""
        ...

    def take_patch(self, name: str) -> bool:
        """The code asks, for the first time, whether it goes a patch's way."""
        ...

    def show_status(self, line: str) -> None:
        """The code has set the line that lists show."""
        ...

    def show_attributes(self, values: Mapping[str, AttributeValue | None]) -> None:
        """The code has set attributes, or taken some away."""
        ...

    def answer_update(self, update: int, answer: msgspec.Raw) -> None:
        """The code has answered an update."""
        ...

    def refuse_update(self, update: int, problem: Problem) -> None:
        """The code has refused an update that it had taken in."""
        ...


class NothingAsked:
    """The script while the code must not ask for anything."""

    __slots__ = ("_error", "_sentence")

    def __init__(self, error: type[Exception], sentence: str) -> None:
        self._error = error
        self._sentence = sentence

    def issue(
        self, step: int, command: "Command[..., Any]", arguments: msgspec.Raw, scope: int | None, child: str | None
    ) -> NoReturn:
        raise self._error(self._sentence)

    def register(
        self, step: int, command: "Command[..., Any]", arguments: msgspec.Raw, scope: int | None, child: str | None
    ) -> NoReturn:
        raise self._error(self._sentence)

    def abandon(self, step: int) -> NoReturn:
        raise self._error(self._sentence)

    def start_timer(self, timer: int, due: int) -> NoReturn:
        raise self._error(self._sentence)

    def cancel_timer(self, timer: int) -> NoReturn:
        raise self._error(self._sentence)

    def await_signal(self, wait: int, name: str) -> NoReturn:
        raise self._error(self._sentence)

    def take_signal(self, signal: int, wait: int | None) -> NoReturn:
        raise self._error(self._sentence)

    def abandon_signal(self, wait: int) -> NoReturn:
        raise self._error(self._sentence)

    def open_scope(self, scope: int, within: int | None, parallel: bool) -> NoReturn:
        raise self._error(self._sentence)

    def undo_scope(self, scope: int, cause: Problem) -> NoReturn:
        raise self._error(self._sentence)

    def extend_deadline(self, by: int, now: int) -> NoReturn:
        raise self._error(self._sentence)

    def take_patch(self, name: str) -> NoReturn:
        raise self._error(self._sentence)

    def show_status(self, line: str) -> NoReturn:
        raise self._error(self._sentence)

    def show_attributes(self, values: Mapping[str, AttributeValue | None]) -> NoReturn:
        raise self._error(self._sentence)

    def answer_update(self, update: int, answer: msgspec.Raw) -> NoReturn:
        raise self._error(self._sentence)

    def refuse_update(self, update: int, problem: Problem) -> NoReturn:
        raise self._error(self._sentence)


class OnlyLooks(Exception):
    """A check of an update, or the answer to a query, asked for something."""


class Meddled(Exception):
    """It changed something in the saga's loop instead: the code does not stand where its history has it any more."""


BETWEEN: Script = NothingAsked(AssertionError, "The saga's code ran between two activations.")
"""Between two activations the code does not run."""
LOOKING: Script = NothingAsked(OnlyLooks, "It only looks: it can ask for no step, timer or signal.")
"""While the code looks at something on behalf of somebody outside."""
