"""The migrations: they lead to the tables of ``store/tables.py``, back again, and may be run by many at once."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

import migrations
from coordinator.store.tables import metadata
from tests.conftest import NewDatabase

SCHEMA = {
    "columns": """
        SELECT table_name, column_name, ordinal_position, data_type, collation_name, is_nullable, column_default
        FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'alembic_version'
        ORDER BY table_name, ordinal_position
    """,
    "constraints": """
        SELECT conrelid::regclass::text, conname, contype::text, pg_get_constraintdef(oid)
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND conname <> 'alembic_version_pkc'
              AND conname NOT LIKE 'alembic_version%'
        ORDER BY 1, 2
    """,
    "indexes": """
        SELECT tablename, indexname, indexdef FROM pg_indexes
        WHERE schemaname = 'public' AND tablename <> 'alembic_version' ORDER BY 1, 2
    """,
    "storage parameters": """
        SELECT relname, (SELECT array_agg(option ORDER BY option) FROM unnest(reloptions) AS option)
        FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'alembic_version'
        ORDER BY relname
    """,
    "everything": """
        SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname NOT LIKE 'alembic_version%'
        ORDER BY relname
    """,
}
Ask = Callable[[str], Awaitable[list[tuple[object, ...]]]]


@pytest.fixture
async def ask(database_url: str) -> AsyncIterator[Ask]:
    """The rows of a query in this test's database."""
    connection = await asyncpg.connect(database_url)

    async def rows(query: str) -> list[tuple[object, ...]]:
        return [tuple(row) for row in await connection.fetch(query)]

    yield rows
    await connection.close()


@pytest.fixture
async def ask_created(new_database: NewDatabase) -> AsyncIterator[Ask]:
    """The same in a database whose tables SQLAlchemy has made."""
    url = await new_database()
    async with migrations.connection_to(url) as connection:
        await connection.run_sync(metadata.create_all)
        await connection.commit()
    asyncpg_connection = await asyncpg.connect(url)

    async def rows(query: str) -> list[tuple[object, ...]]:
        return [tuple(row) for row in await asyncpg_connection.fetch(query)]

    yield rows
    await asyncpg_connection.close()


@pytest.mark.parametrize("part", SCHEMA)
async def test_migrations_equal_the_tables(database_url: str, ask: Ask, ask_created: Ask, part: str) -> None:
    """To the last constraint, index and storage parameter."""
    await migrations.upgrade(database_url)
    assert await ask(SCHEMA[part]) == await ask_created(SCHEMA[part])
    assert await ask(SCHEMA[part]) != []


async def test_alembic_finds_no_difference(database_url: str) -> None:
    """A new migration would be empty."""
    await migrations.upgrade(database_url)

    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), metadata))

    async with migrations.connection_to(database_url) as connection:
        assert await connection.run_sync(differences) == []


async def test_a_new_database_has_no_revision(database_url: str) -> None:
    """None, until the first upgrade."""
    assert await migrations.current(database_url) is None
    await migrations.upgrade(database_url)
    assert await migrations.current(database_url) == migrations.head()


async def test_there_is_one_head() -> None:
    """Two people's migrations do not fork."""
    assert len(ScriptDirectory.from_config(migrations.alembic_config()).get_heads()) == 1


async def test_a_second_upgrade_does_nothing(database_url: str, ask: Ask) -> None:
    """Not a row of the catalogue is written again."""
    tables = "SELECT oid, xmin::text, relname FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY oid"
    await migrations.upgrade(database_url)
    before = await ask(tables)
    await migrations.upgrade(database_url)
    assert await ask(tables) == before


