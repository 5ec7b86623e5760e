"""What else Postgres may say: no more connections, read-only, this session is ended. And its pooler dies."""

import contextlib
from collections.abc import Sequence

import asyncpg

from tests.chaos.kinds import Kind, Scene
from tests.chaos.pace import slowly_between

_FAILURES = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
_CONNECTIONS = 400
_END_ALL = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"


async def _sessions_are_ended(scene: Scene) -> bool:
    """All of them, some times in a row."""
    ended = 0
    for _ in range(3):
        with contextlib.suppress(*_FAILURES):
            connection = await asyncpg.connect(scene.town.postgres.url("postgres"), timeout=5)
            ended += await connection.fetchval(_END_ALL)
            await connection.close()
            scene.struck()
        await slowly_between(scene.random, 0.1, 1)
    return ended > 0


async def _connections_run_out(scene: Scene) -> bool:
    """Somebody takes all that the server has, and whoever wants one is refused."""
    taken: list[asyncpg.Connection] = []
    refused = False
    try:
        while len(taken) < _CONNECTIONS and not refused:
            taken.append(await asyncpg.connect(scene.town.postgres.url("postgres"), timeout=5))
    except asyncpg.TooManyConnectionsError:
        refused = True
    except _FAILURES:
        pass
    if refused:
        # Who has a connection keeps it, so they are made to want new ones.
        with contextlib.suppress(*_FAILURES):
            await taken[0].fetchval(f"{_END_ALL} AND datname <> 'postgres'")
        scene.struck()
        await slowly_between(scene.random, 2, 5)
    for each in taken:
        each.terminate()
    return refused


async def _read_only(scene: Scene) -> bool:
    """As an old primary is after a failover: it answers, and takes nothing."""
    url = scene.town.postgres.url("postgres")
    try:
        await _configure(url, "ALTER SYSTEM SET default_transaction_read_only = on")
    except _FAILURES:
        return False
    scene.struck()
    await slowly_between(scene.random, 2, 6)
    await _configure(url, "SET default_transaction_read_only = off; ALTER SYSTEM RESET default_transaction_read_only")
    return True


async def _configure(url: str, statements: str) -> None:
    connection = await asyncpg.connect(url, timeout=10)
    try:
        for statement in (*statements.split("; "), "SELECT pg_reload_conf()"):
            await connection.execute(statement)
    finally:
        await connection.close()


async def _pooler_dies(scene: Scene) -> bool:
    pooler = scene.town.pooler
    if pooler is None:
        return False
    pooler.kill()
    scene.struck()
    await slowly_between(scene.random, 0, 3)
    pooler.start()
    return True


DATABASE_FAULTS: Sequence[Kind] = (
    Kind("sessions are ended", "servers", _sessions_are_ended),
    Kind("connections run out", "servers", _connections_run_out),
    Kind("postgres is read-only", "servers", _read_only),
)
POOLER_FAULTS: Sequence[Kind] = (Kind("the pooler dies", "pooler", _pooler_dies),)
