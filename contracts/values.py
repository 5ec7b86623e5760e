"""JSON values on the wire and in the log: read strictly, written once."""

import re
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")
MAX_VALUE_BYTES = 256 * 1024
"""Largest value, in bytes. An undo carries three (arguments, result, cause), and a Kafka record may have 1 MiB."""
MAX_UNDO_BYTES = 3 * MAX_VALUE_BYTES + 1024
"""Largest value of an undo's message, in bytes: those three, and the names they have in it."""

MAX_DEPTH = 100
"""Deepest nesting of a value. What reads it recurses, and should be able to however deep it stands itself."""
_DEEPER_MESSAGE = 10
"""A message that carries such values may be deeper by so much."""

NULL = msgspec.Raw(b"null")
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_TOKENS = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}]')
_encoder = msgspec.json.Encoder(order="deterministic")
_any_decoder = msgspec.json.Decoder()
"""Decodes all of it: a decoder of Raw skips the checks of UTF-8 and of numbers."""


class UnreadableValue(ValueError):
    """A value that is not JSON, or not JSON that can be kept."""


class OversizedValue(ValueError):
    """A value larger than a message may be."""


def write_value(value: Any) -> msgspec.Raw:
    """The value as JSON. Raises UnreadableValue for what JSON cannot hold, OversizedValue past MAX_VALUE_BYTES."""
    try:
        data = _encoder.encode(value)
    except (TypeError, ValueError, RecursionError, msgspec.MsgspecError) as error:
        raise UnreadableValue(f"This value cannot be written as JSON: {error}.") from error
    return check_value(data)


def read_value(data: bytes | memoryview, limit: int = MAX_VALUE_BYTES) -> msgspec.Raw:
    """Checks that the bytes are one JSON value that Postgres and every reader can hold, and returns them.

    ``limit`` is in bytes. Raises UnreadableValue, OversizedValue.
    """
    try:
        _any_decoder.decode(data)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise UnreadableValue(f"Not JSON: {error}.") from error
    return check_value(bytes(data), limit)


def check_value(data: bytes, limit: int = MAX_VALUE_BYTES) -> msgspec.Raw:
    """Bytes known to be JSON, if they are small enough and free of U+0000 (which Postgres cannot store)."""
    if len(data) > limit:
        raise OversizedValue(
            f"The value has {len(data):,} bytes of JSON; a message may have {limit:,}. "
            "Pass a reference to where the data is kept instead."
        )
    if len(data) > 2 * MAX_DEPTH and data.count(b"[") + data.count(b"{") > MAX_DEPTH:
        _check_depth(data, MAX_DEPTH if limit <= MAX_VALUE_BYTES else MAX_DEPTH + _DEEPER_MESSAGE)
    if data.find(b"\\u0000") >= 0 and _NUL.search(data):
        raise UnreadableValue("The value contains the character U+0000, which Postgres cannot store: remove it.")
    return msgspec.Raw(data)


def _check_depth(data: bytes, most: int) -> None:
    depth = 0
    for token in _TOKENS.finditer(data):
        first = data[token.start()]
        if first in b"[{":
            depth += 1
            if depth > most:
                raise UnreadableValue(f"The value is nested more than {most} levels deep: make it flatter.")
        elif first in b"]}":
            depth -= 1


def read_as(data: bytes | memoryview | msgspec.Raw, decoder: "msgspec.json.Decoder[T]") -> T:
    """The JSON as the decoder's type. Raises UnreadableValue with the path of what does not fit."""
    try:
        return decoder.decode(data)
    except (msgspec.ValidationError, msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise UnreadableValue(f"{error}") from error
