"""How often, how soon, and for how long a command is tried again."""

from dataclasses import dataclass
from zlib import crc32

from contracts.durations import milliseconds


@dataclass(frozen=True, slots=True)
class Retry:
    """Capped exponential backoff with jitter, and the ends of it.

    ``attempts`` counts the first one too; None means for ever. ``backoff`` is ``"first..cap"``: the wait after the
    first failure, doubled after each further one, at most the cap. ``jitter`` is the part of every wait that is drawn
    (0 to 1), so that many sagas hit by one outage do not come back in step. ``total`` is the time from the first
    attempt's sending (``"10m"``): no attempt begins, or is waited for, past it. ``unless`` has the types of problems
    after which trying again would not help, such as ``"card_expired"``; of an exception that a handler raised, that is
    its class's name, and of silence ``"timeout"``.
    """

    attempts: int | None = 5
    backoff: str = "200ms..10s"
    jitter: float = 0.5
    total: str | None = None
    unless: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.attempts is not None and self.attempts < 1:
            raise ValueError("Retry(attempts=…) counts the first attempt too: give 1 or more, or use Retry.forever().")
        first, cap = self._bounds_ms()
        if first > cap:
            raise ValueError(f"Retry(backoff={self.backoff!r}) shrinks: write the shorter wait first.")
        if not 0 <= self.jitter <= 1:
            raise ValueError(f"Retry(jitter={self.jitter!r}) is the part of a wait that is drawn: give 0 to 1.")
        if self.total_ms == 0:
            raise ValueError(f"Retry(total={self.total!r}) leaves no time for the first attempt: give more.")
        if isinstance(self.unless, str):
            raise ValueError(f"Retry(unless={self.unless!r}) takes several types: write ({self.unless!r},).")

    @classmethod
    def forever(cls, backoff: str = "1s..5m") -> "Retry":
        """Try until it succeeds."""
        return cls(attempts=None, backoff=backoff)

    @classmethod
    def never(cls) -> "Retry":
        """One attempt only."""
        return cls(attempts=1)

    @property
    def total_ms(self) -> int | None:
        """``total`` in milliseconds."""
        return None if self.total is None else milliseconds(self.total)

    @property
    def bounded(self) -> bool:
        """There is an end to it, if nobody ever answers."""
        return self.attempts is not None or self.total is not None or "timeout" in self.unless

    @property
    def endless(self) -> bool:
        """Nothing but an answer ends it."""
        return self.attempts is None and self.total is None and not self.unless

    def allows(self, attempt: int, type: str, after_ms: int) -> bool:
        """Whether another attempt may follow attempt number ``attempt`` (from 1).

        ``type`` is that of the problem it ended with; the other would begin ``after_ms`` after the first.
        """
        if type in self.unless or (self.attempts is not None and attempt >= self.attempts):
            return False
        total = self.total_ms
        return total is None or after_ms < total

    def delay_ms(self, attempt: int, seed: str) -> int:
        """Milliseconds to wait after attempt number ``attempt``; the same seed always gives the same jitter."""
        first, cap = self._bounds_ms()
        full = min(cap, first * 2 ** min(attempt - 1, 40))
        spread = crc32(f"{seed}/{attempt}".encode()) / 2**32
        return round(full * (1 - self.jitter + self.jitter * spread))

    def _bounds_ms(self) -> tuple[int, int]:
        first, dots, cap = self.backoff.partition("..")
        return milliseconds(first), milliseconds(cap if dots else first)
