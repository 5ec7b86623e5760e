"""Request bodies: read with a limit, decoded once."""

import asyncio
from typing import TypeVar

import msgspec
from starlette.requests import ClientDisconnect, Request

from contracts.values import NULL, OversizedValue, UnreadableValue, read_value
from coordinator.api.parts import Limits
from coordinator.api.pointers import pointed_error
from coordinator.errors import (
    BODY_TIMEOUT,
    BODY_TOO_LARGE,
    BROKEN_JSON,
    INVALID_REQUEST,
    VALUE_TOO_LARGE,
    WRONG_CONTENT_TYPE,
    InputError,
    ProblemError,
    ProblemKind,
)

T = TypeVar("T")
_JSON = b"application/json"
_INSTEAD = "pass a reference to where the data is kept instead"


async def read_body(request: Request, limits: Limits, most: int | None = None, instead: str = _INSTEAD) -> bytes:
    """The whole body, refused as soon as it is known to be too large.

    ``most`` is in bytes, and ``instead`` says what to do about a larger one. Raises ProblemError.
    """
    most = limits.body_bytes if most is None else most
    headers = dict(request.scope["headers"])
    _check_encoding(headers.get(b"content-encoding", b"identity"))
    length: bytes = headers.get(b"content-length", b"")
    if length.isdigit() and int(length) > most:
        raise _too_large(most, instead)
    try:
        async with asyncio.timeout(limits.body_timeout_s):
            body = await _collect(request, most, instead)
    except TimeoutError:
        detail = f"The body did not arrive within {limits.body_timeout_s:g} seconds: send the request again, in one go."
        raise ProblemError(BODY_TIMEOUT, detail) from None
    if body:
        _check_type(headers.get(b"content-type", b""))
    return body


def decode_body(body: bytes, decoder: "msgspec.json.Decoder[T]") -> T:
    """The body as the decoder's type. Raises ProblemError."""
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        found = pointed_error(str(error), "")
        raise ProblemError(INVALID_REQUEST, found.detail, errors=(found,)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProblemError(BROKEN_JSON, f"The body is not a JSON object in UTF-8: {error}.") from None


def sent_value(body: bytes) -> msgspec.Raw:
    """A body that is a value by itself; an empty one is null. Raises ProblemError."""
    if not body:
        return NULL
    try:
        return read_value(body)
    except OversizedValue as error:
        raise ProblemError(VALUE_TOO_LARGE, str(error), errors=(InputError("Too large.", pointer=""),)) from None
    except UnreadableValue as error:
        raise ProblemError(BROKEN_JSON, f"The body is not a JSON value in UTF-8: {error}") from None


def kept_value(given: msgspec.Raw, pointer: str, misfit: ProblemKind) -> msgspec.Raw:
    """A value inside of a body, if it can be kept; ``pointer`` leads to it. Raises ProblemError."""
    try:
        return read_value(memoryview(given))
    except OversizedValue as error:
        raise ProblemError(VALUE_TOO_LARGE, str(error), errors=(InputError("Too large.", pointer=pointer),)) from None
    except UnreadableValue as error:
        raise ProblemError(misfit, str(error), errors=(InputError(str(error), pointer=pointer),)) from None


async def _collect(request: Request, most: int, instead: str) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        if size > most:
            raise _too_large(most, instead)
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)


def _too_large(most: int, instead: str) -> ProblemError:
    return ProblemError(BODY_TOO_LARGE, f"A body may have {most:,} bytes: {instead}.")


def _check_encoding(encoding: bytes) -> None:
    if encoding.strip().lower() not in (b"", b"identity"):
        raise ProblemError(WRONG_CONTENT_TYPE, "A compressed body is not taken: send it without Content-Encoding.")


def _check_type(content_type: bytes) -> None:
    kind, _, parameters = content_type.partition(b";")
    if kind.strip().lower() != _JSON:
        given = content_type[:80].decode("latin-1") or "nothing"
        raise ProblemError(WRONG_CONTENT_TYPE, f"The Content-Type is {given!r}: send application/json.")
    charset = parameters.replace(b" ", b"").replace(b'"', b"").lower()
    if charset not in (b"", b"charset=utf-8"):
        raise ProblemError(WRONG_CONTENT_TYPE, "JSON is UTF-8: send Content-Type: application/json without a charset.")
