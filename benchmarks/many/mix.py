"""What a coordinator finds that was killed while very many sagas were under way."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.many.in_flight import Group
from benchmarks.many.model import Model

REFUSED_OF = 5
"""One of so many that are due is refused at its last step, and goes back."""
DAY_MS = 24 * 3_600_000


@dataclass(frozen=True, slots=True)
class Mix:
    """How many of what sort."""

    sagas: int
    timers: int
    """Asleep, and their time has come while nobody was there."""
    timeouts: int
    """Waiting for an answer for longer than they should."""
    left: int
    """Decided on a command that never reached Kafka."""

    @property
    def due(self) -> int:
        """Those for which there is something to do at once."""
        return self.timers + self.timeouts + self.left

    @property
    def asleep(self) -> int:
        """A tenth of the others."""
        return (self.sagas - self.due) // 10

    @property
    def waiting(self) -> int:
        """The rest: an answer is awaited that takes days."""
        return self.sagas - self.due - self.asleep

    def resting(self, models: Mapping[str, Model], first: int) -> list[Group]:
        """Those that have nothing to do for days; begun within the last twenty."""
        began = int(time.time() * 1e3) - 20 * DAY_MS
        return [
            Group(models["waiting"], first, self.waiting, began, 20 * DAY_MS),
            Group(models["asleep"], first + self.waiting, self.asleep, began, 20 * DAY_MS),
        ]

    def pressing(self, models: Mapping[str, Model], first: int) -> list[Group]:
        """Those that are due: for up to a minute, or their command for some seconds."""
        now = int(time.time() * 1e3)
        found: list[Group] = []
        for kind, total in (("asleep", self.timers), ("called", self.timeouts), ("left", self.left)):
            for name, count in (("", total - total // REFUSED_OF), ("_refused", total // REFUSED_OF)):
                model = models[("called" if kind == "left" else kind) + name]
                began, span = now - model.wakes_ms - 60_000, 60_000
                if kind == "left":
                    began, span = now - 8_000, 2_000
                found.append(Group(model, first, count, began, span, sent=kind != "left"))
                first += count
        return found
