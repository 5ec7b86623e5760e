"""A barrier with a bug: handlers that are right behind a good one are found to do things twice behind this one."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from participants.sdk import batch
from participants.sdk.entry import NOTHING_TO_UNDO, Entry
from participants.sdk.testing import ParticipantTest, Unproved
from tests.integration.testing.till import Coins, Till, in_the_till, till

DECIDE = Entry.decide


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """A database of this test's own, empty."""
    engine = create_async_engine(database_url.replace("postgresql://", "postgresql+asyncpg://"))
    yield engine
    await engine.dispose()


def forgets_what_was_done(entry: Entry, direction: Any) -> Any:
    """A duplicate calls the handler again."""
    return None if direction == "forward" and not entry.tombstone else DECIDE(entry, direction)


def leaves_no_tombstone(entry: Entry, direction: Any) -> Any:
    """An undo that comes first is forgotten."""
    return NOTHING_TO_UNDO if direction == "undo" and entry.forward is None else DECIDE(entry, direction)


def does_late_commands(entry: Entry, direction: Any) -> Any:
    """A command that was undone is done again."""
    return None if direction == "forward" and (entry.undone or entry.tombstone) else DECIDE(entry, direction)


@pytest.mark.parametrize(
    ("decide", "order"),
    [
        (forgets_what_was_done, "the command twice\n"),
        (leaves_no_tombstone, "the undo first, then the command\n"),
        (does_late_commands, "the command, its undo, the command again\n"),
    ],
)
async def test_a_rule_that_is_broken(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch, decide: Callable[[Entry, Any], Any], order: str
) -> None:
    """The order that needs it ends wrong."""
    monkeypatch.setattr(Entry, "decide", decide)
    with pytest.raises(Unproved) as caught:
        await ParticipantTest(till(), engine, effects=in_the_till).prove(Till.take, Coins("Ada", 100))
    assert order in str(caught.value)


async def test_answers_that_are_not_kept(engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is remembered after the transaction."""

    async def keep(*_: Any) -> None:
        return None

    monkeypatch.setattr(batch, "keep", keep)
    with pytest.raises(Unproved, match=r"The undo of till\.take changes nothing"):
        await ParticipantTest(till(), engine, effects=in_the_till).prove(Till.take, Coins("Ada", 100))
