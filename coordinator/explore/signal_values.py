"""What a saga is sent while it is explored: values made from the types of its signals, or those one gives."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import msgspec

from contracts.values import UnreadableValue, write_value
from coordinator.explore.answers import UnusableAnswers, made_up, meant
from coordinator.saga.parameters import ValueType

Values = tuple[msgspec.Raw, ...]


@dataclass(slots=True)
class SignalValues:
    """By name. Values are made up when they are first needed, as results are."""

    given: Mapping[str, Values]
    cut: set[str] = field(default_factory=set[str])
    """Signals that could have brought more than was made up."""
    _made: dict[str, Values] = field(default_factory=dict[str, Values])

    @classmethod
    def read(cls, given: Mapping[str, Any], signals: Mapping[str, ValueType]) -> "SignalValues":
        """What a file has: by signal, a list of values.

        Raises UnusableAnswers for a signal that the saga does not take and a value that does not fit its type.
        """
        return cls({name: _read(name, values, signals) for name, values in given.items()})

    def of(self, signal: ValueType) -> Values:
        """What it may bring. Raises UnusableAnswers when nothing could be made up."""
        known = self.given.get(signal.name) or self._made.get(signal.name)
        if known is None:
            what = f"What the signal {signal.name} brings"
            known = made_up(signal.name, signal.type, what, "Give its values with --signals.", self.cut)
            self._made[signal.name] = known
        return known


def _read(name: str, values: Any, signals: Mapping[str, ValueType]) -> Values:
    signal = signals.get(name)
    if signal is None:
        raise UnusableAnswers(f"The signals name {name}, which the saga does not take{meant(name, signals)}")
    if not isinstance(values, list) or not values:
        raise UnusableAnswers(f"What the signal {name} brings is no list of one value or more.")
    read = tuple(write_value(value) for value in cast(list[Any], values))
    for value in read:
        try:
            signal.read(value)
        except UnreadableValue as error:
            raise UnusableAnswers(f"A value of the signal {name} does not fit its type: {error}.") from error
    return read
