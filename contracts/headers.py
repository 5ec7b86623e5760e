"""Kafka headers of CloudEvents 1.0, binary content mode."""

from collections.abc import Iterable, Mapping

Headers = list[tuple[str, bytes]]


class UnreadableMessage(ValueError):
    """A record that does not follow the protocol; it belongs to the dead letters, with this sentence."""


def read_headers(headers: Iterable[tuple[str, bytes | None]]) -> dict[str, str]:
    """Headers as text. The last one wins where a name comes twice. Raises UnreadableMessage."""
    try:
        return {name: value.decode() for name, value in headers if value is not None}
    except UnicodeDecodeError as error:
        raise UnreadableMessage(f"A header is not UTF-8: {error}.") from error


def required(headers: Mapping[str, str], name: str) -> str:
    """The header, or UnreadableMessage when it is missing or empty."""
    value = headers.get(name)
    if not value:
        raise UnreadableMessage(f"The header {name} is missing.")
    return value


def whole_number(headers: Mapping[str, str], name: str) -> int:
    """The header as a number from 1, or UnreadableMessage."""
    text = required(headers, name)
    if not (text.isascii() and text.isdigit()) or len(text) > 9 or text == "0":
        raise UnreadableMessage(f"The header {name} is {text[:20]!r}: expected a whole number from 1.")
    return int(text)


def trace_headers(traceparent: str | None, tracestate: str | None) -> Headers:
    """W3C Trace Context headers, where there is a trace."""
    headers: Headers = []
    if traceparent:
        headers.append(("traceparent", traceparent.encode()))
    if tracestate:
        headers.append(("tracestate", tracestate.encode()))
    return headers
