"""What the runtime tells those who measure and trace: one call for each batch, none for each message."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from coordinator.engine.decision import Decision
from coordinator.history.events import Event


class Committed(msgspec.Struct, frozen=True, gc=False):
    """One saga's decision, after its transaction was committed."""

    saga_id: str
    definition: str
    version: int
    traceparent: str | None
    decision: Decision
    now: int
    """The time the engine decided at, in ms."""
    resumed: bool
    """The saga was rebuilt from its log in this activation."""
    last_row: Sequence[Event]
    """When resumed: the events of the last history row before this decision; else empty."""


class Observer(Protocol):
    """Called on the event loop; must neither wait nor raise."""

    def committed(self, items: Sequence[Committed]) -> None:
        """Decisions that are durable now."""
        ...

    def batch(self, size: int, load_s: float, engine_s: float, commit_s: float) -> None:
        """One activation of so many sagas, and where its seconds went."""
        ...

    def published(self, count: int) -> None:
        """So many commands were acknowledged by Kafka."""
        ...

    def ignored(self, reason: str) -> None:
        """A fact belonged to nothing."""
        ...

    def fenced(self, count: int) -> None:
        """So many decisions lost to another coordinator, and are made anew."""
        ...

    def timer_late(self, seconds: float) -> None:
        """A timer's saga is woken, so long after its time."""
        ...

    def history_long(self, definition: str) -> None:
        """A saga's history has passed 5,000 events or 5 MB, or a doubling of that."""
        ...

    def store_unavailable(self) -> None:
        """A call to Postgres was not answered and will be repeated."""
        ...


class NullObserver:
    """Nobody measures."""

    def committed(self, items: Sequence[Committed]) -> None:
        """Nothing."""

    def batch(self, size: int, load_s: float, engine_s: float, commit_s: float) -> None:
        """Nothing."""

    def published(self, count: int) -> None:
        """Nothing."""

    def ignored(self, reason: str) -> None:
        """Nothing."""

    def fenced(self, count: int) -> None:
        """Nothing."""

    def timer_late(self, seconds: float) -> None:
        """Nothing."""

    def store_unavailable(self) -> None:
        """Nothing."""

    def history_long(self, definition: str) -> None:
        """Nothing."""
