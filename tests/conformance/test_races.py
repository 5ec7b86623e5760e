"""``commit``: of two coordinators that decide on the same step, one wins, and the other loses alone."""

import asyncio

from coordinator.runtime.ports import Confirmed, ReadModel, SagaStore
from tests.conformance.conftest import Stores
from tests.conformance.writes import T0, command, completed, sleeping, start, step


async def test_the_second_one_loses(stores: Stores) -> None:
    """A row that exists already is not written again."""
    await stores.mine.commit([start("book_trip:a", events=b'["mine"]')], [])
    assert await stores.theirs.commit([start("book_trip:a", events=b'["theirs"]')], []) == frozenset()
    loaded = await stores.mine.load(["book_trip:a"])
    assert loaded["book_trip:a"].rows in ((b'["mine"]',), ('["mine"]',))


async def test_the_loser_loses_alone(stores: Stores) -> None:
    """The other sagas of its batch are written."""
    await stores.mine.commit([start("book_trip:b")], [])
    batch = [start(f"book_trip:{one}") for one in "abc"]
    assert await stores.theirs.commit(batch, []) == {"book_trip:a", "book_trip:c"}
    assert set(await stores.mine.load(["book_trip:a", "book_trip:c"])) == {"book_trip:a", "book_trip:c"}


async def test_the_losers_commands_are_not_written(stores: Stores) -> None:
    """Otherwise both would send."""
    await stores.mine.commit([start("book_trip:a", command("book_trip:a", 1, value=b"mine"))], [])
    lost = start("book_trip:a", command("book_trip:a", 1, value=b"theirs"), command("book_trip:a", 2))
    await stores.theirs.commit([lost, start("book_trip:b", command("book_trip:b", 1))], [])
    rows = await stores.mine.outbox_of(["book_trip:a", "book_trip:b"])
    assert sorted((row.command_id, row.value) for row in rows) == [("book_trip:a:1", b"mine"), ("book_trip:b:1", b"{}")]


async def test_the_losers_row_is_not_written(stores: Stores, read: ReadModel) -> None:
    """A saga's row says what the winner decided."""
    await stores.mine.commit([start("book_trip:a")], [])
    await stores.mine.commit([step("book_trip:a", 2, change=sleeping(T0 + 1))], [])
    assert await stores.theirs.commit([step("book_trip:a", 2, change=completed())], []) == frozenset()
    saga = await read.saga("book_trip:a")
    assert saga is not None
    assert (saga.status, saga.wake_at) == ("running", T0 + 1)


async def test_a_saga_is_started_once(stores: Stores, read: ReadModel) -> None:
    """The second start changes nothing, not even the input."""
    await stores.mine.commit([start("book_trip:a", data=b'{"n":1}')], [])
    assert await stores.theirs.commit([start("book_trip:a", data=b'{"n":2}', at=T0 + 9)], []) == frozenset()
    saga = await read.saga("book_trip:a")
    assert saga is not None
    assert (bytes(saga.input), saga.started_at) == (b'{"n":1}', T0)


async def test_the_losers_confirmations_count(stores: Stores) -> None:
    """What Kafka has acknowledged is so, whoever wins."""
    await stores.mine.commit([start("book_trip:a", command("book_trip:a", 1))], [])
    await stores.theirs.commit([start("book_trip:a")], [Confirmed("book_trip:a:1", 1)])
    assert await stores.mine.outbox_of(["book_trip:a"]) == []


async def test_a_history_has_no_gaps(store: SagaStore) -> None:
    """Whoever knows rows that the log has lost (it was restored to an earlier time) loses."""
    await store.commit([start("book_trip:a")], [])
    lost = [step("book_trip:a", 3, command("book_trip:a", 1)), step("book_trip:never_started", 2)]
    assert await store.commit(lost, []) == frozenset()
    assert len((await store.load(["book_trip:a"]))["book_trip:a"].rows) == 1
    assert await store.outbox_of(["book_trip:a"]) == []


async def test_one_wins_when_both_write_at_once(stores: Stores) -> None:
    """Fifty sagas, two coordinators, at the same moment, each with its batch in another order: no deadlock, every
    saga has one winner."""
    ids = [f"book_trip:{n}" for n in range(50)]
    both = await asyncio.gather(
        stores.mine.commit([start(one, command(one, 1, value=b"mine")) for one in ids], []),
        stores.theirs.commit([start(one, command(one, 1, value=b"theirs")) for one in reversed(ids)], []),
    )
    assert both[0] | both[1] == set(ids)
    assert both[0] & both[1] == set()
    sent = {row.saga_id: row.value for row in await stores.mine.outbox_of(ids)}
    assert sent == {one: b"mine" if one in both[0] else b"theirs" for one in ids}


async def test_histories_stay_gapless_under_contention(stores: Stores) -> None:
    """Two coordinators that read, decide and write the same ten sagas as fast as they can never tear a history."""
    ids = [f"book_trip:{n}" for n in range(10)]
    await stores.mine.commit([start(one) for one in ids], [])

    async def advance(store: SagaStore, name: str) -> int:
        wins = 0
        for _ in range(20):
            loaded = await store.load(ids)
            batch = [step(one, len(loaded[one].rows) + 1, events=f'["{name}"]'.encode()) for one in ids]
            wins += len(await store.commit(batch, []))
        return wins

    wins = sum(await asyncio.gather(advance(stores.mine, "mine"), advance(stores.theirs, "theirs")))
    loaded = await stores.mine.load(ids)
    assert sum(len(saga.rows) for saga in loaded.values()) == len(ids) + wins
