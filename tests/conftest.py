"""What every test may ask for: real servers, started when the first test wants them, and its own corner of them."""

import asyncio
import os
import secrets
from asyncio import AbstractEventLoop
from collections.abc import AsyncIterator, Awaitable, Iterator
from typing import Protocol

import pytest

from coordinator.embedded.kafka import EmbeddedKafka
from coordinator.embedded.postgres import EmbeddedPostgres
from coordinator.embedded.server import KafkaServer, PostgresServer
from coordinator.embedded.stack import Servers
from tests.servers import prepare_kafka, start_servers


def pytest_sessionstart(session: pytest.Session) -> None:
    """Before several workers start: what is downloaded once is downloaded here, where it can be said."""
    workers = getattr(session.config.option, "numprocesses", None)
    if workers and "AMENDS_KAFKA_BOOTSTRAP" not in os.environ:
        asyncio.run(prepare_kafka(print))


class NewDatabase(Protocol):
    """Makes a database for this test; it is dropped after it."""

    def __call__(self, template: str | None = None) -> Awaitable[str]:
        """Its URL. A copy of the template if one is named, empty otherwise."""
        ...


@pytest.fixture(scope="session")
def session_loop() -> Iterator[AbstractEventLoop]:
    """For what is done once per run, by `session_loop.run_until_complete(…)`: each test has a loop of its own."""
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


@pytest.fixture(scope="session")
def servers(
    session_loop: AbstractEventLoop, pytestconfig: pytest.Config
) -> Iterator[Servers[PostgresServer, KafkaServer]]:
    """A real PostgreSQL and a real Kafka, empty at the start of the run, shared by all its tests."""
    reporter = pytestconfig.pluginmanager.get_plugin("terminalreporter")
    capture = pytestconfig.pluginmanager.get_plugin("capturemanager")

    def progress(line: str) -> None:
        if reporter is not None and capture is not None:
            with capture.global_and_fixture_disabled():
                reporter.write_line(line)

    servers = start_servers(session_loop, progress)
    yield servers
    session_loop.run_until_complete(servers.stop())


@pytest.fixture
def bootstrap(servers: Servers[PostgresServer, KafkaServer]) -> str:
    """Where clients find Kafka."""
    return servers.kafka.bootstrap


@pytest.fixture
async def new_database(servers: Servers[PostgresServer, KafkaServer]) -> AsyncIterator[NewDatabase]:
    """For tests that need several databases, or a copy of a template."""
    made: list[str] = []

    async def make(template: str | None = None) -> str:
        name = f"test_{secrets.token_hex(6)}"
        made.append(name)
        await servers.postgres.create_database(name, template)
        return servers.postgres.url(name)

    yield make
    for name in made:
        await servers.postgres.drop_database(name)


@pytest.fixture
async def database_url(new_database: NewDatabase) -> str:
    """An empty database of this test's own."""
    return await new_database()


@pytest.fixture
def topic_prefix() -> str:
    """Of this test's own topics, and a fine name for its consumer groups."""
    return f"test-{secrets.token_hex(6)}"


@pytest.fixture
async def embedded_postgres(servers: Servers[PostgresServer, KafkaServer]) -> AsyncIterator[EmbeddedPostgres]:
    """PostgreSQL to be stopped, killed and started again; it runs again after the test."""
    postgres = servers.postgres
    if not isinstance(postgres, EmbeddedPostgres):
        pytest.skip("it stops PostgreSQL, and the one of AMENDS_DATABASE_URL is not ours to stop")
    yield postgres
    if postgres.pid is None:
        await postgres.start()


@pytest.fixture
async def embedded_kafka(servers: Servers[PostgresServer, KafkaServer]) -> AsyncIterator[EmbeddedKafka]:
    """Kafka to be stopped, killed and started again; it runs again after the test."""
    kafka = servers.kafka
    if not isinstance(kafka, EmbeddedKafka):
        pytest.skip("it stops Kafka, and the one of AMENDS_KAFKA_BOOTSTRAP is not ours to stop")
    yield kafka
    if kafka.pid is None:
        await kafka.start()
