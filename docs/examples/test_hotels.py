"""Tests of the demo's hotels, as a user writes them. docs/testing-a-saga.md shows them."""

import os
from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from contracts import Refused
from contracts.travel import Hotels
from contracts.travel.hotels import ReserveHotel
from participants.hotels import hotels, ledger
from participants.ledger import Ledger
from participants.sdk.testing import ParticipantTest, undo_message

STAY = ReserveHotel("Ada", "Lisbon", nights=2, price=18_000)


@pytest.fixture
async def database() -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(os.environ["HOTELS_TEST_DATABASE"])  # postgresql+asyncpg://…, for tests only
    yield engine
    await engine.dispose()


@pytest.fixture
def desk(participant_test: type[ParticipantTest[Ledger]], database: AsyncEngine) -> ParticipantTest[Ledger]:
    return participant_test(hotels, database, effects=ledger)


async def test_a_room_is_held_once_and_given_back_once(desk: ParticipantTest[Ledger]) -> None:
    """In whatever order the messages come."""
    proof = await desk.prove(Hotels.reserve, STAY)
    assert (proof.before.held, proof.done.held, proof.undone.held) == (0, 1, 0)
    assert proof.undone.doubled == 0


async def test_a_room(desk: ParticipantTest[Ledger]) -> None:
    """Held, given back, and refused where there is none."""
    hold = await desk.call(Hotels.reserve, STAY)
    assert hold.price == 18_000
    await desk.undo(Hotels.release)
    assert (await desk.effects()).held == 0
    with pytest.raises(Refused, match="sold_out"):
        await desk.call(Hotels.reserve, ReserveHotel("Ada", "Nowhere", nights=2, price=1))


async def test_an_order_of_ones_own(desk: ParticipantTest[Ledger]) -> None:
    """The other's undo overtakes it: only one room is held."""
    one, other = desk.command(Hotels.reserve, STAY), desk.command(Hotels.reserve, STAY)
    await desk.answers(one, undo_message(other), one, other)  # in one batch
    assert (await desk.effects()).held == 1
