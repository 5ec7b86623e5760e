"""Search attributes: small values by which sagas are found."""

import math
from collections.abc import Mapping
from typing import Any

from contracts.ids import check_name

AttributeValue = bool | int | float | str
Attributes = dict[str, AttributeValue]
"""By name. As JSON: an object of plain values."""

MAX_ATTRIBUTES = 32
MAX_TEXT = 200
"""Longest text, in characters."""
MAX_NUMBER = 2**53
"""Larger whole numbers are not the same to every reader of JSON."""


class UnfitAttribute(ValueError):
    """An attribute that a saga cannot have. ``name`` says which; empty: there are too many."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


def checked_attributes(given: Mapping[str, Any]) -> Attributes:
    """The attributes, as they are kept. Raises UnfitAttribute, with a sentence."""
    if len(given) > MAX_ATTRIBUTES:
        raise too_many(len(given))
    return {name: checked_attribute(name, value) for name, value in given.items()}


def checked_attribute(name: str, value: Any) -> AttributeValue:
    """The value as it is kept, of one of the four plain types. Raises UnfitAttribute."""
    try:
        check_name(name, "The attribute")
    except ValueError as error:
        raise UnfitAttribute(name, str(error)) from None
    match value:
        case bool():
            return value
        case int() if abs(value) <= MAX_NUMBER:
            return int(value)
        case float() if math.isfinite(value):
            return float(value)
        case str():
            text = str.__str__(value)
            if len(text) <= MAX_TEXT and text.isprintable():
                return text
            raise UnfitAttribute(name, f"The attribute {name} is text of at most {MAX_TEXT} printable characters.")
        case int() | float():
            raise UnfitAttribute(name, f"The attribute {name} is {value:.6g}: give a number between -2^53 and 2^53.")
        case _:
            kind = type(value).__name__  # pyright: ignore[reportUnknownArgumentType]
            raise UnfitAttribute(name, f"The attribute {name} is text, a number, true or false, and not a {kind}.")


def too_many(count: int) -> UnfitAttribute:
    """So many are more than there may be."""
    return UnfitAttribute("", f"{count} attributes are too many: a saga may have {MAX_ATTRIBUTES}.")


def same_value(one: AttributeValue | None, other: AttributeValue | None) -> bool:
    """Whether they are the same as JSON: True is not 1."""
    return type(one) is type(other) and one == other
