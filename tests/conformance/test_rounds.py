"""Another round of a saga: the rows before it are gone with the commit that begins it, and nobody lands there again."""

import asyncio
import json
import random
from typing import NamedTuple

from msgspec.structs import replace

from coordinator.runtime.ports import ReadModel, RoundInRow, SagaStore, SagaWrite
from tests.conformance.conftest import Stores
from tests.conformance.writes import RUNNING, T0, another_round, command, sleeping, start, step

SAGA = "book_trip:a"


async def rows(store: SagaStore, saga_id: str = SAGA) -> list[str]:
    """As they are loaded."""
    found = (await store.load([saga_id]))[saga_id].rows
    return [row.decode() if isinstance(row, bytes) else row for row in found]


async def in_its_third_round(store: SagaStore) -> None:
    """Which begins with row 5; the second did with row 3."""
    for write in (
        start(SAGA),
        step(SAGA, 2),
        another_round(SAGA, 3, 2),
        step(SAGA, 4, events=b'["in round 2"]', first_row=3),
        another_round(SAGA, 5, 3, first_row=3, version=2),
        step(SAGA, 6, events=b'["in round 3"]', first_row=5),
    ):
        assert await store.commit([write], []) == {SAGA}


async def test_only_the_last_round_is_there(store: SagaStore, read: ReadModel) -> None:
    """For coordinators, which need no more, and for people."""
    await in_its_third_round(store)
    assert await rows(store) == ['["round 3"]', '["in round 3"]']
    assert [row.seq for row in await read.history(SAGA)] == [5, 6]
    assert [row.seq for row in await read.history(SAGA, after=1, limit=1)] == [5]
    assert [row.seq for row in await read.history(SAGA, after=5)] == [6]


async def test_the_sagas_row_says_which_round_it_is(store: SagaStore, read: ReadModel) -> None:
    """And of which version. What it was started with stands there for ever."""
    await store.commit([start("book_trip:b")], [])
    await in_its_third_round(store)
    saga, other = await read.saga(SAGA), await read.saga("book_trip:b")
    assert saga is not None
    assert other is not None
    assert (saga.round, saga.version, saga.status, saga.wake_at) == (3, 2, "running", T0)
    assert (bytes(saga.input), other.round, other.version) == (b'{"trip_id":1}', 1, 1)
    await store.commit([step(SAGA, 7, first_row=5, change=sleeping(T0 + 1))], [])
    saga = await read.saga(SAGA)
    assert saga is not None
    assert (saga.round, saga.version, saga.wake_at) == (3, 2, T0 + 1)


async def test_a_saga_may_begin_in_its_second_round(store: SagaStore, read: ReadModel) -> None:
    """It had all it waited for."""
    begins = start(SAGA, change=replace(RUNNING, round=RoundInRow(2, 1)), events=b'["round 2"]')
    await store.commit([begins, start("book_trip:b")], [])
    saga = await read.saga(SAGA)
    assert saga is not None
    assert saga.round == 2
    await store.commit([another_round(SAGA, 2, 3), step("book_trip:b", 2)], [])
    assert await rows(store) == ['["round 3"]']
    assert await rows(store, "book_trip:b") == ['["started"]', "[]"]


async def test_who_is_behind_loses(stores: Stores) -> None:
    """In the round before, in the first, at the seam: nothing of what they decided is written."""
    await in_its_third_round(stores.mine)
    for late in (
        step(SAGA, 2, command(SAGA, 1)),
        step(SAGA, 3, command(SAGA, 1), change=sleeping(1)),
        another_round(SAGA, 3, 2, command(SAGA, 1)),
        step(SAGA, 4, command(SAGA, 1), first_row=3),
        step(SAGA, 5, command(SAGA, 1), first_row=3),
        another_round(SAGA, 5, 3, command(SAGA, 1), first_row=3),
        step(SAGA, 7, command(SAGA, 1), first_row=3),
        another_round(SAGA, 7, 4, command(SAGA, 1), first_row=3),
    ):
        assert await stores.theirs.commit([late], []) == frozenset(), late
    assert await rows(stores.mine) == ['["round 3"]', '["in round 3"]']
    assert await stores.mine.outbox_of([SAGA]) == []


