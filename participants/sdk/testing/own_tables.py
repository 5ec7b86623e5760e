"""Empties a participant's tables between two orders of messages, and nobody else's by mistake."""

from collections.abc import Sequence

from sqlalchemy import MetaData, Table, column, func, select, table, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from participants.sdk.barrier import TABLE
from participants.sdk.tables import create_tables
from participants.sdk.testing.messages import SAGA

_FOREIGN = text(f"SELECT count(*) FROM {TABLE} WHERE NOT starts_with(command_id, :saga)")


class NotOurs(Exception):
    """The database holds what no test has put there."""


class OwnTables:
    """The barrier's table and the participant's, which only tests write to."""

    def __init__(self, engine: AsyncEngine, tables: MetaData) -> None:
        self._engine = engine
        self._metadata = tables
        self._made = False

    async def empty(self) -> None:
        """Makes the tables where they are missing, and empties them. Raises NotOurs before it harms anybody."""
        if not self._made:
            await create_tables(self._engine, self._metadata)
            async with self._engine.connect() as connection:
                await self._check(connection)
            self._made = True
        async with self._engine.begin() as connection:
            quoted = connection.dialect.identifier_preparer.format_table
            names = ", ".join([TABLE, *(quoted(each) for each in self._tables)])
            await connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY"))

    @property
    def _tables(self) -> Sequence[Table]:
        return [each for each in self._metadata.sorted_tables if each.name != TABLE]

    async def _check(self, connection: AsyncConnection) -> None:
        """What an earlier test left is known by the barrier's rows."""
        barrier = await connection.scalar(select(func.count()).select_from(table(TABLE, column("command_id")))) or 0
        if await connection.scalar(_FOREIGN, {"saga": f"{SAGA}:"}):
            raise NotOurs(
                f"The table {TABLE} holds commands of real sagas. The tables are emptied again and again here: "
                "give the test a database of its own."
            )
        filled = [each.name for each in self._tables if await connection.scalar(select(text("1")).select_from(each))]
        if filled and not barrier:
            raise NotOurs(
                f"There are rows in {', '.join(filled)} that no test has put there. The tables are emptied again and "
                "again here: give the test a database of its own, and write in given=… what it has to begin with."
            )
