"""Locks on commands whose handlers take long: one process at a time is at a command.

They are advisory locks of Postgres, on one connection of their own: a process that is killed has let go of them before
anybody could ask. One whose machine is gone has within half a minute, and one that is frozen within ``SILENT_S``: the
server is told to look after the connection, which by itself it does after two hours, or never. Whoever loses it without
being dead may have company: so no write relies on the locks alone (see ``long_rows``).
"""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from sqlalchemy import TextClause, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

log = logging.getLogger(__name__)

_KEY = "hashtextextended('amends: ' || :id, 0)"
_LOCK = text(f"SELECT pg_try_advisory_lock({_KEY})")
_UNLOCK = text(f"SELECT pg_advisory_unlock({_KEY})")
_STAY = text("SELECT true")
_KEEPALIVES = {"tcp_keepalives_idle": "10", "tcp_keepalives_interval": "5", "tcp_keepalives_count": "3"}
_SET = text(
    "SELECT set_config('idle_session_timeout', :silent_ms, false), "
    + ", ".join(f"set_config('{name}', '{value}', false)" for name, value in _KEEPALIVES.items())
)
_RESET = text("RESET idle_session_timeout")
SILENT_S = 6.0
"""The server closes the connection of a process that holds locks and has said nothing for so long. By then Kafka misses
it too."""
LOCK_LIMIT_S = 10.0
"""Longest wait, in seconds, for the database's answer."""


class CommandLocks:
    """Those that this process holds. Within it, whoever asks takes care to ask for each command once."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._connection: AsyncConnection | None = None
        self._held = set[str]()
        self._asking = asyncio.Lock()

    async def acquire(self, command_id: str) -> bool:
        """Whether it is ours now; it does not wait for others. Raises SQLAlchemyError, OSError, TimeoutError."""
        async with self._asking:
            ours = await self._ask(_LOCK, id=command_id)
            if ours:
                self._held.add(command_id)
            await self._lend_back()
            return ours

    async def release(self, command_id: str) -> None:
        """Lets go of it; where that cannot be said, all locks are gone with the connection."""
        async with self._asking_in_vain():
            self._held.discard(command_id)
            if self._connection is not None:
                await self._ask(_UNLOCK, id=command_id)
                await self._lend_back()

    async def stay(self) -> None:
        """To be called more often than every ``SILENT_S``."""
        async with self._asking_in_vain():
            if self._connection is not None:
                await self._ask(_STAY)

    async def close(self) -> None:
        """Lets go of all."""
        connection, self._connection = self._connection, None
        self._held.clear()
        if connection is not None:
            await connection.invalidate()
            await connection.close()

    @asynccontextmanager
    async def _asking_in_vain(self) -> AsyncGenerator[None]:
        """For what needs no answer: all locks may be gone with the connection, and that is only said."""
        try:
            async with self._asking:
                yield
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            log.warning("The locks of long handlers are gone with their connection: %r", error)

    async def _ask(self, question: TextClause, **of: str) -> bool:
        try:
            async with asyncio.timeout(LOCK_LIMIT_S):
                if self._connection is None:
                    self._connection = await self._engine.connect()
                    await self._connection.execute(_SET, {"silent_ms": f"{SILENT_S * 1_000:.0f}"})
                answer = await self._connection.execute(question, of)
                return answer.returns_rows and bool(answer.scalar())
        except BaseException:
            await self.close()
            raise

    async def _lend_back(self) -> None:
        """The connection, while nothing is locked: then it may be silent."""
        if not self._held and (connection := self._connection) is not None:
            await self._ask(_RESET)
            self._connection = None
            await connection.close()
