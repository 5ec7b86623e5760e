"""PostgreSQL and Kafka together, as one thing that is started and stopped."""

import asyncio
import time
from pathlib import Path
from types import TracebackType
from typing import Generic, Self, TypeVar

from coordinator.embedded.external import ExternalKafka, ExternalPostgres
from coordinator.embedded.kafka import EmbeddedKafka
from coordinator.embedded.lock import RootLock
from coordinator.embedded.postgres import EmbeddedPostgres
from coordinator.embedded.progress import Progress, silent
from coordinator.embedded.server import KafkaServer, PostgresServer, Server

P = TypeVar("P", bound=PostgresServer, covariant=True)
K = TypeVar("K", bound=KafkaServer, covariant=True)


class Servers(Generic[P, K]):
    """Both servers, under one root. One living process at a time has the servers of a root."""

    def __init__(self, root: Path, postgres: P, kafka: K, *, progress: Progress = silent, fresh: bool = False) -> None:
        """With `fresh`, what earlier runs left in the root is forgotten at the start."""
        self._postgres = postgres
        self._kafka = kafka
        self._lock = RootLock(root)
        self._progress = progress
        self._fresh = fresh

    @property
    def postgres(self) -> P:
        """The databases."""
        return self._postgres

    @property
    def kafka(self) -> K:
        """The topics."""
        return self._kafka

    async def start(self) -> None:
        """Starts both at once; returns when both answer.

        Raises EmbeddedServersBusy if another process has this root, EmbeddedServerFailed if one does not start: then
        the other is stopped too. Call it in the main thread: the servers die with the thread that started them.
        """
        self._lock.take()
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._start(self._postgres))
                both.create_task(self._start(self._kafka))
        except BaseException as error:
            self.kill()
            if isinstance(error, BaseExceptionGroup):
                raise error.exceptions[0] from None
            raise

    async def stop(self) -> None:
        """Stops both; returns when nothing of them is left running."""
        try:
            await asyncio.gather(self._postgres.stop(), self._kafka.stop())
        except BaseException:
            self.kill()
            raise
        finally:
            self._lock.release()

    def kill(self) -> None:
        """SIGKILL for both."""
        self._postgres.kill()
        self._kafka.kill()
        self._lock.release()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def _start(self, server: Server) -> None:
        began = time.monotonic()
        if self._fresh:
            await server.wipe()
        await server.start()
        self._progress(f"{server.name} {server.version} ready in {time.monotonic() - began:.1f} s")


class EmbeddedServers(Servers[EmbeddedPostgres, EmbeddedKafka]):
    """Both started from packages."""

    def __init__(self, root: Path, *, progress: Progress = silent, fresh: bool = False) -> None:
        """`root` is a folder of their own, such as `.amends/dev`; the jars are shared by all roots."""
        postgres = EmbeddedPostgres(root / "postgres")
        kafka = EmbeddedKafka(root / "kafka", progress=progress)
        super().__init__(root, postgres, kafka, progress=progress, fresh=fresh)


def choose_servers(
    root: Path,
    *,
    database_url: str | None = None,
    kafka_bootstrap: str | None = None,
    progress: Progress = silent,
    fresh: bool = False,
) -> Servers[PostgresServer, KafkaServer]:
    """One's own servers where they are named (AMENDS_DATABASE_URL, AMENDS_KAFKA_BOOTSTRAP), embedded ones otherwise."""
    postgres = ExternalPostgres(database_url) if database_url else EmbeddedPostgres(root / "postgres")
    kafka = ExternalKafka(kafka_bootstrap) if kafka_bootstrap else EmbeddedKafka(root / "kafka", progress=progress)
    return Servers(root, postgres, kafka, progress=progress, fresh=fresh)


async def stop_leftovers(root: Path) -> list[str]:
    """Stops the servers of this root, whoever started them, and says which there were: for `make clean`."""
    embedded = (EmbeddedPostgres(root / "postgres"), EmbeddedKafka(root / "kafka"))
    return [server.name for server in embedded if await server.stop_leftover()]
