"""The barrier's rows of commands whose handlers take long.

Such a handler commits on its way, so the row says that it has begun, who is at it and how far it is: ``progress``, with
a Begun. What is done with it is one short transaction each time. Whoever is not the one that the row names any more
commits nothing.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from contracts.answers import Failure, Pending, Progress, Refusal, Success
from contracts.values import NULL
from participants.sdk.barrier import TABLE, enter, keep
from participants.sdk.entry import UNDONE_BEFORE, Entry

ROW_LIMIT_S = 30.0
"""Longest wait, in seconds, for the database, and for whoever holds the row."""

TRANSACTION_IDLE_S = 30.0
"""The server ends a transaction that holds a row and has said nothing for so long: its process may be frozen."""

_LIMIT = text("SELECT set_config('idle_in_transaction_session_timeout', :idle_ms, true)")
_HOLD = text(f"SELECT forward_answer, forward_value, undo_answer FROM {TABLE} WHERE command_id = :id FOR SHARE")
_LOOK = text(f"SELECT command_id, forward_answer, forward_value, undo_answer FROM {TABLE} WHERE command_id = ANY(:ids)")


class Begun(msgspec.Struct, frozen=True, omit_defaults=True):
    """What stands in the row of a command that was begun, and not answered."""

    run: str | None
    """Who is at it; None: nobody, since it failed."""
    attempt: int
    """The latest that has come: the one that is answered."""
    details: msgspec.Raw = NULL
    """Of the last heartbeat that told any."""
    changed: bool = False
    """An attempt that is over has committed or told something; or it may have, since it was killed."""
    stop: bool = False
    """Its undo is there, and waits for whoever is at it."""
    joined: bool = False
    """Another process has brought this attempt, and no heartbeat came since."""


Known = Success | Refusal | Pending | Begun
_decoder = msgspec.json.Decoder(Begun)
_encoder = msgspec.json.Encoder()


class LongRows:
    """One participant's. Everything raises SQLAlchemyError, OSError and TimeoutError where the database is away."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def begin(self, command_id: str, run: str, attempt: int) -> Known:
        """A Begun of this run: it is ours. Anything else is the answer. The command's lock is held."""
        async with self._row(command_id) as entry:
            known = _known(entry)
            if isinstance(known, Success | Refusal | Pending):
                return known
            mine = Begun(run, attempt) if known is None else _taken_over(known, run, attempt)
            _write(entry, mine)
            return mine

    async def join(self, command_id: str, run: str, attempt: int) -> Known | None:
        """Another process has the lock. A Begun of another run: that one answers this attempt too.

        One of this run: the other was silent all through an attempt that had joined it, and is not at the command any
        more; it lets go of the lock when it finds out. None, or one without a run: nobody is at it, so the lock will be
        free at once.
        """
        async with self._row(command_id) as entry:
            known = _known(entry)
            if not isinstance(known, Begun) or known.run is None or attempt <= known.attempt:
                return known
            if known.run == run:
                joined = msgspec.structs.replace(known, attempt=attempt)
            elif known.joined:
                joined = _taken_over(known, run, attempt)
            else:
                joined = msgspec.structs.replace(known, attempt=attempt, joined=True)
            _write(entry, joined)
            return joined

    async def beat(self, command_id: str, run: str, details: msgspec.Raw) -> int | None:
        """Keeps the details; the attempt that is to be answered, or None: the command is not this run's any more."""
        async with self._row(command_id) as entry:
            known = _of(run, entry)
            if known is None:
                return None
            if details != NULL or known.joined:
                told = known.details if details == NULL else details
                _write(entry, msgspec.structs.replace(known, details=told, joined=False))
            return known.attempt

    async def end(
        self, command_id: str, run: str, answer: Success | Refusal | Failure | Pending, *, changed: bool
    ) -> int | None:
        """Keeps the answer, as ``beat``. What failed is as far as it was, and nobody's. ``changed``: it had done
        something. Told again, since nobody knows whether it was kept, it says 0 where the attempt is not known."""
        async with self._row(command_id) as entry:
            known = _of(run, entry)
            if known is None:
                return _kept_already(entry, answer)
            if isinstance(answer, Failure):
                _write(entry, msgspec.structs.replace(known, run=None, changed=known.changed or changed))
            else:
                entry.keep("forward", answer)
            return known.attempt

    async def ask_to_stop(self, command_id: str) -> None:
        """Whoever is at it finds that out with its next heartbeat or transaction."""
        async with self._row(command_id) as entry:
            known = _known(entry)
            if isinstance(known, Begun) and not known.stop:
                _write(entry, msgspec.structs.replace(known, stop=True))

    @asynccontextmanager
    async def transaction(self, command_id: str, run: str) -> AsyncGenerator[AsyncSession | None]:
        """A session in a transaction that holds the row; None: the command is not this run's any more."""
        async with AsyncSession(self._engine, expire_on_commit=False) as session, session.begin():
            async with asyncio.timeout(ROW_LIMIT_S):
                await session.execute(_LIMIT, _idle())
                row = (await session.execute(_HOLD, {"id": command_id})).one_or_none()
            yield session if row is not None and _names(run, *row) else None

    async def lost(self, runs: Mapping[str, str]) -> list[str]:
        """The commands, of these, that are not these runs' any more."""
        async with asyncio.timeout(ROW_LIMIT_S), self._engine.begin() as connection:
            rows = await connection.execute(_LOOK, {"ids": [*runs]})
            return [id for id, *row in rows if not _names(runs[id], *row)]

    @asynccontextmanager
    async def _row(self, command_id: str) -> AsyncGenerator[Entry]:
        async with asyncio.timeout(ROW_LIMIT_S), self._engine.begin() as connection:
            await connection.execute(_LIMIT, _idle())
            entries = await enter(connection, [command_id])
            yield entries[command_id]
            await keep(connection, entries.values())


def _idle() -> dict[str, str]:
    return {"idle_ms": f"{TRANSACTION_IDLE_S * 1_000:.0f}"}


def _known(entry: Entry) -> Known | None:
    """What the row says. Undone, or about to be: it is not carried out."""
    if isinstance(entry.forward, Progress):
        begun = _decoder.decode(entry.forward.details)
        return UNDONE_BEFORE if entry.undone or begun.stop else begun
    return UNDONE_BEFORE if entry.tombstone else entry.forward


def _names(run: str, answer: str | None, value: str, undo: str | None) -> bool:
    """Whether a row says that the command is this run's."""
    if answer != "progress" or undo is not None:
        return False
    begun = _decoder.decode(value)
    return begun.run == run and not begun.stop


def _taken_over(known: Begun, run: str, attempt: int) -> Begun:
    return Begun(run, max(attempt, known.attempt), known.details, changed=known.changed or known.run not in (None, run))


def _of(run: str, entry: Entry) -> Begun | None:
    known = _known(entry)
    return known if isinstance(known, Begun) and known.run == run else None


def _kept_already(entry: Entry, answer: Success | Refusal | Failure | Pending) -> int | None:
    """The attempt to answer, if the row stands as this answer leaves it."""
    known = _known(entry)
    if isinstance(known, Begun):
        return known.attempt if known.run is None and isinstance(answer, Failure) else None
    return 0 if known == answer else None


def _write(entry: Entry, begun: Begun) -> None:
    entry.forward, entry.changed = Progress(msgspec.Raw(_encoder.encode(begun))), True
