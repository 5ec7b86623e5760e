"""What a participant's Postgres keeps for a connection, and for how long it does that for one that says nothing."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import asyncpg

from tests.simulation.database import Database, Transaction
from tests.simulation.network import Network

IDLE_IN_TRANSACTION_S = 60.0
"""As the participants' engines ask for it; what takes long asks for less."""
_IN_SESSION = "SELECT set_config('idle_session_timeout', "
_IN_TRANSACTION = "SELECT set_config('idle_in_transaction_session_timeout', "
_NO_LIMIT = "RESET idle_session_timeout"
SETTINGS = (_IN_SESSION, _IN_TRANSACTION, _NO_LIMIT)


class Session:
    """At the server. It does not know whether its client is dead, frozen, cut off, or has nothing to say."""

    def __init__(self, database: Database, told: Callable[[], None]) -> None:
        """``told``: the client's side hears that the server has ended it."""
        self.over = False
        self.heard_at = database.network.loop.time()
        """Since when it waits for its client."""
        self._database, self._told = database, told
        self._network: Network = database.network
        self._transaction: Transaction | None = None
        self._idle_s: float | None = None
        self._idle_in_transaction_s = IDLE_IN_TRANSACTION_S
        self._silence: asyncio.TimerHandle | None = None

    def serve(self, call: Callable[[], Any], transaction: Transaction | None = None) -> Any:
        """What the call returns, be it later. Raises ConnectionDoesNotExistError."""
        if self.over:
            raise asyncpg.exceptions.ConnectionDoesNotExistError("The server has ended the connection.")
        self._hear()
        if transaction is not self._transaction:
            self._transaction, self._idle_in_transaction_s = transaction, IDLE_IN_TRANSACTION_S
        answer = None
        try:
            answer = call()
        finally:
            if isinstance(answer, asyncio.Future):
                answer.add_done_callback(self._wait, context=self._network.loop.outside.context)
            else:
                self._wait()
        return answer

    def set(self, sql: str, parameters: Sequence[Any]) -> Sequence[Any]:
        """How long it may be silent."""
        if sql.startswith(_IN_TRANSACTION):
            self._idle_in_transaction_s = int(parameters[0]) / 1e3
        else:
            self._idle_s = int(parameters[0]) / 1e3 if sql.startswith(_IN_SESSION) else None
        return []

    def _hear(self) -> None:
        if self._silence is not None:
            self._silence.cancel()
            self._silence = None

    def _wait(self, _: Any = None) -> None:
        self._hear()
        self.heard_at = self._network.loop.time()
        limit_s = self._idle_s
        if self._open is not None:
            self._open.heard_at, limit_s = self.heard_at, self._idle_in_transaction_s
        if limit_s is not None and not self.over:
            self._silence = self._network.after(limit_s, self._end_silent)

    @property
    def _open(self) -> Transaction | None:
        return None if self._transaction is None or self._transaction.over else self._transaction

    @property
    def empty(self) -> bool:
        """Whether nobody waits for anything of it."""
        return self.over or (self._open is None and not self._database.has_locks(self))

    def _end_silent(self) -> None:
        self._network.trace(self._database.name, "ends a silent session")
        self.end()
        self._network.after(self._network.weather.hop_s(), self._told)

    def end(self) -> None:
        """Forgets what is not committed, and lets go of all."""
        self.over = True
        self._hear()
        if self._transaction is not None:
            self._database.end(self._transaction, False)
        self._database.unlock(self)
