"""The wake-ups that are near, in memory. The far ones stay in the table until the sweep brings them."""

import asyncio
import heapq
from collections.abc import Callable

from contracts.failpoints import failpoint
from coordinator.engine.facts import Verdict, WakeUp
from coordinator.runtime.clock import Clock
from coordinator.runtime.intake import Intake
from coordinator.runtime.limits import Limits
from coordinator.runtime.observer import Observer

_LONGEST_S = 1.0
"""The clock is read again after so long, however far the next timer is: somebody may have set it."""
_TOGETHER = 50
"""So many wake-ups are under way at most: whatever else comes for a saga never waits behind more of them (T2)."""
_LONGEST_REST_S = 0.25
_FAR_MS = 60_000
"""What is due later than this, and than the sweep looks ahead, stays in the table."""


class Timers:
    """At most one timer for each saga: (due, row, shard), its next wake-up and what its saga row says about it.

    The heap may hold times that are no longer true; what counts is the entry. A saga's heap entry is never later than
    its due time, so moving a timer later costs nothing: it is pushed again when the earlier time comes.
    """

    def __init__(self, intake: Intake, clock: Clock, limits: Limits, observer: Observer) -> None:
        self._intake, self._clock, self._limits, self._observer = intake, clock, limits, observer
        self._entries: dict[str, tuple[int, int | None, int]] = {}
        self._in_heap: dict[str, int] = {}
        """The earliest time in the heap, by saga."""
        self._heap: list[tuple[int, str]] = []
        self._handle: asyncio.TimerHandle | asyncio.Handle | None = None
        self._armed_for: int | None = None
        self._far_ms = _FAR_MS + limits.sweep_ahead_ms
        self._under_way = 0
        """Wake-ups that were handed in and not yet answered."""
        self._filled_at: float | None = None
        """When the last place was taken, though more was due. None again when those in front are through."""
        self._resting = False
        self._stopped = False
        intake.on_room.append(self._go_on)

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def room(self) -> bool:
        """Whether the sweep may bring more."""
        return len(self._heap) < self._limits.timers

    def due(self, saga_id: str) -> int | None:
        """When the saga is going to be woken, if that is known here."""
        entry = self._entries.get(saga_id)
        return None if entry is None else entry[0]

    def set(self, saga_id: str, due: int | None, row: int | None, shard: int, now: int) -> None:
        """The saga's next wake-up, and the one its row has, as decided ``now``. None: nothing is due.

        A time far ahead is not kept: its row has it, or an earlier one (W1, W2), and the sweep brings that in time.
        """
        if due is None or due > now + self._far_ms:
            self._entries.pop(saga_id, None)
            return
        earliest = self._in_heap.get(saga_id)
        if earliest is None and not self.room:
            self._entries.pop(saga_id, None)
            return
        self._entries[saga_id] = (due, row, shard)
        if earliest is None or due < earliest:
            self._in_heap[saga_id] = due
            heapq.heappush(self._heap, (due, saga_id))
            self._arm()

    def expect(self, saga_id: str, row: int, shard: int) -> None:
        """The sweep read this wake-up time in the saga's row.

        If that is what we believe the row has, we know better than it. If not, somebody else has advanced the saga
        (or it is not known here at all), and it is woken at the row's time.
        """
        entry = self._entries.get(saga_id)
        if entry is None or entry[1] != row:
            self.set(saga_id, row, row, shard, self._clock())

    def forget(self, saga_id: str) -> None:
        """Its timer does not matter any more."""
        self._entries.pop(saga_id, None)

    def retain(self, owns: Callable[[int], bool]) -> None:
        """Forgets the timers of sagas whose shard is not ours any more."""
        for saga_id in [saga_id for saga_id, (_, _, shard) in self._entries.items() if not owns(shard)]:
            del self._entries[saga_id]

    def stop(self) -> None:
        """Nothing fires from here on."""
        self._stopped = True
        if self._handle is not None:
            self._handle.cancel()

    def _arm(self) -> None:
        """Sees to it that ``_fire`` runs when the first of the heap is due."""
        if self._stopped or self._resting or not self._heap:
            return
        first = self._heap[0][0]
        if self._armed_for is not None and self._armed_for <= first:
            return
        if self._handle is not None:
            self._handle.cancel()
        wait_s = (first - self._clock()) / 1e3
        loop = asyncio.get_running_loop()
        self._armed_for = first
        self._handle = loop.call_later(min(max(wait_s, 0.0), _LONGEST_S), self._fire)

    def _go_on(self) -> None:
        if self._armed_for is None:
            self._arm()

    def _fire(self) -> None:
        """Wakes what is due, as fast as it is taken in and no faster."""
        self._armed_for = self._handle = None
        now = self._clock()
        while self._heap and self._heap[0][0] <= now:
            if self._under_way >= _TOGETHER:
                self._filled_at = asyncio.get_running_loop().time()
                self._resting = True
                return
            if self._intake.full:
                return
            self._pop(now)
        self._arm()

    def _pop(self, now: int) -> None:
        at, saga_id = heapq.heappop(self._heap)
        if self._in_heap.get(saga_id) != at:
            return
        del self._in_heap[saga_id]
        entry = self._entries.get(saga_id)
        if entry is None:
            return
        due = entry[0]
        if due > now:
            self._in_heap[saga_id] = due
            heapq.heappush(self._heap, (due, saga_id))
            return
        del self._entries[saga_id]
        self._observer.timer_late((now - due) / 1e3)
        self._under_way += 1
        self._intake.offer(saga_id, WakeUp(), self._woken)
        failpoint("timer_fired")

    def _woken(self, verdict: Verdict) -> None:
        """One is through. When more is due than there are places, the next come after a rest: half of the time is
        everybody else's, however many are due at once (T2)."""
        self._under_way -= 1
        if not self._resting:
            self._go_on()
        elif self._filled_at is not None and self._under_way <= _TOGETHER // 2:
            loop = asyncio.get_running_loop()
            rest_s = min(loop.time() - self._filled_at, _LONGEST_REST_S)
            self._filled_at = None
            loop.call_later(rest_s, self._rested)

    def _rested(self) -> None:
        self._resting = False
        self._go_on()