async def test_each_step_goes_back_and_forth(database_url: str, ask: Ask) -> None:
    """Each downgrade leaves what was there before its upgrade; the last one leaves nothing."""
    revisions = [
        script.revision for script in ScriptDirectory.from_config(migrations.alembic_config()).walk_revisions()
    ]
    schemas: dict[str, list[list[tuple[object, ...]]]] = {}
    for revision in reversed(revisions):
        await migrations.upgrade(database_url, revision)
        schemas[revision] = [await ask(query) for query in SCHEMA.values()]
    for revision in revisions:
        assert [await ask(query) for query in SCHEMA.values()] == schemas[revision]
        await migrations.downgrade(database_url, "-1")
    assert await ask(SCHEMA["everything"]) == []
    await migrations.upgrade(database_url)
    assert [await ask(query) for query in SCHEMA.values()] == schemas[migrations.head()]


async def test_many_at_once(database_url: str) -> None:
    """Every process of a deployment may try at its start: one does it, the others wait and find it done."""
    await asyncio.gather(*(migrations.upgrade(database_url) for _ in range(6)))
    assert await migrations.current(database_url) == migrations.head()


async def test_waiting_for_another_one_ends(database_url: str) -> None:
    """With a sentence that says where to look."""
    other = await asyncpg.connect(database_url)
    await other.execute("SELECT pg_advisory_lock($1)", migrations.LOCK)
    with pytest.raises(migrations.MigrationTimeout, match="pg_stat_activity"):
        await migrations.upgrade(database_url, wait=0)
    await other.close()
    assert await migrations.current(database_url) is None


async def test_at_head_nobody_waits(database_url: str, ask: Ask) -> None:
    """A pooler in between may keep the lock of one who migrated: who finds nothing to do needs none."""
    await migrations.upgrade(database_url)
    await ask(f"SELECT pg_advisory_lock({migrations.LOCK})")
    await migrations.upgrade(database_url, wait=0)


async def test_statements_have_names_of_their_own(database_url: str) -> None:
    """The session that a pooler lends may have the statements of another process, which asyncpg numbers from 1 too."""
    async with migrations.connection_to(database_url) as connection:
        await connection.execute(text("SELECT 1"))
        names = [row.name for row in await connection.execute(text("SELECT name FROM pg_prepared_statements"))]
    assert names
    assert not [name for name in names if name.startswith("__asyncpg")]


async def test_a_database_of_a_newer_release(database_url: str, ask: Ask) -> None:
    """An older one leaves it alone, and says which release to use."""
    await migrations.upgrade(database_url)
    await ask("UPDATE alembic_version SET version_num = 'from_the_future'")
    with pytest.raises(migrations.UnknownRevision, match="from_the_future"):
        await migrations.upgrade(database_url)


async def test_a_step_that_fails_leaves_nothing(database_url: str, ask: Ask) -> None:
    """Here the last table is there already: none of the others is made, and Postgres' own words come through."""
    await ask("CREATE TABLE outbox ()")
    with pytest.raises(asyncpg.DuplicateTableError, match="outbox"):
        await migrations.upgrade(database_url)
    assert await migrations.current(database_url) is None
    assert await ask(SCHEMA["everything"]) == [("outbox",)]


@pytest.mark.parametrize("step", [1, 2])
async def test_killed_in_a_step(database_url: str, ask: Ask, ask_created: Ask, step: int) -> None:
    """The schema is as it was before that step, and the next upgrade goes on from there."""
    armed = {"AMENDS_DATABASE_URL": database_url, "AMENDS_FAILPOINTS": f"migration_step:kill@{step}"}
    arguments = (sys.executable, "-m", "coordinator.cli", "db", "upgrade")
    upgrading = await asyncio.create_subprocess_exec(*arguments, env={**os.environ, **armed})
    assert await upgrading.wait() == -signal.SIGKILL
    steps = ScriptDirectory.from_config(migrations.alembic_config())
    revisions = [None, *(script.revision for script in reversed([*steps.walk_revisions()]))]
    assert await migrations.current(database_url) == revisions[step - 1]
    await migrations.upgrade(database_url)
    for part, query in SCHEMA.items():
        assert await ask(query) == await ask_created(query), part


async def test_both_spellings_of_an_address(database_url: str) -> None:
    """SQLAlchemy's, too."""
    await migrations.upgrade(database_url.replace("postgresql://", "postgresql+asyncpg://"))
    assert await migrations.current(database_url) == migrations.head()
