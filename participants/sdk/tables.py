"""Makes a participant's tables where they are missing."""

from sqlalchemy import MetaData, text
from sqlalchemy.ext.asyncio import AsyncEngine

from participants.sdk.barrier import create_barrier

_LOCK = text("SELECT pg_advisory_xact_lock(hashtext('amends: tables of a participant'))")


async def create_tables(engine: AsyncEngine, tables: MetaData | None) -> None:
    """The barrier's table and these. Several processes may do this at once."""
    async with engine.begin() as connection:
        # Two at once would both find nothing, and the second would then fail.
        await connection.execute(_LOCK)
        await create_barrier(connection)
        if tables is not None:
            await connection.run_sync(tables.create_all)
