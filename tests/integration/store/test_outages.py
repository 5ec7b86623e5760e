"""What the store says when Postgres does not do as it is told, and that it recovers unaided."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from urllib.parse import urlsplit

import asyncpg
import pytest

from coordinator.runtime.ports import Confirmed, OutcomeUnknown, SagaWrite, StoreUnavailable
from coordinator.store.connection import Pool, connect
from coordinator.store.saga_store import PostgresStore
from tests.conformance.writes import start, step
from tests.integration.store.lossy_proxy import LossyProxy

Until = Callable[[str], Awaitable[None]]

OTHERS = "FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'amends'"
WAITING = f"SELECT count(*) = 1 {OTHERS} AND wait_event_type = 'Lock'"
KILL = f"SELECT pg_terminate_backend(pid) {OTHERS}"
ALONE = f"SELECT count(*) = 0 {OTHERS}"


@pytest.fixture
async def proxy(migrated_url: str) -> AsyncIterator[LossyProxy]:
    """Between the store and its database."""
    parts = urlsplit(migrated_url)
    async with LossyProxy(parts.hostname or "127.0.0.1", parts.port or 5432) as proxy:
        yield proxy


@pytest.fixture
async def proxied(proxy: LossyProxy, migrated_url: str) -> AsyncIterator[PostgresStore]:
    """A store behind it."""
    parts = urlsplit(migrated_url)
    account = parts.netloc.rpartition("@")[0]
    url = f"postgresql://{account}@127.0.0.1:{proxy.port}{parts.path}"
    pool = await connect(url, pool_size=2, statement_timeout=0.2)
    yield PostgresStore(pool)
    await pool.close()


async def test_nobody_listens() -> None:
    """A refused connection: nothing took effect, the message says where."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        pool = await connect(f"postgresql://postgres@127.0.0.1:{nobody.getsockname()[1]}/none")
        store = PostgresStore(pool)
        for call in (store.ping(), store.load(["a"]), store.commit([start("book_trip:a")], [])):
            with pytest.raises(StoreUnavailable, match="cannot be reached"):
                await call


async def test_no_such_database(database_url: str) -> None:
    """Unavailable until somebody creates it."""
    pool = await connect(f"{database_url}_not_there")
    with pytest.raises(StoreUnavailable, match="does not exist"):
        await PostgresStore(pool).ping()


async def test_a_database_without_the_schema(database_url: str) -> None:
    """The message says what to run."""
    pool = await connect(database_url)
    with pytest.raises(StoreUnavailable, match="amends db upgrade"):
        await PostgresStore(pool).commit([start("book_trip:a")], [])
    await pool.close()


async def test_idle_sessions_that_were_ended(store: PostgresStore, outsider: asyncpg.Connection, until: Until) -> None:
    """Postgres was restarted while nobody used the connections: the store finds new ones by itself."""
    await store.ping()
    await outsider.execute(KILL)
    await until(ALONE)
    await until_written(store, start("book_trip:a"))
    assert set(await store.load(["book_trip:a"])) == {"book_trip:a"}


async def test_ended_in_the_middle_of_a_commit(
    store: PostgresStore, outsider: asyncpg.Connection, until: Until
) -> None:
    """Whoever was committing cannot know; the log tells, and the store goes on."""
    async with outsider.transaction():
        await outsider.execute("INSERT INTO history VALUES ('book_trip:a', 1, '[]', now())")
        commit = asyncio.ensure_future(store.commit([start("book_trip:a")], []))
        await until(WAITING)
        await outsider.execute(KILL)
        with pytest.raises(OutcomeUnknown):
            await commit
        await outsider.execute("DELETE FROM history")
    assert await store.commit([start("book_trip:a")], []) == {"book_trip:a"}


async def test_ended_in_the_middle_of_a_read(store: PostgresStore, outsider: asyncpg.Connection, until: Until) -> None:
    """A read can always be tried again."""
    async with outsider.transaction():
        await outsider.execute("LOCK TABLE saga")
        load = asyncio.ensure_future(store.load(["book_trip:a"]))
        await until(WAITING)
        await outsider.execute(KILL)
        with pytest.raises(StoreUnavailable):
            await load
    assert await store.load(["book_trip:a"]) == {}


async def test_a_lock_is_not_waited_for_in_vain(store: PostgresStore, outsider: asyncpg.Connection) -> None:
    """The server ends a statement that takes too long, and then it is certain that nothing took effect."""
    async with outsider.transaction():
        await outsider.execute("INSERT INTO history VALUES ('book_trip:b', 1, '[]', now())")
        with pytest.raises(StoreUnavailable, match="57014"):
            await store.commit([start("book_trip:a"), start("book_trip:b")], [])
        await outsider.execute("DELETE FROM history")
    assert await store.load(["book_trip:a"]) == {}
    assert await store.commit([start("book_trip:a"), start("book_trip:b")], []) == {"book_trip:a", "book_trip:b"}


