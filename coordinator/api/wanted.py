"""The attributes that somebody looks for, out of the text of an address."""

import json
from collections.abc import Sequence
from itertools import product

from contracts.attributes import Attributes, AttributeValue, UnfitAttribute, checked_attribute
from coordinator.errors import INVALID_REQUEST, InputError, ProblemError

MOST_WANTED = 5
"""Each may be meant in two ways."""


def wanted_attributes(given: Sequence[str]) -> list[Attributes]:
    """The objects of which a saga must have one, whole; none: whatever it has. Raises ProblemError.

    An address has only text: ``amount:120`` finds the number and the text.
    """
    if not given:
        return []
    names: list[str] = []
    meant: list[list[AttributeValue]] = []
    for each in given:
        name, colon, text = each.partition(":")
        if not colon:
            raise _refused(f"{each[:80]!r} is no attribute: write it as name:value, such as customer:C-7.")
        try:
            values = [checked_attribute(name, text), *_other_readings(text)]
        except UnfitAttribute as error:
            raise _refused(str(error)) from None
        names.append(name)
        meant.append(values)
    if len(set(names)) < len(names):
        raise _refused("The same attribute is wanted twice: no saga has two values of it.")
    return [dict(zip(names, values, strict=True)) for values in product(*meant)]


def _other_readings(text: str) -> list[AttributeValue]:
    """The number, or the truth value, that the text is as JSON."""
    try:
        value = json.loads(text)
        return [checked_attribute("value", value)] if isinstance(value, bool | int | float) else []
    except ValueError:
        return []


def _refused(sentence: str) -> ProblemError:
    return ProblemError(INVALID_REQUEST, sentence, errors=(InputError(sentence, parameter="attribute"),))
