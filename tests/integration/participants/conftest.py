"""A shop with a database of its own."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from contracts.command_message import CommandMessage
from participants.sdk import create_tables
from participants.sdk.batch import BarrierBatch
from participants.sdk.tracing import Tracing
from tests.integration.participants.archives import WITHIN_S, New, Process
from tests.unit.participants import archive
from tests.unit.participants.shop import Calls, call, effect, participant_of_shop, said, tables


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """The shop's database, with its tables."""
    engine = create_async_engine(database_url.replace("postgresql://", "postgresql+asyncpg://"))
    await create_tables(engine, tables)
    yield engine
    await engine.dispose()


class ShopWithBarrier:
    """Answers messages as a worker does, without Kafka."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.calls = Calls()
        self.engine = engine
        self.participant = participant_of_shop(self.calls)
        self.batch = BarrierBatch(engine, Tracing("amends.commands.shop"))

    async def answers(self, *messages: CommandMessage) -> list[str]:
        """Handles them as one batch."""
        calls = [call(self.participant, message) for message in messages]
        answered: list[str] = []
        while len(answered) < len(calls):
            answered += [said(each.answer) for each in await self.batch.handle(calls[len(answered) :])]
        return answered

    async def effects(self) -> list[str]:
        """What is in the shop's books, sorted."""
        async with self.engine.connect() as connection:
            rows = await connection.execute(select(effect.c.command_id, effect.c.direction, effect.c.note))
            return sorted(f"{command_id} {direction}: {note}" for command_id, direction, note in rows)


@pytest.fixture
def shop(engine: AsyncEngine) -> ShopWithBarrier:
    """A shop behind its barrier."""
    return ShopWithBarrier(engine)


@pytest.fixture
async def new(database_url: str) -> AsyncIterator[New]:
    """Makes processes; those that are left are closed."""
    made: list[Process] = []

    def make(name: str, places: int = 100) -> Process:
        made.append(Process(name, database_url, places))
        return made[-1]

    await create_tables(make("nobody").engine, archive.tables)
    yield make
    for process in made:
        process.hand.go.set()
        await process.room.closed(WITHIN_S)
        await process.engine.dispose()
