"""How far the sagas under way have come, asked of the database directly, past all proxies."""

import asyncio
import time
from collections.abc import Sequence
from typing import NamedTuple

import asyncpg

from tests.chaos.record import Recovery

_LOOK_S = 0.1
_GIVE_UP_S = 120.0
_FAILURES = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
_ASKED = """
    SELECT (SELECT count(*) FROM history WHERE saga_id = ANY($1)) AS rows,
           (SELECT count(*) FROM saga WHERE saga_id = ANY($1) AND ended_at IS NULL AND status <> 'parked') AS under_way
"""


class Standing(NamedTuple):
    """Of some sagas."""

    rows: int
    """Of their histories."""
    under_way: int
    """How many have not ended."""


class Watch:
    """One connection, made anew whenever it is lost."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: asyncpg.Connection | None = None
        self._turn = asyncio.Lock()

    async def close(self) -> None:
        """Lets go of it."""
        if self._connection is not None:
            self._connection.terminate()

    async def fetch(self, statement: str, *arguments: object) -> Sequence[asyncpg.Record] | None:
        """The rows; None when the database does not answer."""
        async with self._turn:
            try:
                connection = self._connection
                if connection is None or connection.is_closed():
                    connection = self._connection = await asyncpg.connect(self._url, timeout=5, command_timeout=10)
                return await connection.fetch(statement, *arguments)
            except BaseException as error:
                if self._connection is not None:
                    self._connection.terminate()
                    self._connection = None
                if isinstance(error, _FAILURES):
                    return None
                raise

    async def unended(self, saga_ids: Sequence[str]) -> list[str]:
        """Those of them that exist and have not ended; none when the database does not answer."""
        statement = "SELECT saga_id FROM saga WHERE saga_id = ANY($1) AND ended_at IS NULL AND status <> 'parked'"
        return [row["saga_id"] for row in await self.fetch(statement, saga_ids) or ()]

    async def standing(self, saga_ids: Sequence[str]) -> Standing | None:
        """Of these sagas; None when the database does not answer."""
        found = await self.fetch(_ASKED, saga_ids)
        return Standing(*found[0]) if found else None

    async def recovery(self, kind: str, saga_ids: Sequence[str], since: float) -> Recovery:
        """Looks until all of these sagas, which were under way at the time of the fault, have ended."""
        recovery = Recovery(kind)
        first: Standing | None = None
        while time.monotonic() - since < _GIVE_UP_S:
            now = await self.standing(saga_ids)
            if now is not None:
                first = first or now
                if recovery.first_s is None and (now.rows > first.rows or not now.under_way):
                    recovery.first_s = time.monotonic() - since
                if not now.under_way:
                    recovery.all_s = time.monotonic() - since
                    break
            await asyncio.sleep(_LOOK_S)
        return recovery
