"""The database's schema, step by step, and how to bring a database to its newest state.

Any number of processes may try at once: one migrates, the others wait for it and then find nothing left to do. Each
step is one transaction, so a process killed in the middle leaves the schema as it was before the step.
"""

import asyncio
import uuid
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from coordinator.store.addresses import plain_url

LOCK = 0x616D656E6473
"""Held by whoever migrates: ``amends`` as a number."""
_LOCK_RETRY_S = 0.1


class MigrationError(Exception):
    """The database was not brought to where it should be; it is as it was before the step that failed."""


class MigrationTimeout(MigrationError):
    """Another process has been migrating the same database for too long."""


class UnknownRevision(MigrationError):
    """The database is at a revision that this release does not have: a newer release has migrated it."""


async def upgrade(url: str, revision: str = "head", *, wait: float = 600.0) -> None:
    """Brings the database to ``revision``; does nothing when it is there.

    Waits up to ``wait`` seconds while another process migrates, then raises MigrationTimeout. Raises UnknownRevision,
    and OSError or asyncpg's errors when the database cannot be used. What is to be done needs a session of its own: not
    through a pooler that lends sessions for one transaction, which would keep the lock. At head it takes no lock.
    """
    if revision == "head" and await current(url) == head():
        return
    await _alone(url, wait, lambda config: command.upgrade(config, revision))


async def downgrade(url: str, revision: str, *, wait: float = 600.0) -> None:
    """Takes the database back to ``revision`` (``base``: to nothing), and with it what the newer tables held."""
    await _alone(url, wait, lambda config: command.downgrade(config, revision))


async def current(url: str) -> str | None:
    """The revision the database is at; None when it has no schema yet."""
    async with connection_to(url) as connection:
        return await _current(connection)


def head() -> str:
    """The newest revision there is."""
    revision = ScriptDirectory.from_config(alembic_config()).get_current_head()
    if revision is None:
        raise LookupError(f"There are no migrations in {Path(__file__).parent / 'versions'}.")
    return revision


def alembic_config() -> Config:
    """Alembic's settings: the scripts are found beside this file, wherever it is installed."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config


@asynccontextmanager
async def connection_to(url: str) -> AsyncGenerator[AsyncConnection]:
    """A connection that is closed at the end, with everything that belongs to its session."""
    plain = plain_url(url)

    async def connect(**_: Any) -> Any:
        return await asyncpg.connect(plain, statement_cache_size=0)

    # The address goes to asyncpg as it is, so that libpq's options in it (sslmode, host lists) mean what they mean.
    # Behind a pooler, another session's statements may still be there: ours have names that nobody else has.
    own = {"async_creator_fn": connect, "prepared_statement_cache_size": 0, "prepared_statement_name_func": _own_name}
    engine = create_async_engine("postgresql+asyncpg://", connect_args=own, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            yield connection
    except DBAPIError as error:
        if error.orig is not None and error.orig.__cause__ is not None:
            raise error.orig.__cause__ from None  # as asyncpg said it
        raise
    finally:
        await engine.dispose()


def _own_name() -> str:
    return f"amends_{uuid.uuid4().hex}"


async def _alone(url: str, wait: float, move: Callable[[Config], Any]) -> None:
    async with connection_to(url) as connection:
        await _lock(connection, wait)
        await _check(connection)

        def run(sync: Connection) -> None:
            config = alembic_config()
            config.attributes["connection"] = sync
            move(config)

        # The lock belongs to the session and goes with it, however this ends.
        await connection.run_sync(run)


async def _current(connection: AsyncConnection) -> str | None:
    return await connection.run_sync(lambda sync: MigrationContext.configure(sync).get_current_revision())


async def _check(connection: AsyncConnection) -> None:
    found = await _current(connection)
    await connection.commit()
    known = {script.revision for script in ScriptDirectory.from_config(alembic_config()).walk_revisions()}
    if found is not None and found not in known:
        raise UnknownRevision(
            f"The database has the schema {found}, which this release does not know (its newest is {head()}): use the "
            "release that migrated it, or a newer one."
        )


async def _lock(connection: AsyncConnection, wait: float) -> None:
    # Asking again and again rather than waiting inside the database: a session that waits there holds a snapshot, and
    # an index that is built concurrently waits for all snapshots.
    deadline = asyncio.get_running_loop().time() + wait
    while True:
        locked = await connection.scalar(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": LOCK})
        await connection.commit()
        if locked:
            return
        if asyncio.get_running_loop().time() > deadline:
            raise MigrationTimeout(
                f"Another process has been migrating this database for {wait:g} s. See pg_stat_activity for what it "
                "waits for, then run 'amends db upgrade' again."
            )
        await asyncio.sleep(_LOCK_RETRY_S)
