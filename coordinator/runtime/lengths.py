"""How long a saga's history is: long ones are told of, before they hurt."""

EVENTS = 5_000
BYTES = 5_000_000


class Length:
    """Of what has to be replayed when the saga is loaded: its events, and their bytes as JSON."""

    __slots__ = ("_bytes_limit", "_events_limit", "bytes", "events")

    def __init__(self, events: int = 0, bytes: int = 0) -> None:
        """As it was loaded: what it has passed by then was told before."""
        self.events, self.bytes = events, bytes
        self._events_limit, self._bytes_limit = _next(EVENTS, events), _next(BYTES, bytes)

    def grow(self, events: int, bytes: int) -> bool:
        """By so much. True when it has passed 5,000 events or 5 MB by that, or a doubling of either."""
        self.events += events
        self.bytes += bytes
        if self.events < self._events_limit and self.bytes < self._bytes_limit:
            return False
        self._events_limit, self._bytes_limit = _next(EVENTS, self.events), _next(BYTES, self.bytes)
        return True

    def begin_anew(self) -> None:
        """What came before is not kept: the saga goes on as new."""
        self.__init__()


def _next(limit: int, value: int) -> int:
    while limit <= value:
        limit *= 2
    return limit
