"""What a handler that takes long may have done, or may still be doing, in odd moments."""

import asyncio

import msgspec
import pytest
from sqlalchemy import text

from contracts import Failed, Refused
from contracts.answers import Failure, Success
from contracts.failures import Problem
from participants.sdk import long_handlers
from participants.sdk.long_rows import Begun, LongRows
from tests.integration.participants.archives import New, ended
from tests.unit.participants.archive import unwalk, walk


@pytest.mark.parametrize("killed", [False, True])
async def test_a_no_after_an_earlier_attempt_has_committed(new: New, killed: bool) -> None:
    """Though it never told how far it was: the no would be kept, and what was done would never be undone."""
    one, two = new("one"), new("two")
    one.hand.tells = False
    first = one.take(walk())
    one.lets()
    async with asyncio.timeout(10):
        while not await one.rows():  # noqa: ASYNC110 (the fact is in the database)
            await asyncio.sleep(0.01)
    if killed:
        await one.dies()
    else:
        one.hand.raises = {1: Failed("broken")}
        one.lets()
        await ended(first)
    two.hand.raises = {0: Refused("closed")}
    two.lets()
    await ended(two.take(walk(attempt=2)))
    assert two.replies == ["2 failed closed"]
    await ended(two.take(unwalk()))
    assert (two.hand.undone, await two.rows()) == ([None], [])


async def test_a_no_after_an_attempt_that_did_nothing(new: New) -> None:
    """It is a no: there is nothing to undo."""
    one = new("one")
    one.hand.raises = {0: Failed("broken")}
    one.lets()
    await ended(one.take(walk()))
    one.hand.raises = {0: Refused("closed")}
    one.lets()
    await ended(one.take(walk(attempt=2)))
    await ended(one.take(unwalk()))
    assert one.replies == ["1 failed broken", "2 refused closed", "undo 1 succeeded null"]
    assert one.hand.undone == []


async def test_no_undo_beside_a_handler_that_does_not_end(new: New, monkeypatch: pytest.MonkeyPatch) -> None:
    """However often it is tried; and its locks are left to nobody."""
    monkeypatch.setattr(long_handlers, "UNDO_WAIT_S", 0.1)
    one, two = new("one"), new("two")
    one.hand.hangs = True
    first = await one.walks()
    for attempt in (1, 2, 3):
        await ended(one.take(unwalk(attempt=attempt)))
        assert (one.replies[-1], one.hand.undone) == (f"undo {attempt} failed still_running", [])
    one.hand.go.set()
    await ended(first, one.take(unwalk(attempt=4)))
    assert one.replies[-1] == "undo 4 succeeded null"
    await ended(two.take(unwalk(attempt=5)))
    assert (two.replies, await two.rows()) == (["undo 5 succeeded null"], [])


async def test_the_undo_of_what_waits_finds_nothing_to_undo(new: New) -> None:
    """It was never begun: the undo does not wait for a place, and its handler is not called."""
    one = new("one", places=1)
    first = await one.walks()
    await ended(one.take(walk(step=2)), one.take(unwalk(step=2)))
    assert (one.replies[1:], one.hand.undone) == (["undo 1 succeeded null"], [])
    one.lets(2)
    await ended(first, one.take(walk(step=2, attempt=2)))
    assert (one.replies[-1], one.hand.lasts) == ("2 refused undone_before", [None])


async def test_the_server_ends_the_connection_of_the_locks(new: New) -> None:
    """Whoever asks next has another one; of two that are at a command then, one commits."""
    one, two = new("one"), new("two")
    first = await one.walks()
    async with two.engine.connect() as connection:
        await connection.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND database IS NOT NULL")
        )
    one.lets()
    await one.says("1 progress 2")
    second = two.take(walk(attempt=2))
    two.lets()
    await two.says("2 succeeded 3")
    await ended(one.take(walk(0, step=2)))
    one.lets()
    await ended(first, second)
    assert one.replies == ["1 progress 1", "1 progress 2", "1 succeeded 0"]
    assert await one.rows() == [(0, "one"), (1, "one"), (2, "two")]


async def test_a_machine_that_is_gone_is_noticed(new: New) -> None:
    """Its locks would be held for two hours, and every attempt would wait for whoever is at the command."""
    one = new("one")
    first = await one.walks()
    assert one.room._locks is not None
    connection = one.room._locks._connection
    assert connection is not None
    asked = "SELECT current_setting('tcp_keepalives_idle'), inet_client_addr() IS NULL"
    idle, by_socket = (await connection.execute(text(asked))).one()
    assert idle == ("0" if by_socket else "10")
    one.lets(2)
    await ended(first)


@pytest.mark.parametrize("answer", [Success(msgspec.Raw(b"3")), Failure(Problem("broken", retryable=True))])
async def test_the_database_is_lost_while_it_commits(new: New, answer: Success | Failure) -> None:
    """Nobody knows whether it has, so it is told once more: what is kept already is answered all the same."""
    rows, id = LongRows(new("one").engine), "inventory:7:1"
    for _ in range(2):
        assert await rows.begin(id, "a run", 1) == Begun("a run", 1)
    assert await rows.join(id, "another run", 2) is not None
    for _ in range(2):
        assert await rows.end(id, "a run", answer, changed=False) in (0, 2)
    assert await rows.end(id, "a run", Success(msgspec.Raw(b"4")), changed=False) is None
