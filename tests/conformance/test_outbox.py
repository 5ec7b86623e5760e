"""The outbox: kept until confirmed, found again after a crash."""

import pytest

from contracts.headers import Headers
from coordinator.runtime.ports import Confirmed, OutboxRow, SagaStore
from tests.conformance.writes import T0, command, start, step


async def test_a_row_comes_back_as_it_was(store: SagaStore) -> None:
    """Headers in order, with repeated names and any bytes; the value untouched."""
    headers = (("ce_id", b"book_trip:a:1"), ("x", b""), ("x", bytes(range(256))), ("ünï", "☃".encode()))
    row = OutboxRow("book_trip:a:1", 3, "book_trip:a", "amends.commands.flights", headers, b"\x00\xff{}")
    await store.commit([start("book_trip:a", row)], [])
    assert await store.outbox_of(["book_trip:a"]) == [row]


@pytest.mark.parametrize(
    ("headers", "partition"),
    [
        ((("ce_replypartition", b"5"), ("traceparent", b"00")), 5),
        ((("ce_id", b"1"),), None),
        ((("ce_replypartition", b"5"), ("ce_child", b"hotel:1")), None),
        ((("ce_replypartition", b"5"), ("ce_parent", b"tour:1")), 5),
    ],
    ids=["a command", "one whose key leads there", "a call", "an answer"],
)
async def test_a_row_that_comes_back_goes_where_it_was_to_go(
    store: SagaStore, headers: Headers, partition: int | None
) -> None:
    """The table has no column for it: the headers say it, and a call has the key of the saga that is called."""
    row = OutboxRow("book_trip:a:1", 1, "book_trip:a", "amends.commands.flights", tuple(headers), b"{}", partition)
    await store.commit([start("book_trip:a", row)], [])
    [back] = await store.outbox_of(["book_trip:a"])
    [left] = await store.leftovers(T0 + 10, T0 + 20, 10)
    assert (back, left) == (row, row)


async def test_a_confirmed_row_is_deleted(store: SagaStore) -> None:
    """With the next batch; the others stay."""
    rows = [command("book_trip:a", number) for number in (1, 2)]
    await store.commit([start("book_trip:a", *rows)], [])
    await store.commit([step("book_trip:a", 2)], [Confirmed("book_trip:a:1", 1)])
    assert await store.outbox_of(["book_trip:a"]) == [rows[1]]


async def test_confirmations_need_no_writes(store: SagaStore) -> None:
    """An idle coordinator confirms, too."""
    await store.commit([start("book_trip:a", command("book_trip:a", 1))], [])
    assert await store.commit([], [Confirmed("book_trip:a:1", 1)]) == frozenset()
    assert await store.outbox_of(["book_trip:a"]) == []


@pytest.mark.parametrize("confirmed", [1, 3])
async def test_another_attempt_is_not_deleted(store: SagaStore, confirmed: int) -> None:
    """Kafka has the first attempt; the second is still to be sent."""
    await store.commit([start("book_trip:a", command("book_trip:a", 1, attempt=2))], [])
    await store.commit([], [Confirmed("book_trip:a:1", confirmed)])
    assert [row.attempt for row in await store.outbox_of(["book_trip:a"])] == [2]


async def test_confirmations_of_unknown_rows_are_fine(store: SagaStore) -> None:
    """A second relay has deleted it already."""
    await store.commit([start("book_trip:a")], [Confirmed("book_trip:z:1", 1), Confirmed("book_trip:z:1", 1)])
    assert set(await store.load(["book_trip:a"])) == {"book_trip:a"}


async def test_a_newer_attempt_replaces_the_older(store: SagaStore) -> None:
    """One row for each command."""
    await store.commit([start("book_trip:a", command("book_trip:a", 1, value=b"1"), at=T0)], [])
    newer = command("book_trip:a", 1, attempt=2, value=b"2")
    await store.commit([step("book_trip:a", 2, newer, at=T0 + 10)], [])
    assert await store.outbox_of(["book_trip:a"]) == [newer]
    assert await store.leftovers(T0 + 10, T0 + 20, 10) == []


async def test_a_newer_attempt_survives_the_confirmation_of_the_older(store: SagaStore) -> None:
    """Both in one batch: the older attempt is known to Kafka, the newer one must be sent."""
    await store.commit([start("book_trip:a", command("book_trip:a", 1))], [])
    newer = command("book_trip:a", 1, attempt=2)
    await store.commit([step("book_trip:a", 2, newer)], [Confirmed("book_trip:a:1", 1)])
    assert await store.outbox_of(["book_trip:a"]) == [newer]


async def test_the_losers_newer_attempt_does_not_save_the_confirmed_one(store: SagaStore) -> None:
    """Its row is not written, so the confirmed one goes."""
    await store.commit([start("book_trip:a", command("book_trip:a", 1))], [])
    lost = start("book_trip:a", command("book_trip:a", 1, attempt=2))
    await store.commit([lost], [Confirmed("book_trip:a:1", 1)])
    assert await store.outbox_of(["book_trip:a"]) == []


async def test_the_last_of_two_attempts_in_one_write_stands(store: SagaStore) -> None:
    """An activation that took in a failure and its retry decided on both."""
    rows = [command("book_trip:a", 1, attempt=attempt) for attempt in (1, 2)]
    await store.commit([start("book_trip:a", *rows)], [])
    assert await store.outbox_of(["book_trip:a"]) == [rows[1]]


async def test_outbox_of_tells_sagas_apart(store: SagaStore) -> None:
    """By the saga, not by how its id begins: keys may hold a ':', and one may be the beginning of another."""
    ids = ["book_trip:a", "book_trip:a:1", "book_trip:a;", "book_trip:a:", "book_trip:ab", "book_trip:A"]
    await store.commit([start(one, command(one, 1), command(one, 12)) for one in ids], [])
    for one in ids:
        assert sorted(row.command_id for row in await store.outbox_of([one])) == [f"{one}:1", f"{one}:12"]


async def test_outbox_of_finds_undos(store: SagaStore) -> None:
    """An undo's id is the command's with a suffix."""
    undo = OutboxRow("book_trip:a:1:undo", 1, "book_trip:a", "amends.commands.flights", (), b"{}")
    await store.commit([start("book_trip:a", undo)], [])
    assert await store.outbox_of(["book_trip:a", "book_trip:b"]) == [undo]


async def test_leftovers_are_older_or_from_the_future(store: SagaStore) -> None:
    """What was written before the one time or after the other, and nothing else: rows in between are on their way."""
    for age in range(5):
        saga = f"book_trip:{age}"
        await store.commit([start(saga, command(saga, 1), at=T0 + age)], [])
    assert [row.saga_id for row in await store.leftovers(T0 + 1, T0 + 3, 10)] == ["book_trip:0", "book_trip:4"]


async def test_leftovers_come_in_pages(store: SagaStore) -> None:
    """In order of command id, byte by byte, each once."""
    ids = ["book_trip:Z", "book_trip:a", "book_trip:é", "book_trip:𝄞", "book_trip:\uffee"]
    await store.commit([start(one, command(one, 1)) for one in ids], [])
    pages: list[str] = []
    while page := await store.leftovers(T0 + 1, T0 + 2, 2, pages[-1] if pages else ""):
        pages += [row.command_id for row in page]
    assert pages == sorted(f"{one}:1" for one in ids)
