"""Values as TLC prints them, read: a frozenset, a tuple, a Record (of records and functions), a str, an int, a bool."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

_TOKEN = re.compile(r'"[^"]*"|<<|>>|\|->|:>|@@|[{}\[\](),]|-?\d+|\w+')


class Record(Mapping[str, Any]):
    """A record, or a function on names or numbers. May stand in a set."""

    def __init__(self, fields: dict[str, Any]) -> None:
        self._fields = fields

    def __getitem__(self, key: str) -> Any:
        return self._fields[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __hash__(self) -> int:
        return hash(frozenset(self._fields.items()))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Record) and self._fields == other._fields


def read_state(text: str) -> Record:
    r"""The variables of a state: lines of ``/\ name = value``, where a value may go on over several lines."""
    parts = re.split(r"^(?:/\\ )?(\w+) = ", text, flags=re.MULTILINE)
    return Record({name: read_value(value) for name, value in zip(parts[1::2], parts[2::2], strict=True)})


def read_value(text: str) -> Any:
    """One value. Raises ValueError for what is none."""
    tokens = _TOKEN.findall(text)
    value, end = _value(tokens, 0)
    if end != len(tokens):
        raise ValueError(f"More than one value: {text}")
    return value


def _value(tokens: list[str], at: int) -> tuple[Any, int]:
    match tokens[at]:
        case "<<":
            items, end = _items(tokens, at + 1, ">>")
            return tuple(items), end
        case "{":
            items, end = _items(tokens, at + 1, "}")
            return frozenset(items), end
        case "[":
            return _fields(tokens, at + 1, "|->", ",", "]")
        case "(":
            return _fields(tokens, at + 1, ":>", "@@", ")")
        case "TRUE" | "FALSE" as word:
            return word == "TRUE", at + 1
        case word if re.fullmatch(r"-?\d+", word):
            return int(word), at + 1
        case word if re.fullmatch(r'"[^"]*"|\w+', word):
            return word.strip('"'), at + 1
        case word:
            raise ValueError(f"No value begins with {word}.")


def _items(tokens: list[str], at: int, close: str) -> tuple[list[Any], int]:
    items: list[Any] = []
    while tokens[at] != close:
        item, at = _value(tokens, at)
        items.append(item)
        if tokens[at] == ",":
            at += 1
    return items, at + 1


def _fields(tokens: list[str], at: int, arrow: str, between: str, close: str) -> tuple[Record, int]:
    fields: dict[str, Any] = {}
    while tokens[at] != close:
        key, at = _value(tokens, at)
        if tokens[at] != arrow:
            raise ValueError(f"{key} is followed by {tokens[at]}, not by {arrow}.")
        fields[str(key)], at = _value(tokens, at + 1)
        if tokens[at] == between:
            at += 1
    return Record(fields), at + 1
