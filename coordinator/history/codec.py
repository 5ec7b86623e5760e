"""Events as JSON: one array for each activation, as it stands in the history table."""

from collections.abc import Sequence

import msgspec

from coordinator.history.events import Event

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[list[Event]] = msgspec.json.Decoder(list[Event])


def write_events(events: Sequence[Event]) -> bytes:
    """The events as a JSON array."""
    return _encoder.encode(events)


def read_events(data: bytes | str) -> list[Event]:
    """The events of a row. Raises msgspec.ValidationError for an event that this release does not know."""
    return _decoder.decode(data)
