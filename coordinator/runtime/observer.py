"""What the runtime tells those who measure and trace: one call for each batch, none for each message."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from coordinator.engine.decision import Decision
from coordinator.history.events import Event
from coordinator.runtime.machines import SagaMachine
from coordinator.runtime.observed_steps import ObservedSteps


class Committed(msgspec.Struct, frozen=True, gc=False):
    """One saga's decision, after its transaction was committed."""

    machine: SagaMachine
    """The saga as the decision left it."""
    steps: ObservedSteps
    """What the observer has followed of the saga since it is in memory: the rows before this decision."""
    decision: Decision


class Observer(Protocol):
    """Called on the event loop; must neither wait nor raise."""

    def rebuilt(self, steps: ObservedSteps, rows: Sequence[Sequence[Event]]) -> None:
        """A saga is in memory from now on, made from these rows, which ``steps`` has not followed yet."""
        ...

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

    def rebuilt(self, steps: ObservedSteps, rows: Sequence[Sequence[Event]]) -> None:
        """Nothing."""

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
