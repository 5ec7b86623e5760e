"""``commit`` and ``load``: what is written is read, all of it, in order."""

import asyncio

import pytest

from coordinator.runtime.ports import Confirmed, ReadModel, SagaStore
from tests.conformance.writes import T0, command, completed, sleeping, start, step


async def test_a_started_saga_is_loaded(store: SagaStore) -> None:
    """A saga's first row makes it exist."""
    assert await store.commit([start("book_trip:a", events=b'[{"n":1}]')], []) == {"book_trip:a"}
    loaded = await store.load(["book_trip:a"])
    assert [bytes_of(row) for row in loaded["book_trip:a"].rows] == [b'[{"n":1}]']


async def test_unknown_sagas_are_not_loaded(store: SagaStore) -> None:
    """Only the sagas that exist come back."""
    await store.commit([start("book_trip:a")], [])
    assert set(await store.load(["book_trip:a", "book_trip:b"])) == {"book_trip:a"}


async def test_nothing_is_loaded_for_nobody(store: SagaStore) -> None:
    """No ids, no sagas."""
    assert await store.load([]) == {}


async def test_rows_come_in_order_of_seq(store: SagaStore) -> None:
    """Histories are gapless and ordered by number, not by text: 10 comes after 9."""
    await store.commit([start("book_trip:a", events=b"[1]")], [])
    for seq in range(2, 12):
        await store.commit([step("book_trip:a", seq, events=f"[{seq}]".encode())], [])
    loaded = await store.load(["book_trip:a"])
    assert [bytes_of(row) for row in loaded["book_trip:a"].rows] == [f"[{seq}]".encode() for seq in range(1, 12)]


async def test_events_stay_as_they_were_written(store: SagaStore) -> None:
    """Not a byte of a row changes: neither spaces, order and repetition of keys, nor the way a number is spelled."""
    events = '[ {"b": 1.50, "a": 1e400, "a": "\\u0000 \\ud800 ☃ 𝄞 é"} ]'.encode()
    await store.commit([start("book_trip:a", events=events)], [])
    loaded = await store.load(["book_trip:a"])
    assert bytes_of(loaded["book_trip:a"].rows[0]) == events


async def test_wake_up_is_loaded(store: SagaStore) -> None:
    """The wake-up time comes back to the millisecond; none is None."""
    at = T0 + 123_456_789
    await store.commit([start("book_trip:a", change=sleeping(at)), start("book_trip:b")], [])
    loaded = await store.load(["book_trip:a", "book_trip:b"])
    assert (loaded["book_trip:a"].wake_at, loaded["book_trip:b"].wake_at) == (at, None)


@pytest.mark.parametrize("at", [1, 999, 1_600_000_000_001, 4_102_444_799_999, 32_503_680_000_001])
async def test_every_millisecond_is_kept(store: SagaStore, at: int) -> None:
    """Times survive, from 1970 to the year 3000."""
    await store.commit([start("book_trip:a", change=sleeping(at))], [])
    assert (await store.load(["book_trip:a"]))["book_trip:a"].wake_at == at


async def test_a_row_without_change_leaves_the_saga_alone(store: SagaStore) -> None:
    """A saga's row is written only when something of it has to change."""
    await store.commit([start("book_trip:a", change=sleeping(T0 + 5))], [])
    await store.commit([step("book_trip:a", 2)], [])
    assert (await store.load(["book_trip:a"]))["book_trip:a"].wake_at == T0 + 5


async def test_a_change_replaces_all_that_changes(store: SagaStore, read: ReadModel) -> None:
    """What a change does not set is unset."""
    await store.commit([start("book_trip:a", change=sleeping(T0 + 5))], [])
    await store.commit([step("book_trip:a", 2, change=completed(T0 + 9, b'{"result":7}'))], [])
    saga = await read.saga("book_trip:a")
    assert saga is not None
    assert (saga.status, saga.wake_at, saga.ended_at, bytes(saga.outcome or b"")) == (
        "completed",
        None,
        T0 + 9,
        b'{"result":7}',
    )


async def test_hundreds_of_sagas_in_one_batch(store: SagaStore) -> None:
    """A batch may hold starts, steps and endings of many sagas, in any order."""
    ids = [f"book_trip:{n}" for n in range(300)]
    assert await store.commit([start(one, command(one, 1)) for one in reversed(ids)], []) == set(ids)
    batch = [step(one, 2, command(one, 2), change=None if n % 3 else completed()) for n, one in enumerate(ids)]
    batch += [start(f"other:{n}", definition="other") for n in range(300)]
    confirmed = [Confirmed(f"{one}:1", 1) for one in ids]
    assert len(await store.commit(batch, confirmed)) == 600
    loaded = await store.load(ids)
    assert {len(saga.rows) for saga in loaded.values()} == {2}
    assert sorted(row.command_id for row in await store.outbox_of(ids)) == sorted(f"{one}:2" for one in ids)


async def test_an_empty_batch_is_nothing(store: SagaStore) -> None:
    """Nothing to write, nobody wins."""
    assert await store.commit([], []) == frozenset()


async def test_a_saga_twice_in_a_batch_is_refused(store: SagaStore) -> None:
    """The second write could not be told from a lost race."""
    with pytest.raises(ValueError, match="at most once"):
        await store.commit([start("book_trip:a"), step("book_trip:a", 2)], [])
    assert await store.load(["book_trip:a"]) == {}


async def test_batches_side_by_side(store: SagaStore) -> None:
    """Several batches may be in flight over disjoint sagas."""
    batches = [[start(f"book_trip:{n}-{m}") for m in range(20)] for n in range(8)]
    won = await asyncio.gather(*(store.commit(batch, []) for batch in batches))
    assert [len(ids) for ids in won] == [20] * 8


async def test_ids_of_any_script(store: SagaStore) -> None:
    """Ids keep their characters, and are told apart by them: é is not e with an accent behind it."""
    ids = ["book_trip:é", "book_trip:e\u0301", "book_trip:日本", "book_trip:𝄞", "book_trip:a:1", "book_trip:'\"$1"]
    assert await store.commit([start(one, command(one, 1)) for one in ids], []) == set(ids)
    assert set(await store.load(ids)) == set(ids)
    assert {row.saga_id for row in await store.outbox_of(ids)} == set(ids)


async def test_ping_answers(store: SagaStore) -> None:
    """Whoever can be written to says so."""
    await store.ping()


def bytes_of(row: str | bytes) -> bytes:
    """A row, whichever way the store hands it out."""
    return row.encode() if isinstance(row, str) else row
