"""The sweep: what a crash, a full memory or another coordinator left behind is found again. A loop, not a start.

It reads only what is due, so a start with a million sagas in flight is as quick as one with none. It needs no memory
of its own: whatever it offers twice is harmless, since the fence and the participants' barriers refuse repetition.

When topics or the whole cluster were replaced (K3), the rows confirmed before are gone from the outbox, and the sweep
cannot send them again. It does not need to: a command whose reply never comes is sent again by the engine at its
timeout, the topics are made anew (``kafka/topics.py``), and the consumer starts at the earliest offset of the new ones.
"""

import asyncio
from collections.abc import Callable, Sequence

import structlog

from contracts.command_message import reply_partition_of
from contracts.failpoints import failpoint
from coordinator.engine.facts import Resume, Verdict
from coordinator.runtime.clock import Clock
from coordinator.runtime.intake import Intake
from coordinator.runtime.limits import Limits
from coordinator.runtime.local_sweep import LocalSweep
from coordinator.runtime.outbox_order import in_order, whole_sagas
from coordinator.runtime.ownership import Ownership
from coordinator.runtime.ports import Due, OutboxRow, OutcomeUnknown, SagaStore, StoreUnavailable
from coordinator.runtime.relay import Relay
from coordinator.runtime.timers import Timers
from coordinator.runtime.warm import WarmSagas

log = structlog.get_logger(__name__)

_OVERLAP_MS = 3_000
"""The window of wake-ups reaches back so far: a timer may be set shortly before it is due, by anybody."""
_AT_ONCE = 10_000
"""Wake-ups of ours that one sweep brings: those due first. The next brings more, when these are through (T2)."""


