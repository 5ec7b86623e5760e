"""``commit``: a value that no database takes is a ValueError, and nothing of the batch took effect."""

import pytest

from coordinator.runtime.ports import Confirmed, SagaRowChange, SagaStore, SagaWrite
from tests.conformance.writes import T0, command, sleeping, start, step

BAD = {
    "a NUL in an id": start("book_trip:\0"),
    "a lone surrogate in an id": start("book_trip:\ud800"),
    "events that are no JSON": start("book_trip:bad", events=b"[1"),
    "events that are no UTF-8": start("book_trip:bad", events=b'["\xff"]'),
    "input that is no JSON": start("book_trip:bad", data=b"{"),
    "an outcome that is no JSON": start("book_trip:bad", change=SagaRowChange("completed", None, b"", None, T0)),
    "an unknown status": start("book_trip:bad", change=SagaRowChange("lost", None, None, None, None)),
    "ended without a time": start("book_trip:bad", change=SagaRowChange("completed", None, None, None, None)),
    "a time of ending while running": start("book_trip:bad", change=SagaRowChange("running", None, None, None, T0)),
    "parked for nothing": start("book_trip:bad", change=SagaRowChange("parked", None, None, None, None)),
    "a reason to park while running": start("book_trip:bad", change=SagaRowChange("running", None, None, "code", None)),
    "a wake-up after the end": start("book_trip:bad", change=SagaRowChange("failed", T0, None, None, T0)),
    "a start without a row": SagaWrite("book_trip:bad", 1, b"[]", T0, start("x").start, None, ()),
    "a seq of 0": step("book_trip:bad", 0),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
async def test_nothing_takes_effect(store: SagaStore, bad: SagaWrite) -> None:
    """The good ones of the batch are not written either, and no row is deleted: the caller tries them one by one."""
    await store.commit([start("book_trip:old", command("book_trip:old", 1), change=sleeping(T0))], [])
    with pytest.raises(ValueError, match=r".+"):
        await store.commit([start("book_trip:good"), bad], [Confirmed("book_trip:old:1", 1)])
    assert set(await store.load(["book_trip:good", "book_trip:old"])) == {"book_trip:old"}
    assert len(await store.outbox_of(["book_trip:old"])) == 1


async def test_the_good_ones_go_alone(store: SagaStore) -> None:
    """After a refusal the store works as before."""
    with pytest.raises(ValueError, match=r".+"):
        await store.commit([start("book_trip:good"), BAD["events that are no JSON"]], [])
    assert await store.commit([start("book_trip:good")], []) == {"book_trip:good"}
