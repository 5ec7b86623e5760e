"""What recovery and timers look for: found in order, in pages, and only what is due."""

from coordinator.runtime.ports import Due, OutboxRow, SagaRowChange, SagaStore
from tests.conformance.writes import PARKED, RUNNING, SHARD, T0, command, completed, sleeping, start, step


async def test_due_is_due(store: SagaStore) -> None:
    """Up to and including the time asked for."""
    await store.commit([start(f"book_trip:{n}", change=sleeping(T0 + n)) for n in range(3)], [])
    await store.commit([start("book_trip:never")], [])
    assert await store.due(T0 + 1, 10) == [(T0, "book_trip:0", SHARD), (T0 + 1, "book_trip:1", SHARD)]


async def test_due_comes_in_pages(store: SagaStore) -> None:
    """In order of time, then id, each once, also where many share a time."""
    sagas = [(T0 + n // 3, f"book_trip:{n}", SHARD) for n in range(10)]
    await store.commit([start(one, change=sleeping(at)) for at, one, _ in reversed(sagas)], [])
    pages: list[Due] = []
    while page := await store.due(T0 + 99, 2, pages[-1][:2] if pages else None):
        assert len(page) <= 2
        pages += page
    assert pages == sorted(sagas)


async def test_a_saga_that_ended_is_never_due(store: SagaStore) -> None:
    """Its wake-up went with it."""
    await store.commit([start("book_trip:a", change=sleeping(T0))], [])
    await store.commit([step("book_trip:a", 2, change=completed())], [])
    assert await store.due(T0 + 1, 10) == []


async def test_due_with_a_changed_time(store: SagaStore) -> None:
    """Only the last one counts."""
    await store.commit([start("book_trip:a", change=sleeping(T0))], [])
    await store.commit([step("book_trip:a", 2, change=sleeping(T0 + 50))], [])
    assert await store.due(T0 + 49, 10) == []
    assert await store.due(T0 + 50, 10) == [(T0 + 50, "book_trip:a", SHARD)]


async def test_parked_for_code_are_just_those(store: SagaStore) -> None:
    """Sagas parked for another reason wait for a person, not for a deployment."""
    undo = SagaRowChange("parked", None, b"{}", "undo", None)
    await store.commit([start("book_trip:a", change=PARKED), start("book_trip:b", change=undo)], [])
    await store.commit([start("book_trip:c"), start("book_trip:d", change=PARKED)], [])
    assert await store.parked_for_code(10) == [("book_trip:a", SHARD), ("book_trip:d", SHARD)]
    assert await store.parked_for_code(1) == [("book_trip:a", SHARD)]
    assert await store.parked_for_code(10, "book_trip:a") == [("book_trip:d", SHARD)]


async def test_a_resumed_saga_is_no_longer_parked(store: SagaStore) -> None:
    """No deployment has to look at it again."""
    await store.commit([start("book_trip:a", change=PARKED)], [])
    await store.commit([step("book_trip:a", 2, change=RUNNING)], [])
    assert await store.parked_for_code(10) == []


async def test_local_rows_are_just_those(store: SagaStore) -> None:
    """Whatever their age, in order of their ids, page by page; those for Kafka are left out."""
    local = [
        OutboxRow(f"book_trip:{key}:1", 1, f"book_trip:{key}", "local:rates", (("amends-shard", b"17"),), b"{}")
        for key in "ab"
    ]
    await store.commit([start("book_trip:b", local[1], command("book_trip:b", 2), at=T0 + 60_000)], [])
    await store.commit([start("book_trip:a", local[0], at=T0)], [])
    assert await store.local_rows(10) == local
    assert await store.local_rows(1) == local[:1]
    assert await store.local_rows(10, local[0].command_id) == local[1:]
