"""What lists show of a saga besides its status, and by what they find it."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from contracts.attributes import MAX_ATTRIBUTES, Attributes, AttributeValue, checked_attribute, same_value, too_many

MAX_LINE = 200
"""Longest line, in characters."""


class Shown(msgspec.Struct, frozen=True, gc=False):
    """As it is now. Never changed: another one takes its place."""

    line: str = ""
    """Of the saga's code, for people; empty: none."""
    attributes: Attributes = {}
    """Of the saga's code, and of whoever started it."""

    def with_line(self, line: str) -> "Shown":
        """Another line."""
        return Shown(line, self.attributes)

    def with_attributes(self, values: Mapping[str, AttributeValue | None]) -> "Shown":
        """Some attributes changed; None: taken away."""
        merged = {**self.attributes, **values}
        return Shown(self.line, {name: value for name, value in merged.items() if value is not None})


NOTHING = Shown()


def changes(shown: Shown | None, values: Mapping[str, AttributeValue | None]) -> dict[str, AttributeValue | None]:
    """Of these values, those that are not so yet."""
    attributes = (shown or NOTHING).attributes
    return {name: value for name, value in values.items() if not same_value(attributes.get(name), value)}


class OwnAttributes:
    """The attributes that a saga's code has set so far: there may only be so many of them.

    Counted here, and not where it is kept what lists show: code that is replayed must be refused where it was.
    """

    __slots__ = ("names",)

    def __init__(self, names: Iterable[str] = ()) -> None:
        self.names = frozenset(names)

    def take(self, given: Mapping[str, Any]) -> dict[str, AttributeValue | None]:
        """The values as they are kept. Raises UnfitAttribute, and then none of them is set."""
        values = {name: None if value is None else checked_attribute(name, value) for name, value in given.items()}
        taken_away = {name for name, value in values.items() if value is None}
        names = (self.names | values.keys()) - taken_away
        if len(names) > MAX_ATTRIBUTES:
            raise too_many(len(names))
        self.names = names
        return values
