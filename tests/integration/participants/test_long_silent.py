"""A process that is silent, since it is frozen, cut off or hangs, does not keep its commands."""

import asyncio

import msgspec
import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.values import NULL
from participants.sdk import command_locks, long_handlers, long_rows, long_watch
from participants.sdk.long_rows import Begun, LongRows
from tests.integration.participants.archives import New, Process, ended
from tests.unit.participants.archive import row_walked, unwalk, walk

_LOCKS = text(
    "SELECT state_change::text FROM pg_locks JOIN pg_stat_activity USING (pid) "
    "WHERE locktype = 'advisory' AND datname = current_database()"
)


async def _locked(engine: AsyncEngine) -> list[str]:
    """When those that hold locks have last been heard of."""
    async with engine.connect() as connection:
        return [*(await connection.execute(_LOCKS)).scalars()]


async def _details(engine: AsyncEngine) -> list[str]:
    """What heartbeats have told, as it is kept."""
    async with engine.connect() as connection:
        found = await connection.execute(text("SELECT forward_value::json ->> 'details' FROM amends_barrier"))
        return [*found.scalars()]


async def _freezes(one: Process, two: Process) -> None:
    """It was at its command, and for so long that the server has closed the connection of its locks."""
    async with asyncio.timeout(20):
        while await _locked(two.engine):  # noqa: ASYNC110 (the fact is in the database)
            await asyncio.sleep(0.01)
    assert one.hand.ends == []


async def _looks(two: Process) -> None:
    """Whoever holds locks says that it lives."""
    before = await _locked(two.engine)
    assert before
    async with asyncio.timeout(20):
        while await _locked(two.engine) == before:  # noqa: ASYNC110 (the fact is in the database)
            await asyncio.sleep(0.01)


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """No process tells that it lives: it might be frozen."""
    monkeypatch.setattr(command_locks, "SILENT_S", 0.2)
    monkeypatch.setattr(long_watch, "LOOK_S", 3_600.0)


@pytest.fixture
def watchful(monkeypatch: pytest.MonkeyPatch) -> None:
    """They look very often whose their commands are."""
    monkeypatch.setattr(long_watch, "LOOK_S", 0.02)


@pytest.mark.usefixtures("silent")
async def test_another_goes_on_for_a_frozen_process(new: New) -> None:
    """From the last heartbeat. Woken, the first commits nothing, and nothing is heard of it."""
    one, two = new("one"), new("two")
    first = await one.walks()
    await _freezes(one, two)
    second = two.take(walk(attempt=2))
    two.lets()
    await two.says("2 progress 2")
    one.lets(2)
    await ended(first)
    two.lets()
    await ended(second)
    assert (one.hand.ends, one.replies) == (["Stopped"], ["1 progress 1"])
    assert (two.hand.lasts, two.replies[-1]) == ([1], "2 succeeded 3")
    assert await two.rows() == [(0, "one"), (1, "two"), (2, "two")]


@pytest.mark.usefixtures("silent")
async def test_another_undoes_for_a_frozen_process(new: New) -> None:
    """The undo waits until it is clear that nobody is at it."""
    one, two = new("one"), new("two")
    first = await one.walks()
    await ended(two.take(unwalk()))
    assert (two.replies, two.hand.undone) == (["undo 1 succeeded null"], [None])
    one.lets(2)
    await ended(first)
    assert (one.hand.ends, one.replies, await two.rows()) == (["Stopped"], ["1 progress 1"], [])


@pytest.mark.usefixtures("watchful")
async def test_one_that_is_silent_for_two_attempts_is_followed(new: New) -> None:
    """Its process lives and holds the lock. The first attempt joins it, with the second another process has the
    command; its handler is told to end where it waits."""
    one, two = new("one"), new("two")
    first = await one.walks()
    await ended(two.take(walk(attempt=2)))
    second = two.take(walk(attempt=3))
    await ended(first)
    two.lets(2)
    await ended(second)
    assert (one.hand.ends, one.replies) == (["CancelledError"], ["1 progress 1"])
    assert (two.hand.lasts, two.replies) == ([1], ["3 progress 2", "3 progress 3", "3 succeeded 3"])


@pytest.mark.usefixtures("watchful")
async def test_one_that_cannot_reach_kafka_is_followed(new: New) -> None:
    """It waits in its heartbeat. What that told is kept, and the next goes on from it."""
    one, two = new("one"), new("two")
    first = await one.walks()
    one.heard.clear()
    one.lets()
    async with asyncio.timeout(20):
        while "2" not in await _details(two.engine):  # noqa: ASYNC110 (the fact is in the database)
            await asyncio.sleep(0.01)
    await ended(two.take(walk(attempt=2)))
    second = two.take(walk(attempt=3))
    await ended(first)
    two.lets()
    await ended(second)
    assert (two.hand.lasts, two.replies) == ([2], ["3 progress 3", "3 succeeded 3"])
    assert await two.rows() == [(0, "one"), (1, "one"), (2, "two")]


