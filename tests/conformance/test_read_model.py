"""``ReadModel``: one saga, lists in pages, histories."""

import json

from msgspec.structs import replace

from contracts.attributes import Attributes
from coordinator.runtime.ports import ReadModel, SagaPage, SagaStore, ShownInRow
from tests.conformance.conftest import Stores
from tests.conformance.writes import PARKED, RUNNING, T0, completed, sleeping, start, step

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


SHOWN = ShownInRow("waiting", b'{"a": 1, "b": "x", "c": true}')


async def test_what_a_saga_shows(store: SagaStore, read: ReadModel) -> None:
    """From its start on, or later; it stays while nothing else is shown, and can be taken away."""
    showing, silent = replace(RUNNING, shown=SHOWN), replace(RUNNING, shown=ShownInRow(None, None))
    await store.commit([start("book_trip:a", change=showing), start("book_trip:b"), start("book_trip:c")], [])
    assert await shown_by(read) == [("waiting", {"a": 1, "b": "x", "c": True}), (None, None), (None, None)]
    await store.commit([step("book_trip:a", 2, change=sleeping(T0)), step("book_trip:b", 2, change=showing)], [])
    assert [line for line, _ in await shown_by(read)] == ["waiting", "waiting", None]
    await store.commit([step("book_trip:b", 3, change=silent), step("book_trip:c", 2, change=completed())], [])
    assert await shown_by(read) == [("waiting", {"a": 1, "b": "x", "c": True}), (None, None), (None, None)]
    views = [await read.saga(f"book_trip:{key}") for key in "abc"]
    assert [view.status for view in views if view] == ["running", "running", "completed"]


async def test_who_loses_shows_nothing(stores: Stores) -> None:
    """It goes with the row of the history."""
    showing = replace(RUNNING, shown=SHOWN)
    await stores.mine.commit([start("book_trip:a")], [])
    assert await stores.mine.commit([step("book_trip:a", 2)], []) == {"book_trip:a"}
    assert await stores.theirs.commit([step("book_trip:a", 2, change=showing)], []) == frozenset()
    view = await stores.read.saga("book_trip:a")
    assert view is not None
    assert view.status_line is None


async def test_a_list_of_those_with_an_attribute(store: SagaStore, read: ReadModel) -> None:
    """All of one object; a number by its value, and not a truth value or text that looks the same."""
    owns: list[bytes | None] = [
        b'{"n": 1}',
        b'{"n": 1.0, "m": "x"}',
        b'{"n": true}',
        b'{"n": "1"}',
        None,
        b'{"m": "x"}',
    ]
    for number, own in enumerate(owns):
        change = RUNNING if own is None else replace(RUNNING, shown=ShownInRow(None, own))
        await store.commit([start(f"book_trip:{number}", change=change, at=T0 + number)], [])
    await store.commit([step("book_trip:0", 2, change=completed())], [])
    assert await found_by(read, {"n": 1}) == [1, 0]
    assert await found_by(read, {"n": 1}, {"n": "1"}) == [3, 1, 0]
    assert await found_by(read, {"n": 1, "m": "x"}) == [1]
    assert await found_by(read, {"n": True}) == [2]
    assert await found_by(read, {"n": 2}) == []
    assert await found_by(read, {"m": "x"}, definition="pay") == []
    assert await found_by(read, {"n": 1}, definition="book_trip", status="completed") == [0]
    assert await found_by(read, {"n": 1}, before=(T0 + 1, "book_trip:1")) == [0]
    assert await found_by(read, {"n": 1}, limit=1) == [1]


async def shown_by(read: ReadModel) -> list[tuple[str | None, object]]:
    views = [await read.saga(f"book_trip:{key}") for key in "abc"]
    return [
        (view.status_line, None if view.attributes is None else json.loads(bytes(view.attributes)))
        for view in views
        if view is not None
    ]


async def found_by(
    read: ReadModel,
    *wanted: Attributes,
    definition: str | None = None,
    status: str | None = None,
    limit: int = 10,
    before: tuple[int, str] | None = None,
) -> list[int]:
    found = await read.sagas(
        SagaPage(definition=definition, status=status, limit=limit, before=before, attributes=wanted)
    )
    return [int(view.saga_id.rpartition(":")[2]) for view in found]


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
    while page := await read.sagas(SagaPage(definition=definition, status=status, limit=2, before=before)):
        assert len(page) <= 2
        keys += [(saga.started_at, saga.saga_id) for saga in page]
        before = keys[-1]
    return keys