async def test_the_answer_to_a_commit_is_lost(proxied: PostgresStore, proxy: LossyProxy, store: PostgresStore) -> None:
    """The connection breaks after Postgres has committed: the outcome is unknown, and the log has it."""
    await proxied.commit([start("book_trip:warm_up")], [])
    proxy.swallow = proxy.cut_on_swallow = True
    with pytest.raises(OutcomeUnknown, match="may have happened"):
        await proxied.commit([start("book_trip:a")], [])
    assert set(await store.load(["book_trip:a"])) == {"book_trip:a"}
    proxy.swallow = False
    assert await proxied.commit([start("book_trip:a")], []) == frozenset()


async def test_the_answer_to_a_commit_never_comes(proxied: PostgresStore, proxy: LossyProxy) -> None:
    """The network swallows it: unknown after the statement's time and a little, not after the kernel's patience."""
    await proxied.commit([start("book_trip:warm_up")], [])
    proxy.swallow = True
    with pytest.raises(OutcomeUnknown):
        await proxied.commit([start("book_trip:a")], [])
    proxy.swallow = False
    assert set(await proxied.load(["book_trip:a"])) == {"book_trip:a"}


async def test_the_answer_to_a_read_is_lost(proxied: PostgresStore, proxy: LossyProxy) -> None:
    """A read can always be tried again."""
    await proxied.load(["book_trip:a"])
    proxy.swallow = proxy.cut_on_swallow = True
    with pytest.raises(StoreUnavailable):
        await proxied.load(["book_trip:a"])
    proxy.swallow = False
    assert await proxied.load(["book_trip:a"]) == {}


async def test_an_outage_between_two_commits(proxied: PostgresStore, proxy: LossyProxy) -> None:
    """The store finds new connections by itself."""
    await proxied.commit([start("book_trip:a")], [])
    proxy.cut()
    await until_written(proxied, step("book_trip:a", 2))
    assert len((await proxied.load(["book_trip:a"]))["book_trip:a"].rows) == 2


@pytest.mark.parametrize("stepwise", [False, True], ids=["at_once", "stepwise"])
async def test_a_read_only_server_is_left(pool: Pool, stepwise: bool) -> None:
    """The old primary lives on as a standby: its refusal drops all connections, the next one looks for the new one."""
    store = PostgresStore(pool, stepwise=stepwise)
    async with pool.connection() as first, pool.connection() as second:
        for connection in (first, second):
            await connection.execute("SET default_transaction_read_only = on")
    with pytest.raises(StoreUnavailable, match="read-only"):
        await store.commit([start("book_trip:a")], [])
    assert await store.commit([start("book_trip:a")], []) == {"book_trip:a"}


async def test_ping_sees_a_read_only_server(pool: Pool, store: PostgresStore) -> None:
    """Without writing anything."""
    async with pool.connection() as connection:
        await connection.execute("SET default_transaction_read_only = on")
    with pytest.raises(StoreUnavailable, match="read-only"):
        await store.ping()
    await store.ping()


async def test_a_standby_is_not_connected_to(migrated_url: str, outsider: asyncpg.Connection) -> None:
    """As long as the address leads to a server that cannot be written to."""
    name = urlsplit(migrated_url).path[1:]
    await outsider.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    pool = await connect(migrated_url)
    with pytest.raises(StoreUnavailable, match="read-only"):
        await PostgresStore(pool).ping()


async def test_all_connections_are_busy(pool: Pool, store: PostgresStore) -> None:
    """Waiting has an end."""
    async with pool.connection(), pool.connection(), pool.connection():
        with pytest.raises(StoreUnavailable, match="busy"):
            await store.commit([], [Confirmed("book_trip:a:1", 1)])
    await store.ping()


async def test_a_closed_pool_refuses(pool: Pool, store: PostgresStore, until: Until) -> None:
    """And leaves no session behind."""
    await store.ping()
    await pool.close()
    await until(ALONE)
    with pytest.raises(StoreUnavailable, match="closed"):
        await store.ping()


async def until_written(store: PostgresStore, write: SagaWrite) -> None:
    """Tries again while the event loop has not heard yet that a connection is gone, as the runtime does."""
    while len(await loaded_rows(store, write.saga_id)) < write.seq:
        with suppress(StoreUnavailable, OutcomeUnknown):
            await store.commit([write], [])


async def loaded_rows(store: PostgresStore, saga_id: str) -> tuple[str | bytes, ...]:
    """The saga's history, as soon as it can be read; empty when it has none."""
    while True:
        with suppress(StoreUnavailable):
            found = (await store.load([saga_id])).get(saga_id)
            return found.rows if found else ()
