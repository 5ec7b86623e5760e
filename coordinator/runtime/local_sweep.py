"""The sweep of local steps: rows that a crash left, or that another coordinator decided on, are found by their owner.

A row may be out of date: its step was given up, or its undo has begun. So before a body is run for a row that was
found, the saga's history is read, and what nobody waits for any more is deleted instead.
"""

import asyncio
from collections.abc import Sequence
from functools import partial
from itertools import groupby

import structlog

from contracts.failpoints import failpoint
from coordinator.engine.awaited import awaited
from coordinator.engine.evolve import evolved
from coordinator.engine.state import SagaState
from coordinator.history.kept_rows import read_rows
from coordinator.runtime.clock import Clock
from coordinator.runtime.limits import Limits
from coordinator.runtime.local_rows import shard_of_row
from coordinator.runtime.local_steps import LocalSteps
from coordinator.runtime.outbox_order import in_order
from coordinator.runtime.ownership import Ownership
from coordinator.runtime.ports import Confirmed, OutboxRow, SagaStore, StoredSaga
from coordinator.runtime.relay import Relay

log = structlog.get_logger(__name__)


class LocalSweep:
    """Looks once whenever it is asked to."""

    def __init__(
        self, room: LocalSteps, store: SagaStore, relay: Relay, ownership: Ownership, clock: Clock, limits: Limits
    ) -> None:
        self._room, self._store, self._relay = room, store, relay
        self._ownership, self._clock, self._limits = ownership, clock, limits

    async def look(self) -> None:
        """Brings what is ours and not in memory. Raises StoreUnavailable."""
        self._room.decided_since = set()
        try:
            await self._look()
        finally:
            self._room.decided_since = None

    async def _look(self) -> None:
        now, after, found = self._clock(), "", 0
        if self._room.held:
            self._room.held = {saga_id: until for saga_id, until in self._room.held.items() if until > now}
        while self._room.room and self._ownership.partitions:
            page = await self._store.local_rows(self._limits.sweep_page, after)
            found += await self._take([row for row in page if self._is_new(row, now)], now)
            if len(page) < self._limits.sweep_page:
                break
            after = page[-1].command_id
        if found:
            log.info("local_steps_swept", rows=found)

    def _is_new(self, row: OutboxRow, now: int) -> bool:
        return (
            self._ownership.owns(shard_of_row(row)) and not self._room.knows(row) and row.saga_id not in self._room.held
        )

    async def _take(self, rows: Sequence[OutboxRow], now: int) -> int:
        """Returns how many are run."""
        if not rows:
            return 0
        failpoint("local_rows_found")
        stored = await self._store.load(sorted({row.saga_id for row in rows}))
        taken = 0
        for saga_id, own in groupby(in_order(rows), lambda row: row.saga_id):
            if saga_id in stored:
                taken += self._take_of(saga_id, stored[saga_id], list(own), now)
                await asyncio.sleep(0)
        return taken

    def _take_of(self, saga_id: str, stored: StoredSaga, rows: Sequence[OutboxRow], now: int) -> int:
        decided = self._room.decided_since
        if (decided is not None and saga_id in decided) or not self._ownership.owns(stored.shard):
            return 0  # it has gone on since it was read: the next look will find it as it is then
        try:
            state = evolved(event for row in read_rows(stored.rows) for event in row)
        except Exception as error:  # a history of a newer release
            log.error("local_step_of_unreadable_saga", saga_id=saga_id, error=repr(error))
            return 0
        self._room.decided(saga_id, partial(awaited, state))
        return sum(self._take_row(state, row, now) for row in rows)

    def _take_row(self, state: SagaState, row: OutboxRow, now: int) -> bool:
        found = awaited(state, row.command_id, row.attempt)
        if found is None:
            self._relay.confirm(Confirmed(row.command_id, row.attempt))
            return False
        if found.not_yet:
            return False
        if found.stands_still:
            self._room.held[row.saga_id] = now + self._limits.sweep_all_every_ms
            return False
        self._room.take(row, found)
        return self._room.knows(row)
