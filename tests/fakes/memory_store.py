"""The log of all sagas, and the list that people read, in memory."""

import heapq
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from contracts.attributes import Attributes
from coordinator.engine.status import ENDED
from coordinator.runtime.ports import (
    LOCAL_TOPIC,
    Confirmed,
    Due,
    HistoryRow,
    OutboxRow,
    OutcomeUnknown,
    SagaPage,
    SagaRowChange,
    SagaView,
    SagaWrite,
    StoredSaga,
    StoreUnavailable,
)

_UNFINISHED = ("running", "compensating")
_ENDED = tuple(status.value for status in ENDED)


class MemoryStore:
    """Answers the ports ``SagaStore`` and ``ReadModel``. Several coordinators may share one."""

    def __init__(self) -> None:
        self.unavailable = False
        """While set, every call raises StoreUnavailable."""
        self.lose_next_answer = False
        """The next commit takes effect, and raises OutcomeUnknown."""
        self._histories: dict[str, list[HistoryRow]] = {}
        self._sagas: dict[str, SagaView] = {}
        self._shards: dict[str, int] = {}
        self._first_rows: dict[str, int] = {}
        """Of sagas that are not in their first round any more."""
        self._outbox: dict[str, tuple[OutboxRow, int]] = {}

    async def time(self) -> int:
        self._answer()
        return time.time_ns() // 1_000_000

    async def load(self, saga_ids: Sequence[str]) -> Mapping[str, StoredSaga]:
        self._answer()
        return {
            saga_id: StoredSaga(
                tuple(bytes(row.events) for row in self._histories[saga_id]), saga.wake_at, self._shards[saga_id]
            )
            for saga_id in saga_ids
            if (saga := self._sagas.get(saga_id)) is not None
        }

    async def commit(self, writes: Sequence[SagaWrite], confirmed: Sequence[Confirmed]) -> frozenset[str]:
        self._answer()
        if len({write.saga_id for write in writes}) < len(writes):
            raise ValueError("A batch holds each saga at most once: put a saga's second write into the next batch.")
        for write in writes:
            _check(write)
        won = [write for write in writes if self._wins(write)]
        for one in confirmed:
            if one.command_id in self._outbox and self._outbox[one.command_id][0].attempt == one.attempt:
                del self._outbox[one.command_id]
        for write in won:
            self._write(write)
        if self.lose_next_answer:
            self.lose_next_answer = False
            raise OutcomeUnknown("The answer was lost, as asked for.")
        return frozenset(write.saga_id for write in won)

    async def due(self, before: int, limit: int, after: tuple[int, str] | None = None) -> Sequence[Due]:
        self._answer()
        sleeping = (
            Due(saga.wake_at, saga.saga_id, self._shards[saga.saga_id])
            for saga in self._sagas.values()
            if saga.wake_at is not None
        )
        return heapq.nsmallest(
            limit, (one for one in sleeping if one.wake_at <= before and (after is None or one[:2] > after))
        )

    async def leftovers(self, older_than: int, newer_than: int, limit: int, after: str = "") -> Sequence[OutboxRow]:
        self._answer()
        left = [row for row, at in self._outbox.values() if at < older_than or at > newer_than]
        return heapq.nsmallest(limit, (row for row in left if row.command_id > after), key=lambda row: row.command_id)

    async def local_rows(self, limit: int, after: str = "") -> Sequence[OutboxRow]:
        self._answer()
        local = (row for row, _ in self._outbox.values() if row.topic.startswith(LOCAL_TOPIC))
        return heapq.nsmallest(limit, (row for row in local if row.command_id > after), key=lambda row: row.command_id)

    async def outbox_of(self, saga_ids: Sequence[str]) -> Sequence[OutboxRow]:
        self._answer()
        wanted = set(saga_ids)
        return [row for row, _ in self._outbox.values() if row.saga_id in wanted]

    async def parked_for_code(self, limit: int, after: str = "") -> Sequence[tuple[str, int]]:
        self._answer()
        parked = (one.saga_id for one in self._sagas.values() if one.parked_for == "code" and one.saga_id > after)
        return [(saga_id, self._shards[saga_id]) for saga_id in heapq.nsmallest(limit, parked)]

    async def ping(self) -> None:
        self._answer()

    async def saga(self, saga_id: str) -> SagaView | None:
        self._answer()
        return self._sagas.get(saga_id)

    async def sagas(self, page: SagaPage) -> Sequence[SagaView]:
        self._answer()
        found = (saga for saga in self._sagas.values() if is_of(page, saga))
        return heapq.nlargest(page.limit, found, key=lambda saga: (saga.started_at, saga.saga_id))

    async def history(self, saga_id: str, after: int = 0, limit: int = 1000) -> Sequence[HistoryRow]:
        self._answer()
        return [row for row in self._histories.get(saga_id, ()) if row.seq > after][:limit]

    def _answer(self) -> None:
        if self.unavailable:
            raise StoreUnavailable("The store in memory is away, as asked for.")

    def _wins(self, write: SagaWrite) -> bool:
        rows = self._histories.get(write.saga_id)
        last = rows[-1].seq if rows else 0
        return last == write.seq - 1 and write.first_row == self._first_rows.get(write.saga_id, 1)

    def _write(self, write: SagaWrite) -> None:
        change = write.change
        if change is not None and change.round is not None:
            self._histories[write.saga_id] = []
            self._first_rows[write.saga_id] = write.seq
        self._histories.setdefault(write.saga_id, []).append(HistoryRow(write.seq, write.at, msgspec.Raw(write.events)))
        if write.start is not None and change is not None:
            self._shards[write.saga_id] = write.start.shard
            begun: dict[str, Any] = {
                "saga_id": write.saga_id,
                "definition": write.start.definition,
                "version": write.start.version,
                "input": msgspec.Raw(write.start.input),
                "started_at": write.start.at,
                "traceparent": write.start.traceparent,
                "parent": write.start.parent,
            }
            self._sagas[write.saga_id] = SagaView(**{**begun, **_changing(change)})
        elif change is not None:
            self._sagas[write.saga_id] = msgspec.structs.replace(self._sagas[write.saga_id], **_changing(change))
        for row in write.outbox:
            self._outbox[row.command_id] = (row, write.at)


