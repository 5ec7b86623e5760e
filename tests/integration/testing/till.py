"""A till whose handlers can have every bug there is."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Column, MetaData, Table, Text, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession

from contracts import PIVOT, Contract, Refused, Retry, command
from participants.sdk import Delivery, Participant


class Coins(msgspec.Struct, frozen=True):
    """Money for somebody."""

    owner: str
    amount: int
    """In cents."""


class Till(Contract, name="till"):
    """Takes money."""

    @command()
    async def take(self, coins: Coins) -> str:
        """Puts it in."""
        ...

    @take.undo()
    async def give_back(self, coins: Coins, slip: str | None) -> None:
        """Takes it out again."""

    @command(kind=PIVOT, retry=Retry.forever())
    async def close(self, owner: str) -> int:
        """Cannot be undone."""
        ...

    @command(nothing_to_undo=True)
    async def look(self, owner: str) -> int:
        """Changes nothing, or so it says."""
        ...


tables = MetaData()
coin = Table("coin", tables, Column("slip", Text), Column("owner", Text, nullable=False), Column("amount", BigInteger))

Take = Callable[[Coins, Delivery, AsyncSession], Awaitable[str]]
GiveBack = Callable[[Coins, str | None, Delivery, AsyncSession], Awaitable[None]]


async def take_well(coins: Coins, delivery: Delivery, db: AsyncSession) -> str:
    """Without a bug."""
    if coins.amount > 1_000:
        raise Refused("too_much")
    await db.execute(insert(coin), {"slip": delivery.command_id, "owner": coins.owner, "amount": coins.amount})
    return delivery.command_id


async def give_back_well(coins: Coins, slip: str | None, delivery: Delivery, db: AsyncSession) -> None:
    """Without a bug."""
    await db.execute(delete(coin).where(coin.c.slip == slip))


def till(take: Take = take_well, give_back: GiveBack = give_back_well, looks: Any = None) -> Participant:
    """A till with these handlers."""
    participant = Participant(Till, tables=tables)

    @participant.on(Till.take)
    async def _take(coins: Coins, delivery: Delivery, db: AsyncSession) -> str:
        return await take(coins, delivery, db)

    @participant.on(Till.give_back)
    async def _give_back(coins: Coins, slip: str | None, delivery: Delivery, db: AsyncSession) -> None:
        await give_back(coins, slip, delivery, db)

    @participant.on(Till.close)
    async def _close(owner: str, db: AsyncSession) -> int:
        return (await db.execute(delete(coin).where(coin.c.owner == owner))).rowcount  # pyright: ignore[reportAttributeAccessIssue]

    @participant.on(Till.look)
    async def _look(owner: str, db: AsyncSession) -> int:
        if looks is not None:
            await looks(db)
        return await db.scalar(select(func.count()).where(coin.c.owner == owner)) or 0

    return participant


async def in_the_till(connection: AsyncConnection) -> int:
    """Cents."""
    return int(await connection.scalar(select(func.coalesce(func.sum(coin.c.amount), 0))) or 0)


async def some_coins(connection: AsyncConnection) -> None:
    """What is in there to begin with."""
    await connection.execute(insert(coin), {"slip": "0", "owner": "Ada", "amount": 5})


def by_itself(engine: AsyncEngine, sign: int = 1) -> Take:
    """A handler that commits on a connection of its own."""

    async def take(coins: Coins, delivery: Delivery, db: AsyncSession) -> str:
        slip = delivery.command_id
        async with engine.begin() as connection:
            await connection.execute(insert(coin), {"slip": slip, "owner": coins.owner, "amount": sign * coins.amount})
        return slip

    return take