class Recovery:
    """Overdue and near wake-ups, leftover outbox rows, and sagas parked for their code."""

    def __init__(
        self,
        *,
        store: SagaStore,
        intake: Intake,
        relay: Relay,
        timers: Timers,
        warm: WarmSagas,
        ownership: Ownership,
        clock: Clock,
        limits: Limits,
        local: LocalSweep | None,
    ) -> None:
        """``local``: None where no saga has local steps."""
        self._local = local
        self._store, self._intake, self._relay, self._timers = store, intake, relay, timers
        self._warm, self._ownership, self._clock, self._limits = warm, ownership, clock, limits
        self._all_at = 0
        """When all overdue wake-ups are read next."""
        self._foreign_at = 0
        """When leftovers of other shards are read next."""
        self._to_resume: set[int] = set()
        """Partitions gained whose parked sagas have not been tried with this process's code."""
        self._resuming: set[int] = set()
        """Those that are being tried, as far as ``_resumed_to``."""
        self._resumed_to = ""
        self._resumed: set[int] = set()
        self._now = asyncio.Event()
        self._failures = 0
        ownership.on_change.append(self._gained)

    @property
    def trouble(self) -> str | None:
        """Why the log cannot be read just now, if so."""
        return "Postgres does not answer." if self._failures else None

    def _gained(self, partitions: frozenset[int]) -> None:
        self._all_at = 0
        self._to_resume |= partitions - self._resumed
        self._now.set()

    async def run(self) -> None:
        """Sweeps until it is cancelled."""
        while True:
            self._now.clear()
            try:
                await self._sweep()
                self._failures = 0
            except (StoreUnavailable, OutcomeUnknown) as error:
                self._failures += 1
                log.warning("sweep_failed", error=str(error))
            except Exception:
                self._failures += 1
                log.exception("sweep_failed")
            wait_s = self._limits.sweep_every_ms / 1e3
            if self._failures:
                wait_s += self._limits.store_retry.delay_s(self._failures)
            try:
                async with asyncio.timeout(wait_s):
                    await self._now.wait()
            except TimeoutError:
                continue

    async def _sweep(self) -> None:
        await self._cool()
        await self._wake_ups()
        failpoint("sweep_half_done")
        if self._local is not None:
            await self._local.look()
        await self._leftovers()
        await self._resume_parked()

    async def _cool(self) -> None:
        more = True
        while more:
            more = self._warm.cool(self._clock())
            await asyncio.sleep(0)

    async def _wake_ups(self) -> None:
        """Brings near wake-ups into the timers: each second the recent window, now and then all that is overdue.

        While nothing is ours (at a start, until the group has met) only what anyone may take is read: the rest would be
        read in vain, however much it is, and the sweep that follows the assignment would wait for that.
        """
        now = self._clock()
        limits = self._limits
        before = now + limits.sweep_ahead_ms if self._ownership.partitions else now - limits.foreign_grace_ms
        everything = now >= self._all_at
        cursor = None if everything else (now - _OVERLAP_MS, "")
        brought = 0
        while self._timers.room:
            page = await self._store.due(before, self._limits.sweep_page, cursor)
            for one in page:
                self._wake_up(one, now)
                due = self._timers.due(one.saga_id)
                brought += due is not None and due <= before
            if len(page) < self._limits.sweep_page:
                if everything:
                    self._all_at = now + self._limits.sweep_all_every_ms
                return
            if brought >= _AT_ONCE:
                self._all_at = 0
                return
            cursor = page[-1][:2]

    def _wake_up(self, one: Due, now: int) -> None:
        wake_at, saga_id, shard = one
        if not self._ownership.owns(shard) and wake_at > now - self._limits.foreign_grace_ms:
            return
        if self._intake.holds(saga_id):
            return
        warm = self._warm.get(saga_id)
        if warm is not None and warm.row_wake_at != wake_at:
            self._warm.drop(saga_id)
        self._timers.expect(saga_id, wake_at, shard)

    async def _leftovers(self) -> None:
        """Sends again what was committed and never acknowledged: ours soon, anybody's after a while."""
        await self._left()
        now = self._clock()
        if self._ownership.partitions:
            await self._send_again(now, self._limits.leftovers_older_ms, self._ours)
        if now >= self._foreign_at:
            await self._send_again(now, self._limits.foreign_leftovers_older_ms, lambda _: True)
            self._foreign_at = now + self._limits.foreign_leftovers_older_ms // 2

    async def _left(self) -> None:
        """What this process decided, and had no room for. Its age does not tell: each attempt takes the place of the
        one before, so that the row of a step that is tried every few seconds never becomes old."""
        found = 0
        while self._relay.room and (sagas := self._relay.left(self._limits.sweep_page)):
            rows: Sequence[OutboxRow] | None = None
            try:
                rows = await self._store.outbox_of(sagas)
            finally:
                found += self._relay.read(sagas, None if rows is None else in_order(rows))
        if found:
            log.info("outbox_caught_up", rows=found)

    def _ours(self, row: OutboxRow) -> bool:
        return self._ownership.hears(row.saga_id, reply_partition_of(row.headers))

    async def _send_again(self, now: int, away_ms: int, ours: Callable[[OutboxRow], bool]) -> None:
        """Rows whose time is so far away from now. One that is far ahead was written by a clock that was wrong (T1)."""
        older_than, newer_than = now - away_ms, now + away_ms
        after = ""
        found = 0
        while self._relay.room:
            page = await self._store.leftovers(older_than, newer_than, self._limits.sweep_page, after)
            whole = whole_sagas(page) if len(page) == self._limits.sweep_page else page
            found += self._relay.offer_again(in_order([row for row in whole if ours(row)]))
            if len(page) < self._limits.sweep_page:
                break
            after = whole[-1].command_id
        if found:
            log.info("outbox_swept", rows=found)

    async def _resume_parked(self) -> None:
        """Once per process and partition: newly deployed code may fit again. While the intake is full the rest waits
        for the next sweep: timers must not wait for it."""
        if self._to_resume:
            self._resuming |= self._to_resume
            self._to_resume, self._resumed_to = set(), ""
        while self._resuming and not self._intake.full:
            page = await self._store.parked_for_code(self._limits.sweep_page, self._resumed_to)
            for saga_id, shard in page:
                if self._ownership.owns(shard) and self._ownership.partition(shard) in self._resuming:
                    self._intake.offer(saga_id, Resume(), _resumed)
            if page:
                self._resumed_to = page[-1][0]
            else:
                self._resumed |= self._resuming
                self._resuming = set()


def _resumed(verdict: Verdict) -> None:
    """Nobody waits for it."""
