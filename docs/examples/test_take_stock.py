"""Tests of a handler that takes long, as a user writes them. docs/writing-a-participant.md shows them."""

import os
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from take_stock import Archive, Shelf, archive, noted

from participants.sdk.testing import ParticipantTest, progressed

SHELF = Shelf("A", records=2_500)


@pytest.fixture
async def database() -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(os.environ["ARCHIVE_TEST_DATABASE"])  # postgresql+asyncpg://…, for tests only
    yield engine
    await engine.dispose()


async def records(connection: AsyncConnection) -> int:
    """How many are noted."""
    return await connection.scalar(select(func.count()).select_from(noted)) or 0


@pytest.fixture
def desk(participant_test: type[ParticipantTest[int]], database: AsyncEngine) -> ParticipantTest[int]:
    return participant_test(archive, database, effects=records)


async def test_it_tells_how_far_it_is(desk: ParticipantTest[int]) -> None:
    """After each thousand."""
    assert await desk.call(Archive.take_stock, SHELF) == 2_500
    assert desk.heartbeats == [{"record": 1_000}, {"record": 2_000}, {"record": 2_500}]
    assert await desk.effects() == 2_500


async def test_it_goes_on_where_it_was(desk: ParticipantTest[int]) -> None:
    """An attempt that was killed had told of two thousand."""
    await desk.answer(progressed(desk.command(Archive.take_stock, SHELF), {"record": 2_000}))
    assert desk.heartbeats == [{"record": 2_500}]


async def test_it_is_done_once_and_undone_once(desk: ParticipantTest[int]) -> None:
    """In whatever order the messages come, and wherever the process dies."""
    proof = await desk.prove(Archive.take_stock, Shelf("B", records=1_001))
    assert (proof.before, proof.done, proof.undone) == (0, 1_001, 0)
