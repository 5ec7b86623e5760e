"""A participant whose handler takes long: docs/writing-a-participant.md shows it."""

import msgspec
from sqlalchemy import BigInteger, Column, MetaData, Table, Text, delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from contracts import Contract, Retry, command
from contracts.ids import forward_id
from participants.sdk import Delivery, Heartbeat, Participant


class Shelf(msgspec.Struct, frozen=True):
    """What is to be counted."""

    name: str
    records: int


class Archive(Contract, name="archive"):
    """Records upon records."""

    @command(timeout="30s", retry=Retry(attempts=50, backoff="200ms..10s"))
    async def take_stock(self, shelf: Shelf) -> int:
        """Notes every record of the shelf; how many there are."""
        ...

    @take_stock.undo()
    async def forget(self, shelf: Shelf, records: int | None) -> None:
        """As if nobody had counted."""


class Place(msgspec.Struct, frozen=True):
    """How far it got."""

    record: int


tables = MetaData()
noted = Table(
    "noted",
    tables,
    Column("command_id", Text, primary_key=True),
    Column("record", BigInteger, primary_key=True, autoincrement=False),
)
archive = Participant(Archive, tables=tables)
INTERVAL = 1_000


@archive.on(Archive.take_stock)
async def take_stock(shelf: Shelf, delivery: Delivery, heartbeat: Heartbeat[Place]) -> int:
    """A thousand at a time, from where the last attempt was."""
    place = heartbeat.last or Place(0)
    while place.record < shelf.records:
        end = min(place.record + INTERVAL, shelf.records)
        rows = [{"command_id": delivery.command_id, "record": record} for record in range(place.record, end)]
        async with heartbeat.transaction() as db:
            await db.execute(insert(noted).on_conflict_do_nothing(), rows)
        place = Place(end)
        await heartbeat(place)
    return shelf.records


@archive.on(Archive.forget)
async def forget(shelf: Shelf, records: int | None, delivery: Delivery, db: AsyncSession) -> None:
    """However far it got."""
    await db.execute(delete(noted).where(noted.c.command_id == forward_id(delivery.command_id)))
