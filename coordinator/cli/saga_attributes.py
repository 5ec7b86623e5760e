"""Attributes of sagas as the command line takes them: NAME=VALUE."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from coordinator.cli.exits import Exit
from coordinator.cli.talk import fail


def read_attributes(given: Sequence[str]) -> dict[str, Any]:
    """The values by name. What is a number, true or false as JSON is that, and so is text in quotes."""
    return {name: _value(text) for name, text in _parted(given)}


def read_wanted(given: Sequence[str]) -> list[str]:
    """As the HTTP interface's list takes them."""
    return [f"{name}:{text}" for name, text in _parted(given)]


def _parted(given: Sequence[str]) -> Iterator[tuple[str, str]]:
    for each in given:
        name, sign, text = each.partition("=")
        if not sign:
            fail(f"{each!r} is no attribute: write it as NAME=VALUE, such as customer=C-7.", Exit.USAGE)
        yield name, text


def _value(text: str) -> Any:
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, bool | int | float | str) else text