async def test_one_that_was_heard_of_is_joined_again(new: New) -> None:
    """Each attempt finds that something came since the one before."""
    one, two = new("one"), new("two")
    first = await one.walks()
    for attempt in (2, 3):
        await ended(two.take(walk(attempt=attempt)))
        one.lets()
        await one.says(f"{attempt} progress {attempt}")
    await ended(first)
    assert (one.replies[-1], two.hand.lasts, two.replies) == ("3 succeeded 3", [], [])


async def test_a_heartbeat_without_details_is_heard_too(new: New) -> None:
    """And takes back nothing."""
    rows, id = LongRows(new("one").engine), "inventory:7:1"
    told = msgspec.Raw(b"7")
    await rows.begin(id, "a run", 1)
    await rows.beat(id, "a run", told)
    for attempt in (2, 3):
        assert await rows.join(id, "another", attempt) == Begun("a run", attempt, told, joined=True)
        assert await rows.beat(id, "a run", NULL) == attempt
    await rows.join(id, "another", 4)
    assert await rows.join(id, "another", 4) == Begun("a run", 4, told, joined=True), "the same attempt, again"
    assert await rows.join(id, "another", 5) == Begun("another", 5, told, changed=True)
    assert await rows.beat(id, "a run", NULL) is None
    assert await rows.join(id, "another", 6) == Begun("another", 6, told, changed=True)


async def test_a_frozen_transaction_does_not_keep_its_row(new: New, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server ends it; whoever waits for the row goes on, and what was written there is not committed."""
    monkeypatch.setattr(long_rows, "TRANSACTION_IDLE_S", 0.2)
    rows, id = LongRows(new("one").engine), "inventory:7:1"
    await rows.begin(id, "a run", 1)

    async def frozen() -> None:
        async with rows.transaction(id, "a run") as session:
            assert session is not None
            await session.execute(insert(row_walked).values(command_id=id, row=0, process="one"))
            assert await rows.begin(id, "another", 2) == Begun("another", 2, changed=True)

    with pytest.raises(SQLAlchemyError):
        await frozen()
    assert await new("two").rows() == []


async def test_a_frozen_heartbeat_does_not_keep_its_row(new: New, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does whatever else the SDK does with the row."""
    monkeypatch.setattr(long_rows, "TRANSACTION_IDLE_S", 0.2)
    rows, id = LongRows(new("one").engine), "inventory:7:1"

    async def frozen() -> None:
        async with rows._row(id):
            assert await rows.begin(id, "another", 2) == Begun("another", 2)

    with pytest.raises(SQLAlchemyError):
        await frozen()


@pytest.mark.usefixtures("watchful")
async def test_an_undo_elsewhere_stops_a_handler_where_it_waits(new: New) -> None:
    """It need not come to its next heartbeat."""
    one, two = new("one"), new("two")
    first = await one.walks()
    await ended(first, two.take(unwalk()))
    assert (one.hand.ends, two.replies) == (["CancelledError"], ["undo 1 succeeded null"])


@pytest.mark.usefixtures("watchful")
async def test_a_process_that_lives_says_so(new: New) -> None:
    """However long its handler takes."""
    one, two = new("one"), new("two")
    first = await one.walks()
    await _looks(two)
    one.lets(2)
    await ended(first)
    assert one.replies[-1] == "1 succeeded 3"


@pytest.mark.usefixtures("watchful")
async def test_a_handler_is_told_to_end_once(new: New, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it does before it ends is not broken off."""
    monkeypatch.setattr(long_handlers, "UNDO_WAIT_S", 0.2)
    one, two = new("one"), new("two")
    one.hand.hangs = True
    first = await one.walks()
    await ended(two.take(unwalk()))
    assert two.replies == ["undo 1 failed still_running"]
    for _ in range(3):
        await _looks(two)
    assert one.hand.told_to_end == 1
    one.hand.go.set()
    await ended(first, two.take(unwalk(attempt=2)))
    assert two.replies[1:] == ["undo 2 succeeded null"]


async def test_who_holds_no_locks_may_be_silent(new: New) -> None:
    """Their connection goes back to the pool as it was."""
    one = new("one")
    one.lets(3)
    await ended(one.take(walk()))
    async with one.engine.connect() as some, one.engine.connect() as other:
        for connection in (some, other):
            assert (await connection.scalar(text("SHOW idle_session_timeout"))) == "0"