async def test_who_loses_forgets_nothing(stores: Stores) -> None:
    """Of two that begin a round, one does."""
    await in_its_third_round(stores.mine)
    await stores.mine.commit([step(SAGA, 7, first_row=5)], [])
    assert await stores.theirs.commit([another_round(SAGA, 7, 4, first_row=5)], []) == frozenset()
    assert len(await rows(stores.mine)) == 3


async def test_others_of_the_batch_are_written(store: SagaStore) -> None:
    """Those that begin, that go on, and that begin another round from any."""
    await in_its_third_round(store)
    await store.commit([start("book_trip:b"), start("book_trip:c", command("book_trip:c", 1))], [])
    won = await store.commit(
        [
            another_round(SAGA, 7, 4, command(SAGA, 2), first_row=5),
            another_round("book_trip:b", 2, 2),
            step("book_trip:c", 2, command("book_trip:c", 2)),
            start("book_trip:d"),
        ],
        [],
    )
    assert won == {SAGA, "book_trip:b", "book_trip:c", "book_trip:d"}
    found = [await rows(store, f"book_trip:{one}") for one in "abcd"]
    assert found == [['["round 4"]'], ['["round 2"]'], ['["started"]', "[]"], ['["started"]']]
    outbox = await store.outbox_of([SAGA, "book_trip:c"])
    assert {row.command_id for row in outbox} == {f"{SAGA}:2", "book_trip:c:1", "book_trip:c:2"}


class Stand(NamedTuple):
    """Where a saga is, as somebody believes. Every row says where it leaves the saga."""

    row: int = 1
    first_row: int = 1
    round: int = 1

    def decide(self, saga_id: str, begins: bool) -> tuple["Stand", SagaWrite]:
        """One more row; with which another round begins, or not."""
        row = self.row + 1
        after = Stand(row, row, self.round + 1) if begins else self._replace(row=row)
        events = json.dumps(after).encode()
        if begins:
            return after, another_round(saga_id, row, after.round, first_row=self.first_row, events=events)
        return after, step(saga_id, row, events=events, first_row=self.first_row)


async def test_two_race_through_the_rounds(stores: Stores) -> None:
    """Each decides on what it believes, which may be long past: every row lands once, and behind the one before."""
    sagas = [f"book_trip:{number}" for number in range(4)]
    await stores.mine.commit([start(saga, events=json.dumps(Stand()).encode()) for saga in sagas], [])
    landed: dict[str, list[Stand]] = {saga: [] for saga in sagas}

    async def decide(store: SagaStore, chance: random.Random) -> None:
        beliefs = dict.fromkeys(sagas, Stand())
        for _ in range(150):
            decided = {
                saga: beliefs[saga].decide(saga, begins=chance.random() < 0.4) for saga in chance.sample(sagas, 3)
            }
            won = await store.commit([write for _, write in decided.values()], [])
            for saga, (after, _) in decided.items():
                if saga in won:
                    beliefs[saga] = after
                    landed[saga].append(after)
                elif chance.random() < 0.6:  # or it goes on believing
                    beliefs[saga] = Stand(*json.loads((await rows(store, saga))[-1]))

    await asyncio.gather(
        decide(stores.mine, random.Random(1)),
        decide(stores.theirs, random.Random(2)),
    )
    for saga in sagas:
        assert sorted(each.row for each in landed[saga]) == list(range(2, len(landed[saga]) + 2))
        last = max(landed[saga])
        kept = [Stand(*json.loads(row)) for row in await rows(stores.mine, saga)]
        assert kept == [each for each in sorted(landed[saga]) if each.round == last.round]
        assert last.round > 10