def is_of(page: SagaPage, saga: SagaView) -> bool:
    """Whether the list has the saga, however long it may be."""
    return (
        page.definition in (None, saga.definition)
        and page.status in (None, saga.status)
        and page.parent in (None, saga.parent)
        and (page.before is None or (saga.started_at, saga.saga_id) < page.before)
        and (not page.attributes or any(_has_attributes(saga, wanted) for wanted in page.attributes))
    )


def _has_attributes(saga: SagaView, wanted: Attributes) -> bool:
    """All of them; numbers by their value."""
    own = {} if saga.attributes is None else json.loads(bytes(saga.attributes))
    return all(
        name in own and own[name] == value and isinstance(own[name], bool) == isinstance(value, bool)
        for name, value in wanted.items()
    )


def _changing(change: SagaRowChange) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    if (now := change.shown) is not None:
        attributes = None if now.attributes is None else msgspec.Raw(now.attributes)
        shown = {"status_line": now.status_line, "attributes": attributes}
    round = {} if change.round is None else {"round": change.round.number, "version": change.round.version}
    return {
        **shown,
        **round,
        "status": change.status,
        "wake_at": change.wake_at,
        "outcome": msgspec.Raw(change.outcome) if change.outcome is not None else None,
        "parked_for": change.parked_for,
        "ended_at": change.ended_at,
    }


def _check(write: SagaWrite) -> None:
    """Refuses what a database refuses."""
    start, change = write.start, write.change
    if "\0" in write.saga_id or write.seq < 1:
        raise ValueError(f"No database takes the key ({write.saga_id!r}, {write.seq}).")
    write.saga_id.encode()
    json.loads(write.events)
    if start is not None:
        json.loads(start.input)
        if change is None:
            raise ValueError(f"The start of {write.saga_id!r} lacks the parts of its row that change.")
    if change is not None:
        if change.outcome is not None:
            json.loads(change.outcome)
        ended = change.status in _ENDED
        if (
            change.status not in (*_UNFINISHED, *_ENDED, "parked", "paused")
            or (change.ended_at is not None) != ended
            or (change.parked_for is not None) != (change.status == "parked")
            or (ended and change.wake_at is not None)
        ):
            raise ValueError(f"These parts of a saga's row contradict each other: {change}.")
