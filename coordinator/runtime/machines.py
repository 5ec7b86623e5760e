"""Where warm sagas come from: the engine, seen through what the runtime needs of it."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from coordinator.engine.awaited import Awaited
from coordinator.engine.decision import Decision
from coordinator.engine.facts import Fact
from coordinator.engine.machine import Machine
from coordinator.engine.shown import Shown
from coordinator.engine.status import Status
from coordinator.history.events import Event
from coordinator.saga.definitions import Definitions


class SagaMachine(Protocol):
    """One saga, warm. It must be dropped when a decision of it was not committed."""

    @property
    def exists(self) -> bool:
        """Whether it has any history."""
        ...

    @property
    def status(self) -> Status:
        """Where the saga stands."""
        ...

    @property
    def wake_at(self) -> int | None:
        """Next time, in ms, that something is due."""
        ...

    @property
    def traceparent(self) -> str | None:
        """W3C context of the saga's root span."""
        ...

    @property
    def definition(self) -> str:
        """Name of its definition; empty while it has no history."""
        ...

    @property
    def version(self) -> int:
        """Version of its definition."""
        ...

    @property
    def shown(self) -> Shown | None:
        """What lists show of it; None: nothing."""
        ...

    @property
    def evict(self) -> bool:
        """Not worth keeping warm: the saga has ended, or is parked."""
        ...

    def awaits(self, command_id: str, attempt: int) -> Awaited | None:
        """Whether this attempt of a command or an undo is still waited for; None: nobody waits for it."""
        ...

    def advance(self, facts: Sequence[Fact], now: int) -> Decision:
        """Applies the facts in order. The machine assumes that the decision will be committed."""
        ...


class Machines(Protocol):
    """Makes machines."""

    def new(self, saga_id: str) -> SagaMachine:
        """A saga without history."""
        ...

    def rebuild(self, saga_id: str, rows: Iterable[Sequence[Event]]) -> SagaMachine:
        """The saga as its history has it."""
        ...


class EngineMachines:
    """Machines of the engine, for these definitions."""

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions

    def new(self, saga_id: str) -> SagaMachine:
        """A saga without history."""
        return Machine.new(saga_id, self._definitions)

    def rebuild(self, saga_id: str, rows: Iterable[Sequence[Event]]) -> SagaMachine:
        """The saga as its history has it."""
        return Machine.rebuild(saga_id, rows, self._definitions)
