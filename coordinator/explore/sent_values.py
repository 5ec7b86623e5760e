"""What a saga is sent while it is explored: values made from the types of signals and updates, or those one gives."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import msgspec

from contracts.values import UnreadableValue, write_value
from coordinator.explore.answers import UnusableAnswers, made_up, meant
from coordinator.saga.parameters import ValueType

Values = tuple[msgspec.Raw, ...]


@dataclass(slots=True)
class SentValues:
    """By name, of all signals or all updates. Values are made up when they are first needed, as results are."""

    what: str
    """``signal`` or ``update``."""
    given: Mapping[str, Values] = field(default_factory=dict[str, Values])
    cut: set[str] = field(default_factory=set[str])
    """Names under which more could have come than was made up."""
    _made: dict[str, Values] = field(default_factory=dict[str, Values])

    @classmethod
    def read(cls, what: str, given: Mapping[str, Any], declared: Mapping[str, ValueType]) -> "SentValues":
        """What a file has: by name, a list of values.

        Raises UnusableAnswers for a name that the saga does not take and a value that does not fit its type.
        """
        return cls(what, {name: _read(what, name, values, declared) for name, values in given.items()})

    def of(self, declared: ValueType) -> Values:
        """What it may bring. Raises UnusableAnswers when nothing could be made up."""
        known = self.given.get(declared.name) or self._made.get(declared.name)
        if known is None:
            what = f"What the {self.what} {declared.name} brings"
            known = made_up(declared.name, declared.type, what, f"Give its values with --{self.what}s.", self.cut)
            self._made[declared.name] = known
        return known


def _read(what: str, name: str, values: Any, declared: Mapping[str, ValueType]) -> Values:
    one = declared.get(name)
    if one is None:
        raise UnusableAnswers(f"The {what}s name {name}, which the saga does not take{meant(name, declared)}")
    if not isinstance(values, list) or not values:
        raise UnusableAnswers(f"What the {what} {name} brings is no list of one value or more.")
    read = tuple(write_value(value) for value in cast(list[Any], values))
    for value in read:
        try:
            one.read(value)
        except UnreadableValue as error:
            raise UnusableAnswers(f"A value of the {what} {name} does not fit its type: {error}.") from error
    return read
