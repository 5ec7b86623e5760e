"""Sagas in memory, behind the same door as the real ones: the engine is real, Postgres and Kafka are not."""

import asyncio
from collections.abc import Callable, Sequence

import msgspec

from contracts.answers import Answer
from coordinator.engine.decision import Decision
from coordinator.engine.facts import Fact, Reply, Start, Verdict
from coordinator.engine.machine import Machine
from coordinator.engine.shown import NOTHING
from coordinator.history.codec import write_events
from coordinator.runtime.ports import HistoryRow, SagaPage, SagaView
from coordinator.runtime.watchers import Watchers
from coordinator.saga import Definitions
from tests.fakes.memory_store import is_of


class SagasInMemory:
    """Takes facts, keeps histories, tells of ends."""

    def __init__(self, definitions: Definitions) -> None:
        self.definitions = definitions
        self.refuses_with: Exception | None = None
        """Raised by every call while it is set."""
        self.submitted: list[tuple[str, Fact]] = []
        self.now = 1_772_366_400_000
        self._machines: dict[str, Machine] = {}
        self.rows: dict[str, list[HistoryRow]] = {}
        self._views: dict[str, SagaView] = {}
        self._watchers = Watchers()
        self.got_a_fact = asyncio.Event()

    async def submit(self, saga_id: str, fact: Fact) -> Verdict:
        """See FactIntake."""
        self._fail()
        self.submitted.append((saga_id, fact))
        self.got_a_fact.set()
        machine = self._machines.get(saga_id) or Machine.new(saga_id, self.definitions)
        self.now += 1
        decision = machine.advance([fact], self.now)
        if decision.events:
            self._machines[saga_id] = machine
            self._keep(decision, fact)
        return decision.verdicts[0]

    async def answer(self, saga_id: str, step: int, answer: Answer, *, undo: bool = False) -> None:
        """A participant's reply to the first attempt."""
        await self.submit(saga_id, Reply(f"{saga_id}:{step}{':undo' if undo else ''}", 1, answer))

    async def saga(self, saga_id: str) -> SagaView | None:
        """See ReadModel."""
        self._fail()
        return self._views.get(saga_id)

    async def sagas(self, page: SagaPage) -> Sequence[SagaView]:
        """See ReadModel."""
        self._fail()
        newest = sorted(self._views.values(), key=lambda view: (view.started_at, view.saga_id), reverse=True)
        return [view for view in newest if is_of(page, view)][: page.limit]

    async def history(self, saga_id: str, after: int = 0, limit: int = 1000) -> Sequence[HistoryRow]:
        """See ReadModel."""
        self._fail()
        return [row for row in self.rows.get(saga_id, []) if row.seq > after][:limit]

    def watch(self, saga_id: str, watcher: Callable[[Decision], None]) -> Callable[[], None]:
        """See SagaWatch."""
        return self._watchers.watch(saga_id, watcher)

    def _fail(self) -> None:
        if self.refuses_with is not None:
            raise self.refuses_with

    def _keep(self, decision: Decision, fact: Fact) -> None:
        saga_id, machine = decision.saga_id, self._machines[decision.saga_id]
        row = HistoryRow(decision.seq, self.now, msgspec.Raw(write_events(decision.events)))
        self.rows.setdefault(saga_id, []).append(row)
        before = self._views.get(saga_id)
        if before is None:
            assert isinstance(fact, Start)
        shown = machine.state.shown or NOTHING
        self._views[saga_id] = SagaView(
            saga_id=saga_id,
            definition=machine.definition,
            version=machine.version,
            status=decision.status.value,
            input=fact.input if isinstance(fact, Start) else self._views[saga_id].input,
            outcome=None if decision.outcome is None else msgspec.Raw(decision.outcome),
            parked_for=decision.parked_for,
            wake_at=decision.wake_at,
            started_at=self.now if before is None else before.started_at,
            ended_at=self.now if decision.status.ended else None,
            traceparent=machine.traceparent,
            parent=fact.parent.saga_id if isinstance(fact, Start) and fact.parent else before and before.parent,
            round=machine.state.round,
            status_line=shown.line or None,
            attributes=msgspec.Raw(msgspec.json.encode(shown.attributes)) if shown.attributes else None,
        )
        self._watchers.tell(decision)
