"""How often, and how soon, a command is tried again."""

from dataclasses import dataclass
from zlib import crc32

from contracts.durations import milliseconds


@dataclass(frozen=True, slots=True)
class Retry:
    """Capped exponential backoff with jitter.

    ``attempts`` counts the first one too; None means for ever. ``backoff`` is ``"first..cap"``: the wait after the
    first failure, doubled after each further one, at most the cap. Half of every wait is jitter, so that many sagas
    hit by one outage do not come back in step.
    """

    attempts: int | None = 5
    backoff: str = "200ms..10s"

    def __post_init__(self) -> None:
        if self.attempts is not None and self.attempts < 1:
            raise ValueError("Retry(attempts=…) counts the first attempt too: give 1 or more, or use Retry.forever().")
        first, cap = self._bounds_ms()
        if first > cap:
            raise ValueError(f"Retry(backoff={self.backoff!r}) shrinks: write the shorter wait first.")

    @classmethod
    def forever(cls, backoff: str = "1s..5m") -> "Retry":
        """Try until it succeeds."""
        return cls(attempts=None, backoff=backoff)

    @classmethod
    def never(cls) -> "Retry":
        """One attempt only."""
        return cls(attempts=1)

    def allows(self, attempt: int) -> bool:
        """Whether another attempt may follow attempt number ``attempt`` (from 1)."""
        return self.attempts is None or attempt < self.attempts

    def delay_ms(self, attempt: int, seed: str) -> int:
        """Milliseconds to wait after attempt number ``attempt``; the same seed always gives the same jitter."""
        first, cap = self._bounds_ms()
        full = min(cap, first * 2 ** min(attempt - 1, 40))
        spread = crc32(f"{seed}/{attempt}".encode()) / 2**32
        return round(full * (0.5 + 0.5 * spread))

    def _bounds_ms(self) -> tuple[int, int]:
        first, dots, cap = self.backoff.partition("..")
        return milliseconds(first), milliseconds(cap if dots else first)
