"""A store that a test can hold up, or let fail once."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from coordinator.runtime.ports import Confirmed, Due, SagaWrite, StoredSaga
from tests.fakes.memory_store import MemoryStore


class WrappedStore:
    """Everything else goes to the store in memory."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self.loads: list[Sequence[str]] = []
        self.commits: list[Sequence[SagaWrite]] = []
        self.confirmed: list[Confirmed] = []
        self.gate: asyncio.Event | None = None
        """If given, commits wait for it."""
        self.late: asyncio.Event | None = None
        """If given, what is loaded next is handed over when it is set, and may be out of date by then."""
        self.pages: list[Sequence[Due]] = []
        """What the sweep read."""
        self.early: Due | None = None
        """What the sweep is to read instead, and what the saga's row has."""
        self.refused: set[str] = set()
        """Sagas of which the database refuses every value."""
        self.fail_next: list[Exception] = []
        """Raised by the next commits of decisions, before anything takes effect."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def due(self, before: int, limit: int, after: tuple[int, str] | None = None) -> Sequence[Due]:
        page = await self._store.due(before, limit, after) if self.early is None else [self.early]
        self.pages.append(page)
        return page

    async def load(self, saga_ids: Sequence[str]) -> Mapping[str, StoredSaga]:
        self.loads.append(saga_ids)
        await asyncio.sleep(0)
        found = await self._store.load(saga_ids)
        if self.late is not None:
            late, self.late = self.late, None
            await late.wait()
        if self.early is None:
            return found
        return {saga_id: StoredSaga(saga.rows, self.early.wake_at, saga.shard) for saga_id, saga in found.items()}

    async def commit(self, writes: Sequence[SagaWrite], confirmed: Sequence[Confirmed]) -> frozenset[str]:
        if writes:
            self.commits.append(writes)
        if self.gate is not None:
            await self.gate.wait()
        await asyncio.sleep(0)
        if self.fail_next and writes:
            raise self.fail_next.pop(0)
        if any(write.saga_id in self.refused for write in writes):
            raise ValueError("This database does not take that value.")
        won = await self._store.commit(writes, confirmed)
        self.confirmed.extend(confirmed)
        return won
