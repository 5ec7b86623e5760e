"""Events as JSON: one array for each activation, as it stands in the history table."""

from collections.abc import Sequence

import msgspec

from coordinator.history.events import Event

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[list[Event]] = msgspec.json.Decoder(list[Event])
_one: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)
_parts: msgspec.json.Decoder[list[msgspec.Raw]] = msgspec.json.Decoder(list[msgspec.Raw])


class UnreadableEvent(msgspec.ValidationError):
    """This release does not know the event: a newer one wrote it, or it was changed by hand."""

    def __init__(self, event: int, reason: str) -> None:
        super().__init__(reason)
        self.event = event
        """Which one of its row, from 1; 0: it is no row at all."""


def write_events(events: Sequence[Event]) -> bytes:
    """The events as a JSON array."""
    return _encoder.encode(events)


def read_events(data: bytes | str) -> list[Event]:
    """The events of a row. Raises UnreadableEvent."""
    try:
        return _decoder.decode(data)
    except msgspec.DecodeError as error:
        raise _unreadable(data, error) from error


def _unreadable(data: bytes | str, error: msgspec.DecodeError) -> UnreadableEvent:
    try:
        parts = _parts.decode(data)
    except msgspec.DecodeError:
        return UnreadableEvent(0, str(error))
    for number, part in enumerate(parts, 1):
        try:
            _one.decode(part)
        except msgspec.DecodeError as reason:
            return UnreadableEvent(number, str(reason))
    return UnreadableEvent(0, str(error))
