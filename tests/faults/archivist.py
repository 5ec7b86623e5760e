"""The participant that walks records: ``python -m tests.faults.archivist``. It counts what it does again."""

import os

from sqlalchemy import Column, Integer, MetaData, Table, Text, text
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.ids import forward_id
from participants.sdk import Delivery, Heartbeat, Participant
from participants.sdk.run import run
from tests.faults.walking import Archive, Shelf

tables = MetaData()
done = Table(
    "done",
    tables,
    Column("command_id", Text, primary_key=True),
    Column("record", Integer, primary_key=True),
)
lap = Table(
    "lap",
    tables,
    Column("command_id", Text),
    Column("attempt", Integer),
    Column("process", Text),
    Column("until", Integer, comment="the first record that it has not walked"),
    Column("again", Integer, comment="records that somebody had walked before"),
)

_WALK = text(
    "WITH new AS (INSERT INTO done SELECT :id, r FROM generate_series(:start, :until - 1) AS r "
    "ON CONFLICT DO NOTHING RETURNING 1) "
    "INSERT INTO lap SELECT :id, :attempt, :process, :until, :until - :start - (SELECT count(*) FROM new)"
)
_PROCESS = os.environ["AMENDS_PARTICIPANT_INSTANCE"]
archive = Participant(Archive, tables=tables)


@archive.on(Archive.walk)
async def walk(shelf: Shelf, delivery: Delivery, heartbeat: Heartbeat[int]) -> int:
    """From the last heartbeat on, an interval at a time."""
    start = heartbeat.last or 0
    while start < shelf.records:
        until = min(start + shelf.interval, shelf.records)
        async with heartbeat.transaction() as db:
            lap = {"id": delivery.command_id, "attempt": delivery.attempt, "start": start, "until": until}
            await db.execute(_WALK, {**lap, "process": _PROCESS})
        await heartbeat(until)
        start = until
    return start


@archive.on(Archive.unwalk)
async def unwalk(shelf: Shelf, walked: int | None, delivery: Delivery, db: AsyncSession) -> None:
    """Deletes them."""
    await db.execute(text("DELETE FROM done WHERE command_id = :id"), {"id": forward_id(delivery.command_id)})


if __name__ == "__main__":
    run(archive)
