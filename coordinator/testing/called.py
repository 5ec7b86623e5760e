"""A command or an undo as a saga sent it."""

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from operator import eq
from typing import Any

import msgspec

from contracts import Command, Problem, Undo
from contracts.command_message import UndoValue
from coordinator.engine.decision import Send
from coordinator.saga.definition import SagaDefinition
from coordinator.testing.stub import Target, name_of

_undo_value = msgspec.json.Decoder(UndoValue)
_problem = msgspec.json.Decoder(Problem)


class Called:
    """Equal to the command or undo of the contract: ``run.undone == [Hotels.release, Flights.release]``."""

    __slots__ = ("arguments", "attempts", "cause", "command_id", "result", "target")

    def __init__(self, target: Target, send: Send) -> None:
        self.target = target
        self.command_id = send.command_id
        self.attempts = send.attempt
        """How often it was sent."""
        self.result: Any = None
        """Of an undo: what the command returned; None when the coordinator did not know."""
        self.cause: Problem | None = None
        """Of an undo: why the saga went back."""
        self.arguments: Mapping[str, Any]
        """By parameter name, as the contract has them."""
        if isinstance(target, Command):
            self.arguments = target.read_arguments(send.value)
        else:
            value = _undo_value.decode(send.value)
            self.arguments = target.command.read_arguments(value.command)
            self.result = target.command.read_known_result(value.result)
            self.cause = _problem.decode(value.cause)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Called):
            mine, theirs = ((c.target, c.arguments, c.result, c.cause) for c in (self, other))
            return mine == theirs
        if isinstance(other, SagaDefinition):
            return self.target in other.called.values()
        return self.target is other

    def __hash__(self) -> int:
        return hash(id(self.target))

    def __repr__(self) -> str:
        given = [f"{name}={value!r}" for name, value in self.arguments.items()]
        if isinstance(self.target, Undo):
            given.append(f"result={self.result!r}")
        return f"{name_of(self.target)}({', '.join(given)})"


def side_by_side(found: Sequence[Any], wanted: Sequence[Any]) -> list[str]:
    """For the message of a comparison that failed: what was called, and what was expected."""
    rows = list(zip_longest((f"{each!r}" for each in found), (_word(each) for each in wanted), fillvalue="nothing"))
    lines = [f"{number}. {got}, expected {want}" for number, (got, want) in enumerate(rows, 1)]
    marks = ["  " if same else "→ " for same in map(eq, found, wanted)]
    marks += ["→ "] * (len(lines) - len(marks))
    return [
        f"{len(found)} called, {len(wanted)} expected:",
        *(f"{mark}{line}" for mark, line in zip(marks, lines, strict=True)),
    ]


def _word(wanted: Any) -> str:
    return name_of(wanted) if isinstance(wanted, Command | Undo) else f"{wanted!r}"
