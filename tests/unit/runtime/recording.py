"""An observer that keeps what it is told."""

from collections.abc import Sequence

from coordinator.history.events import Event
from coordinator.runtime.observed_steps import ObservedSteps
from coordinator.runtime.observer import Committed, NullObserver


class Recording(NullObserver):
    """Lists of what was observed."""

    def __init__(self) -> None:
        self.items: list[Committed] = []
        self.loaded: list[tuple[ObservedSteps, Sequence[Sequence[Event]]]] = []
        self.sizes: list[int] = []
        self.reasons: list[str] = []
        self.lost = 0
        self.outages = 0
        self.long: list[str] = []
        self.lateness: list[float] = []

    def rebuilt(self, steps: ObservedSteps, rows: Sequence[Sequence[Event]]) -> None:
        self.loaded.append((steps, rows))

    def committed(self, items: Sequence[Committed]) -> None:
        self.items.extend(items)

    def batch(self, size: int, load_s: float, engine_s: float, commit_s: float) -> None:
        self.sizes.append(size)

    def ignored(self, reason: str) -> None:
        self.reasons.append(reason)

    def fenced(self, count: int) -> None:
        self.lost += count

    def timer_late(self, seconds: float) -> None:
        self.lateness.append(seconds)

    def history_long(self, definition: str) -> None:
        self.long.append(definition)

    def store_unavailable(self) -> None:
        self.outages += 1
