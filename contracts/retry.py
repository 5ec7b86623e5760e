"""How often, how soon, and for how long a command is tried again."""

from typing import Literal
from zlib import crc32

import msgspec

from contracts.durations import milliseconds
from contracts.ids import check_name


class AwaitSignal(msgspec.Struct, frozen=True, gc=False):
    """At the end of a budget: wait for this signal, then try again with a new one. A person's `retry` does the same."""

    signal: str

    def __post_init__(self) -> None:
        check_name(self.signal, "The signal")


class Retry(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Capped exponential backoff with jitter, and the ends of it. Kept in histories: a default never changes.

    ``attempts`` counts the first one too; None means for ever. ``backoff`` is ``"first..cap"``: the wait after the
    first failure, doubled after each further one, at most the cap. ``jitter`` is the part of every wait that is drawn
    (0 to 1), so that many sagas hit by one outage do not come back in step. ``total`` is the time from the first
    attempt's sending (``"10m"``): no attempt begins, or is waited for, past it. ``unless`` has the types of problems
    after which trying again would not help, such as ``"card_expired"``; of an exception that a handler raised, that is
    its class's name, and of silence ``"timeout"``.

    ``on_exhausted`` is what becomes of a step whose attempts, or total time, are used up: ``"undo"``, it has failed;
    ``"park"``, the saga stands still until a person has seen to it; ``AwaitSignal("bank_is_back")``, the step waits for
    that signal. An undo whose budget is used up waits for the signal too, or is given up, and that waits for a person.
    """

    attempts: int | None = 5
    backoff: str = "200ms..10s"
    jitter: float = 0.5
    total: str | None = None
    unless: tuple[str, ...] = ()
    on_exhausted: Literal["undo", "park"] | AwaitSignal = "undo"

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
        if not isinstance(self.on_exhausted, AwaitSignal) and self.on_exhausted not in ("undo", "park"):
            raise ValueError(
                f"Retry(on_exhausted={self.on_exhausted!r}): give 'undo', 'park' or AwaitSignal('its_name')."
            )

    @classmethod
    def forever(cls, backoff: str = "1s..5m") -> "Retry":
        """Try until it succeeds."""
        return cls(attempts=None, backoff=backoff)

    @classmethod
    def never(cls) -> "Retry":
        """One attempt only."""
        return cls(attempts=1)

    @property
    def without_end(self) -> "Retry":
        """The same backoff, until it succeeds or it is certain that to try again would not help."""
        return msgspec.structs.replace(self, attempts=None, total=None)

    @property
    def total_ms(self) -> int | None:
        """``total`` in milliseconds."""
        return None if self.total is None else milliseconds(self.total)

    @property
    def bounded(self) -> bool:
        """There is an end to it, if nobody ever answers."""
        return self.attempts is not None or self.total is not None or "timeout" in self.unless

    @property
    def gives_up(self) -> bool:
        """There is an end to it without an answer, and without anybody being told."""
        ends = self.attempts is not None or self.total is not None
        return bool(self.unless) or (ends and self.on_exhausted == "undo")

    @property
    def awaits(self) -> str | None:
        """The signal that is waited for when the budget is used up."""
        return self.on_exhausted.signal if isinstance(self.on_exhausted, AwaitSignal) else None

    def rules_out(self, type: str) -> bool:
        """Whether nothing is tried again after a problem of that type."""
        return type in self.unless

    def allows(self, attempt: int, after_ms: int) -> bool:
        """Whether the budget has another attempt behind number ``attempt`` (from 1), ``after_ms`` after the first."""
        if self.attempts is not None and attempt >= self.attempts:
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
