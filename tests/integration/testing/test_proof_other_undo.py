"""A command with two undos, each proved against a real database."""

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from contracts import Contract, command
from participants.sdk import Delivery, Participant
from participants.sdk.testing import ParticipantTest, Unproved
from tests.integration.testing.test_proof import COINS, engine
from tests.integration.testing.till import (
    Coins,
    GiveBack,
    by_itself,
    coin,
    give_back_well,
    in_the_till,
    tables,
    take_well,
)

__all__ = ["engine"]


class Stall(Contract, name="stall"):
    """Takes money, and gives all of it back, or half."""

    @command()
    async def take(self, coins: Coins) -> str:
        """Puts it in."""
        ...

    @take.undo()
    async def give_back(self, coins: Coins, slip: str | None) -> None:
        """Takes it out again."""

    @take.other_undo()
    async def keep_half(self, coins: Coins, slip: str | None) -> None:
        """Keeps a fee."""


async def keep_half_well(coins: Coins, slip: str | None, delivery: Delivery, db: AsyncSession) -> None:
    """Without a bug, behind a barrier: done twice, a quarter is left."""
    await db.execute(update(coin).where(coin.c.owner == coins.owner).values(amount=coin.c.amount / 2))


def stall(engine: AsyncEngine, keep_half: GiveBack = keep_half_well) -> ParticipantTest[int]:
    """A stall with this handler."""
    participant = Participant(Stall, tables=tables)

    @participant.on(Stall.take)
    async def _take(coins: Coins, delivery: Delivery, db: AsyncSession) -> str:
        return await take_well(coins, delivery, db)

    @participant.on(Stall.give_back)
    async def _give_back(coins: Coins, slip: str | None, delivery: Delivery, db: AsyncSession) -> None:
        await give_back_well(coins, slip, delivery, db)

    @participant.on(Stall.keep_half)
    async def _keep_half(coins: Coins, slip: str | None, delivery: Delivery, db: AsyncSession) -> None:
        await keep_half(coins, slip, delivery, db)

    return ParticipantTest(participant, engine, effects=in_the_till)


async def test_either_is_done_once(engine: AsyncEngine) -> None:
    """Twice, late, beside one that fails, to two consumers at once, and killed before each of its own statements."""
    proof = await stall(engine).prove(Stall.take, COINS)
    assert (proof.before, proof.done, proof.undone, proof.undone_by) == (0, 100, 0, {"keep_half": 50})
    other = [order for order in proof.orders if order.endswith(" (by keep_half)")]
    assert "the command, its undo beside one that fails (by keep_half)" in other
    assert "the command, its undo, lost before the commit, and again (by keep_half)" in other
    assert any("its undo, lost before statement" in order and "UPDATE coin" in order for order in other)


async def test_another_undo_that_commits_by_itself(engine: AsyncEngine) -> None:
    """It is done again when its process has died; the declared undo is right."""
    minus = by_itself(engine, sign=-1)

    async def keep_half(coins: Coins, slip: str | None, delivery: Delivery, db: AsyncSession) -> None:
        await minus(coins, delivery, db)

    with pytest.raises(Unproved, match=r"lost before the commit, and again \(by keep_half\)") as caught:
        await stall(engine, keep_half).prove(Stall.take, COINS)
    assert "its undo, lost before the commit, and again\n" not in str(caught.value)
