"""A store that a test can hold up, or let fail once."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from coordinator.runtime.ports import Confirmed, SagaWrite, StoredSaga
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
        self.refused: set[str] = set()
        """Sagas of which the database refuses every value."""
        self.fail_next: list[Exception] = []
        """Raised by the next commits of decisions, before anything takes effect."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def load(self, saga_ids: Sequence[str]) -> Mapping[str, StoredSaga]:
        self.loads.append(saga_ids)
        await asyncio.sleep(0)
        return await self._store.load(saga_ids)

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
