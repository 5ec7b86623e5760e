"""Servers of one's own, behind the same few words as the embedded ones."""

from urllib.parse import urlsplit

import asyncpg
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from coordinator.embedded.databases import create_database, database_url, drop_database, server_version
from coordinator.embedded.failure import EmbeddedServerFailed


class ExternalPostgres:
    """The PostgreSQL of AMENDS_DATABASE_URL: only asked, never started or stopped."""

    name = "PostgreSQL"

    def __init__(self, url: str) -> None:
        """`url` is of any database of it, with a user who may create databases."""
        self._url = database_url(url, urlsplit(url).path.lstrip("/") or "postgres")
        self.version = "?"

    def url(self, database: str = "amends") -> str:
        """Of one database, which need not exist yet."""
        return database_url(self._url, database)

    async def start(self) -> None:
        """Returns when it answered a query. Raises EmbeddedServerFailed if it does not."""
        try:
            self.version = await server_version(self._url)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
            where = urlsplit(self._url).hostname
            raise EmbeddedServerFailed(
                f"The PostgreSQL of AMENDS_DATABASE_URL on {where} does not answer: {error} "
                "Start it, or unset AMENDS_DATABASE_URL to use an embedded one."
            ) from error

    async def stop(self) -> None:
        """Nothing: it is not ours."""

    def kill(self) -> None:
        """Nothing: it is not ours."""

    async def wipe(self) -> None:
        """Nothing: what is in it is not ours."""

    async def create_database(self, name: str, template: str | None = None) -> None:
        """An empty database, or a copy of the template, to which nobody may be connected meanwhile."""
        await create_database(self._url, name, template)

    async def drop_database(self, name: str) -> None:
        """Drops it, whoever is connected to it; nothing if there is none."""
        await drop_database(self._url, name)


class ExternalKafka:
    """The Kafka of AMENDS_KAFKA_BOOTSTRAP: only asked, never started or stopped."""

    name = "Kafka"

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap
        self.version = "?"

    async def start(self) -> None:
        """Returns when it answered a request for metadata. Raises EmbeddedServerFailed if it does not."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap, request_timeout_ms=10_000)
        try:
            await admin.start()
        except (OSError, KafkaError, TimeoutError) as error:
            raise EmbeddedServerFailed(
                f"The Kafka of AMENDS_KAFKA_BOOTSTRAP, {self.bootstrap}, does not answer: {error} "
                "Start it, or unset AMENDS_KAFKA_BOOTSTRAP to use an embedded one."
            ) from error
        finally:
            await admin.close()

    async def stop(self) -> None:
        """Nothing: it is not ours."""

    def kill(self) -> None:
        """Nothing: it is not ours."""

    async def wipe(self) -> None:
        """Nothing: what is in it is not ours."""
