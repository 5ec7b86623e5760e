"""How deep a value may be: what reads it recurses, and has to be able to however deep it stands itself."""

import pytest

from contracts.values import MAX_DEPTH, MAX_UNDO_BYTES, MAX_VALUE_BYTES, UnreadableValue, read_value


def nested(depth: int, inside: bytes = b"") -> bytes:
    return b'{"a":[' * (depth // 2) + b"[" * (depth % 2) + inside + b"]" * (depth % 2) + b"]}" * (depth // 2)


def test_the_deepest_value_is_read() -> None:
    """And a level more is refused with a sentence."""
    assert bytes(read_value(nested(MAX_DEPTH))) == nested(MAX_DEPTH)
    with pytest.raises(UnreadableValue, match="more than 100 levels deep"):
        read_value(nested(MAX_DEPTH + 1))


def test_brackets_in_texts_are_no_levels() -> None:
    """Nor are those that stand beside each other, however many there are."""
    read_value(nested(MAX_DEPTH, b'"' + b'[{\\"' * 200 + b'"'))
    read_value(b"[" + b",".join([b"[]"] * 500) + b"]")


def test_an_undo_may_carry_the_deepest_values() -> None:
    """Its message has them one level further down."""
    read_value(b'{"command":' + nested(MAX_DEPTH) + b"}", MAX_UNDO_BYTES)
    with pytest.raises(UnreadableValue):
        read_value(b'{"command":' + nested(MAX_DEPTH) + b"}", MAX_VALUE_BYTES)
