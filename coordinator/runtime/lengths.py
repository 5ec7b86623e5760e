"""How long a saga's history is: long ones are told of, before they hurt."""

import msgspec

EVENTS = 5_000
BYTES = 5_000_000


class Length(msgspec.Struct, gc=False):
    """Of what has to be replayed when the saga is loaded: its events, and their bytes as JSON."""

    events: int = 0
    bytes: int = 0
    events_limit: int = EVENTS
    """It is told of when it has this many; so with the bytes."""
    bytes_limit: int = BYTES

    @classmethod
    def loaded(cls, events: int, bytes: int) -> "Length":
        """What it has passed by then was told before."""
        return cls(events, bytes, _next(EVENTS, events), _next(BYTES, bytes))

    def grow(self, events: int, bytes: int) -> bool:
        """By so much. True when it has passed 5,000 events or 5 MB by that, or a doubling of either."""
        self.events += events
        self.bytes += bytes
        if self.events < self.events_limit and self.bytes < self.bytes_limit:
            return False
        self.events_limit, self.bytes_limit = _next(EVENTS, self.events), _next(BYTES, self.bytes)
        return True


def _next(limit: int, value: int) -> int:
    while limit <= value:
        limit *= 2
    return limit
