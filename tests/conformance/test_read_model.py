"""``ReadModel``: one saga, lists in pages, histories."""

from coordinator.runtime.ports import ReadModel, SagaStore
from tests.conformance.writes import PARKED, T0, completed, sleeping, start, step

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


async def test_a_saga_is_seen_as_it_was_written(store: SagaStore, read: ReadModel) -> None:
    """Every field of its row."""
    first = start("book_trip:a", data=b'{ "n": 1.0 }', change=sleeping(T0 + 7), traceparent=TRACE)
    await store.commit([first], [])
    saga = await read.saga("book_trip:a")
    assert saga is not None
    assert (saga.saga_id, saga.definition, saga.version) == ("book_trip:a", "book_trip", 1)
    assert (saga.status, saga.wake_at, saga.started_at, saga.ended_at) == ("running", T0 + 7, T0, None)
    assert (bytes(saga.input), saga.outcome, saga.parked_for) == (b'{ "n": 1.0 }', None, None)
    assert saga.traceparent == TRACE


async def test_an_unknown_saga_is_none(read: ReadModel) -> None:
    """Not an error."""
    assert await read.saga("book_trip:a") is None


async def test_a_parked_saga_says_why(store: SagaStore, read: ReadModel) -> None:
    """What has to be mended, and the problem."""
    await store.commit([start("book_trip:a", change=PARKED)], [])
    saga = await read.saga("book_trip:a")
    assert saga is not None
    assert (saga.status, saga.parked_for, bytes(saga.outcome or b"")) == ("parked", "code", PARKED.outcome)


async def test_newest_first_in_pages(store: SagaStore, read: ReadModel) -> None:
    """By time, then id, both descending, each saga once, whatever its status."""
    changes = [None, completed(), PARKED]
    keys = [(T0 + n // 4, f"book_trip:{n}") for n in range(14)]
    for n, (at, one) in enumerate(keys):
        await store.commit([start(one, at=at)], [])
        if change := changes[n % 3]:
            await store.commit([step(one, 2, change=change)], [])
    assert await pages_of(read, None, None) == sorted(keys, reverse=True)


async def test_a_list_of_one_definition(store: SagaStore, read: ReadModel) -> None:
    """In the same order, in pages."""
    keys = [(T0 + n, f"pay:{n}") for n in range(5)]
    await store.commit([start(one, definition="pay", at=at) for at, one in keys], [])
    await store.commit([start(f"book_trip:{n}", at=T0 + n) for n in range(5)], [])
    assert await pages_of(read, "pay", None) == sorted(keys, reverse=True)


async def test_a_list_of_one_status(store: SagaStore, read: ReadModel) -> None:
    """Only those that have it now."""
    await store.commit([start(f"book_trip:{n}", at=T0 + n) for n in range(6)], [])
    await store.commit([step(f"book_trip:{n}", 2, change=completed()) for n in (1, 3, 4)], [])
    assert await pages_of(read, None, "completed") == [(T0 + n, f"book_trip:{n}") for n in (4, 3, 1)]


async def test_a_list_of_one_definition_and_status(store: SagaStore, read: ReadModel) -> None:
    """Both at once."""
    await store.commit([start(f"book_trip:{n}", at=T0 + n) for n in range(4)], [])
    await store.commit([start(f"pay:{n}", definition="pay", at=T0 + n, change=completed()) for n in range(4)], [])
    await store.commit([step("book_trip:2", 2, change=completed())], [])
    assert await pages_of(read, "book_trip", "completed") == [(T0 + 2, "book_trip:2")]


async def test_a_list_of_what_nobody_has(store: SagaStore, read: ReadModel) -> None:
    """Empty, not an error."""
    await store.commit([start("book_trip:a")], [])
    assert await pages_of(read, "pay", None) == []
    assert await pages_of(read, None, "no_such_status") == []


async def test_a_history_in_pages(store: SagaStore, read: ReadModel) -> None:
    """By seq, starting behind the last one seen."""
    await store.commit([start("book_trip:a", events=b'["1"]', at=T0)], [])
    for seq in range(2, 6):
        await store.commit([step("book_trip:a", seq, events=f'["{seq}"]'.encode(), at=T0 + seq)], [])
    rows = await read.history("book_trip:a", after=1, limit=3)
    assert [(row.seq, row.at, bytes(row.events)) for row in rows] == [
        (seq, T0 + seq, f'["{seq}"]'.encode()) for seq in (2, 3, 4)
    ]
    assert [row.seq for row in await read.history("book_trip:a", after=4)] == [5]


async def test_the_history_of_nobody(read: ReadModel) -> None:
    """Empty, not an error."""
    assert await read.history("book_trip:a") == []


async def pages_of(read: ReadModel, definition: str | None, status: str | None) -> list[tuple[int, str]]:
    """The keys of a whole list, read in pages of two."""
    keys: list[tuple[int, str]] = []
    before = None
    while page := await read.sagas(definition=definition, status=status, limit=2, before=before):
        assert len(page) <= 2
        keys += [(saga.started_at, saga.saga_id) for saga in page]
        before = keys[-1]
    return keys
