"""A simulated process: what runs in it is marked by a context variable, so that it can be killed or frozen alone."""

from collections import deque
from collections.abc import Callable
from contextvars import Context, ContextVar, copy_context
from typing import Any


class Process:
    """One life of one process. A restart is another Process with the same name."""

    __slots__ = (
        "_at_step",
        "alive",
        "context",
        "in_steps",
        "late",
        "life",
        "name",
        "on_waking",
        "paused",
        "queued",
        "ready",
        "wall_off_s",
        "woke_at",
    )

    def __init__(self, name: str, life: int = 0) -> None:
        self.name = name
        self.life = life
        """How often it was started before."""
        self.alive = True
        self.paused = False
        self.woke_at = float("-inf")
        """When it last went on after it had been paused."""
        self.on_waking: list[Callable[[], object]] = []
        """Called when it goes on: what it would have asked meanwhile."""
        self.ready: deque[Any] = deque()
        self.late: list[Any] = []
        """Timers that were due while it was paused."""
        self.queued = False
        """Whether the loop has it among those with something ready."""
        self.in_steps = -1
        """After so many callbacks ``at_step`` is called; negative: never."""
        self._at_step: Callable[[], None] = _nothing
        self.wall_off_s = 0.0
        """By so much its wall clock is wrong, in seconds."""
        self.context: Context = copy_context()
        self.context.run(PROCESS.set, self)

    def __repr__(self) -> str:
        return self.name if not self.life else f"{self.name}~{self.life}"

    def strike(self, in_steps: int, at_step: Callable[[], None]) -> None:
        """Calls that after so many more callbacks: at any ``await`` of the process."""
        self.in_steps, self._at_step = in_steps, at_step

    def step(self) -> None:
        """A callback of it is about to run."""
        if self.in_steps >= 0:
            self.in_steps -= 1
            if self.in_steps < 0:
                self._at_step()


def _nothing() -> None: ...


PROCESS: ContextVar[Process] = ContextVar("process")
