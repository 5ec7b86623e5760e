"""A coordinator's way to the log in memory: every call takes time, may fail, and may lose its answer."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, TypeVar

from coordinator.engine.status import Status
from coordinator.runtime.ports import (
    Confirmed,
    Due,
    OutboxRow,
    OutcomeUnknown,
    SagaView,
    SagaWrite,
    StoredSaga,
    StoreUnavailable,
)
from tests.fakes.memory_store import MemoryStore
from tests.simulation.network import Network
from tests.simulation.process import Process

T = TypeVar("T")


class SharedLog(MemoryStore):
    """The one log of all coordinators. Writes that have won and outbox rows that are deleted are shown to others."""

    def __init__(
        self,
        seen: Callable[[Sequence[SagaWrite]], None],
        deleted: Callable[[Sequence[Confirmed]], None],
        now_s: Callable[[], float],
    ) -> None:
        super().__init__()
        self.away = False
        self._seen, self._deleted, self._now_s = seen, deleted, now_s

    async def time(self) -> int:
        return int(self._now_s() * 1e3)

    async def commit(self, writes: Sequence[SagaWrite], confirmed: Sequence[Confirmed]) -> frozenset[str]:
        """As a database does it that knows every status of a saga, those too that people bring about."""
        for write in writes:
            _check(write)
        deleted = [each for each in confirmed if self._holds(each)]
        self._deleted(deleted)
        for each in deleted:
            self._outbox.pop(each.command_id, None)
        won = [write for write in writes if self._wins(write)]
        for write in won:
            self._write(write)
        if won:
            self._seen(won)
        return frozenset(write.saga_id for write in won)

    def _holds(self, confirmed: Confirmed) -> bool:
        kept = self._outbox.get(confirmed.command_id)
        return kept is not None and kept[0].attempt == confirmed.attempt

    def row(self, saga_id: str) -> SagaView:
        """As lists show the saga."""
        return self._sagas[saga_id]

    @property
    def outbox_ids(self) -> list[str]:
        """Commands that are still to be acknowledged."""
        return list(self._outbox)


class StoreOf:
    """Keeps the promises of ``SagaStore`` for one process."""

    def __init__(self, log: SharedLog, process: Process, network: Network) -> None:
        self._log, self._process, self._network = log, process, network

    async def _ask(self, call: Callable[[], Coroutine[Any, Any, T]]) -> T:
        weather = self._network.weather
        if self._log.away or weather.strikes("store_request_lost"):
            delay_s = weather.seconds(0.01, 2.0)
            await self._network.fail_later(self._process, delay_s, StoreUnavailable("No answer of the store."))
        slow_s = weather.seconds(0.05, 4.0) if weather.strikes("store_slow") else 0.0
        late_s = slow_s if weather.seconds(0, 1) < 0.3 else 0.0
        found = await self._network.ask(self._process, lambda: _now(call()), slow_s - late_s)
        if late_s:
            await self._network.pause(late_s)  # it was done in time, and the answer is out of date
        return found

    async def time(self) -> int:
        return await self._ask(self._log.time)

    async def load(self, saga_ids: Sequence[str]) -> Mapping[str, StoredSaga]:
        return await self._ask(lambda: self._log.load(saga_ids))

    async def commit(self, writes: Sequence[SagaWrite], confirmed: Sequence[Confirmed]) -> frozenset[str]:
        weather, process = self._network.weather, self._process
        if not self._log.away and weather.strikes("commit_unknown"):
            lost = OutcomeUnknown("The answer to a commit was lost.")
            if process.alive and weather.seconds(0, 1) < 0.7:
                # It takes effect, perhaps long after its sender has given up.
                late_s = weather.hop_s() if weather.seconds(0, 1) < 0.7 else weather.seconds(0.0, 3.0)
                self._network.after(late_s, lambda: _now(self._log.commit(writes, confirmed)))
            await self._network.fail_later(process, weather.seconds(0.005, 1.0), lost)
        won = await self._ask(lambda: self._log.commit(writes, confirmed))
        if len(won) < len(writes):
            weather.came["conflict"] += 1
        return won

    async def due(self, before: int, limit: int, after: tuple[int, str] | None = None) -> Sequence[Due]:
        return await self._ask(lambda: self._log.due(before, limit, after))

    async def leftovers(self, older_than: int, newer_than: int, limit: int, after: str = "") -> Sequence[OutboxRow]:
        return await self._ask(lambda: self._log.leftovers(older_than, newer_than, limit, after))

    async def local_rows(self, limit: int, after: str = "") -> Sequence[OutboxRow]:
        return await self._ask(lambda: self._log.local_rows(limit, after))

    async def outbox_of(self, saga_ids: Sequence[str]) -> Sequence[OutboxRow]:
        return await self._ask(lambda: self._log.outbox_of(saga_ids))

    async def parked_for_code(self, limit: int, after: str = "") -> Sequence[tuple[str, int]]:
        return await self._ask(lambda: self._log.parked_for_code(limit, after))

    async def ping(self) -> None:
        await self._ask(self._log.ping)


def _check(write: SagaWrite) -> None:
    """Refuses what the table of sagas refuses."""
    change = write.change
    if change is None:
        return
    status = Status(change.status)
    if (
        (change.ended_at is not None) != status.ended
        or (change.parked_for is not None) != (status is Status.PARKED)
        or (status.ended and change.wake_at is not None)
    ):
        raise ValueError(f"These parts of a saga's row contradict each other: {change}.")


def _now(coroutine: Coroutine[Any, Any, T]) -> T:
    """The store in memory never waits."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("The store in memory waited.")
