"""Whether two starts ask for the same saga."""

from typing import Any

import msgspec


def same_input(one: bytes, other: bytes) -> bool:
    """Equal as JSON: order of keys and white space do not count, nor does ``1`` or ``1.0``; but ``1`` is not true."""
    if one == other:
        return True
    try:
        return _same(msgspec.json.decode(one), msgspec.json.decode(other))
    except RecursionError:
        return False  # too deep to compare, and not the same bytes


def _same(one: Any, other: Any) -> bool:
    match one, other:
        case bool() | None, _:
            return one is other
        case dict(), dict():
            return one.keys() == other.keys() and all(_same(value, other[key]) for key, value in one.items())
        case list(), list():
            return len(one) == len(other) and all(map(_same, one, other))
        case _:
            return not isinstance(other, bool) and one == other
