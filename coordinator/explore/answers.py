"""What participants may answer while a saga is explored: results made from the contracts, or those one gives."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

import msgspec

from contracts.command import Command
from contracts.values import UnreadableValue, write_value
from coordinator.explore.examples import NoExample, examples
from coordinator.saga.children import CHILDREN, DETACHED

RESULTS = 4
"""How many results of one command are made up at most."""
_REFUSAL = "refused"


class UnusableAnswers(ValueError):
    """The results that were given, or could be made up, cannot be used; the message says why and what to do."""


class Given(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one command may answer."""

    results: tuple[msgspec.Raw, ...] = ()
    """Each is an outcome of its own; none: they are made up."""
    refusals: tuple[str, ...] = (_REFUSAL,)
    """Types of refusals, each an outcome of its own."""


@dataclass(slots=True)
class Answers:
    """By command type. Results are made up when they are first needed: a contract may have commands nobody calls."""

    given: Mapping[str, Given]
    cut: set[str] = field(default_factory=set[str])
    """Commands that could have answered more than was made up."""
    _made: dict[str, tuple[msgspec.Raw, ...]] = field(default_factory=dict[str, tuple[msgspec.Raw, ...]])

    @classmethod
    def read(cls, given: Mapping[str, Any], commands: Mapping[str, Command[..., Any]]) -> "Answers":
        """What a file has: by command, a list of results, or an object with ``results`` and ``refusals``.

        Raises UnusableAnswers for a command that the saga does not have and a result that does not fit its contract.
        """
        return cls({name: _read(name, value, commands) for name, value in given.items()})

    def results(self, command: Command[..., Any]) -> tuple[msgspec.Raw, ...]:
        """What it may succeed with. Raises UnusableAnswers when nothing could be made up."""
        known = self._made.get(command.type)
        if known is None:
            given = self.given.get(command.type)
            known = given.results if given is not None and given.results else self._make(command)
            self._made[command.type] = known
        return known

    def refusals(self, command: Command[..., Any]) -> tuple[str, ...]:
        """What it may be refused with."""
        given = self.given.get(command.type)
        return (_REFUSAL,) if given is None else given.refusals

    def _make(self, command: Command[..., Any]) -> tuple[msgspec.Raw, ...]:
        remedy = "Give its results in the file of --results."
        return made_up(command.type, command.result_type, f"What {command.type} answers", remedy, self.cut)


def made_up(name: str, kind: Any, what: str, remedy: str, cut: set[str]) -> tuple[msgspec.Raw, ...]:
    """Values of the type; where there would be more, the name is among those cut. Raises UnusableAnswers."""
    try:
        found = examples(kind, RESULTS + 1)
    except NoExample as error:
        raise UnusableAnswers(f"{what} could not be made up: {error} {remedy}") from error
    if len(found) > RESULTS:
        cut.add(name)
    return tuple(found[:RESULTS])


def told_apart(results: Sequence[msgspec.Raw]) -> list[str]:
    """In how far each result is another than the first, in words; nothing about the first."""
    values = [msgspec.json.decode(result) for result in results]
    objects = all(isinstance(value, dict) for value in values)
    shared = (
        {key for key in values[0] if all(value.get(key) == values[0][key] for value in values)} if objects else set()
    )
    shown = [{key: value[key] for key in value if key not in shared} if objects else value for value in values]
    return ["", *(msgspec.json.encode(value).decode() for value in shown[1:])]


def _read(name: str, value: Any, commands: Mapping[str, Command[..., Any]]) -> Given:
    command = commands.get(name)
    if command is None and name.partition(".")[0] not in (CHILDREN, DETACHED):
        raise UnusableAnswers(f"The results name {name}, which the saga has no contract for{meant(name, commands)}")
    try:
        given = msgspec.convert({"results": value} if isinstance(value, list) else value, _Written)
    except msgspec.ValidationError as error:
        raise UnusableAnswers(
            f"The results of {name} are neither a list nor an object with results and refusals: {error}."
        ) from error
    results = tuple(write_value(result) for result in given.results)
    for result in results:
        try:
            if command is not None:
                command.read_result(result)
        except UnreadableValue as error:
            raise UnusableAnswers(f"A result of {name} does not fit its contract: {error}.") from error
    return Given(results, given.refusals)


class _Written(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    results: tuple[Any, ...] = ()
    refusals: tuple[str, ...] = (_REFUSAL,)


def meant(name: str, known: Iterable[str]) -> str:
    """The end of a sentence about a name that nobody knows: the one that it is nearest to."""
    near = get_close_matches(name, known, n=1)
    return f": did you mean {near[0]}?" if near else "."
