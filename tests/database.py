"""A database with the schema, for each test its own: a copy of one that is migrated once per run."""

import secrets
from asyncio import AbstractEventLoop
from collections.abc import Iterator

import pytest

import migrations
from coordinator.embedded.server import KafkaServer, PostgresServer
from coordinator.embedded.stack import Servers
from tests.conftest import NewDatabase


@pytest.fixture(scope="session")
def migrated_template(servers: Servers[PostgresServer, KafkaServer], session_loop: AbstractEventLoop) -> Iterator[str]:
    """The name of a database at the newest revision; nobody else connects to it."""
    name = f"migrated_{secrets.token_hex(6)}"
    session_loop.run_until_complete(servers.postgres.create_database(name))
    session_loop.run_until_complete(migrations.upgrade(servers.postgres.url(name)))
    yield name
    session_loop.run_until_complete(servers.postgres.drop_database(name))


@pytest.fixture
async def migrated_url(new_database: NewDatabase, migrated_template: str) -> str:
    """The URL of a database with the schema and no sagas."""
    return await new_database(migrated_template)
