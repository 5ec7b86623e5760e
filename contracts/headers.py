"""Kafka headers of CloudEvents 1.0, binary content mode."""

from collections.abc import Iterable, Mapping
from operator import itemgetter

Headers = list[tuple[str, bytes]]
Found = Mapping[str, bytes | None]

SPECVERSION = ("ce_specversion", b"1.0")
CONTENT_TYPE = ("content-type", b"application/json")
_FIRST = {f"{number}": number for number in range(1, 33)}


class UnreadableMessage(ValueError):
    """A record that does not follow the protocol; it belongs to the dead letters, with this sentence."""


def read_headers(headers: Iterable[tuple[str, bytes | None]]) -> Found:
    """Headers by name. The last one wins where a name comes twice. Those that nobody asks for may hold anything."""
    return dict(headers)


class Required:
    """Headers that must be there, read as text in one go."""

    def __init__(self, *names: str) -> None:
        """Two names or more."""
        self._names = names
        self._pick = itemgetter(*names)

    def read(self, found: Found) -> list[str]:
        """Their texts, in the order of the names. UnreadableMessage when one is missing, empty or not UTF-8."""
        try:
            texts = list(map(bytes.decode, self._pick(found)))
        except UnicodeDecodeError as error:
            raise UnreadableMessage(f"A header is not UTF-8: {error}.") from error
        except (KeyError, TypeError):
            texts = [""]
        if "" in texts:
            missing = next(name for name in self._names if not found.get(name))
            raise UnreadableMessage(f"The header {missing} is missing.")
        return texts


def optional(found: Found, name: str) -> str | None:
    """The header's text, if it is there and not empty. Raises UnreadableMessage."""
    value = found.get(name)
    if not value:
        return None
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise UnreadableMessage(f"The header {name} is not UTF-8: {error}.") from error


def whole_number(name: str, text: str) -> int:
    """The header's text as a number from 1, or UnreadableMessage."""
    if (number := _FIRST.get(text)) is not None:
        return number
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
