"""All of Amends on this machine: the two servers, a coordinator and participants, each in a process of its own."""

import asyncio
import contextlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import asyncpg

import migrations
from coordinator.cli.processes import Part
from coordinator.embedded.progress import Progress, silent
from coordinator.embedded.server import KafkaServer, PostgresServer
from coordinator.embedded.stack import Servers, choose_servers

DEMO_PARTICIPANTS = ("flights", "hotels", "payments")


@dataclass(frozen=True, slots=True)
class Layout:
    """What a stack consists of."""

    participants: Mapping[str, Sequence[str]] = field(
        default_factory=lambda: {name: ("-m", f"participants.{name}") for name in DEMO_PARTICIPANTS}
    )
    """By name, what Python is to run."""
    keeping: bool = True
    """Whether each participant gets a database of its own."""
    settings: Mapping[str, str] = field(default_factory=dict[str, str])
    """Further variables for every part."""
    port: int = 0
    """Of the coordinator's HTTP interface; 0 takes a free one."""
    prefix: str = "amends"
    """Of topics; of databases too, where a server is not ours alone."""


class Stack:
    """Start it, use it, stop it; nothing is left running."""

    def __init__(self, root: Path, layout: Layout, *, progress: Progress = silent, fresh: bool = False) -> None:
        """Data and logs are kept under ``root``. With ``fresh``, what an earlier run left there is forgotten."""
        self.root = root
        self.layout = layout
        self.url = ""
        """Of the coordinator, once it is ready."""
        self.database_url = ""
        self.participant_urls: dict[str, str] = {}
        """Each participant's own database."""
        self.coordinator: Part
        self.participants: dict[str, Part] = {}
        self._progress = progress
        self.servers: Servers[PostgresServer, KafkaServer] = choose_servers(
            root,
            database_url=os.environ.get("AMENDS_DATABASE_URL"),
            kafka_bootstrap=os.environ.get("AMENDS_KAFKA_BOOTSTRAP"),
            progress=progress,
            fresh=fresh,
        )

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Brings everything up. Raises EmbeddedServerFailed, ProcessFailed."""
        await self.servers.start()
        try:
            await self._databases()
            self._parts()
            await self._launch()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stops everything, the servers last."""
        parts = [*self.participants.values(), *([self.coordinator] if hasattr(self, "coordinator") else [])]
        await asyncio.gather(*(part.stop() for part in parts), return_exceptions=True)
        await self.servers.stop()

    async def start_coordinator(self, extra: Mapping[str, str] | None = None) -> None:
        """Starts the coordinator (again) and learns its address."""
        self.url = (await self.coordinator.start(extra)).split()[-1]

    async def _databases(self) -> None:
        names = ["amends", *(self.layout.participants if self.layout.keeping else ())]
        urls = await asyncio.gather(*(self._database(name) for name in names))
        self.database_url = urls[0]
        self.participant_urls = dict(zip(names[1:], urls[1:], strict=True))
        await migrations.upgrade(self.database_url)
        self._progress("schema at head")

    async def _database(self, name: str) -> str:
        full = name if self.layout.prefix == "amends" else f"{self.layout.prefix}_{name}".replace("-", "_")
        with contextlib.suppress(asyncpg.DuplicateDatabaseError):
            await self.servers.postgres.create_database(full)
        return self.servers.postgres.url(full)

    def _parts(self) -> None:
        common = {
            "AMENDS_KAFKA_BOOTSTRAP": self.servers.kafka.bootstrap,
            "AMENDS_TOPIC_PREFIX": self.layout.prefix,
            **self.layout.settings,
        }
        logs = self.root / "logs"
        own = {
            "AMENDS_DATABASE_URL": self.database_url,
            "AMENDS_HTTP_PORT": str(self.layout.port),
            "AMENDS_INSTANCE": "coordinator-1",
        }
        serve = ("-m", "coordinator.cli", "serve")
        self.coordinator = Part("coordinator", serve, {**common, **own}, logs / "coordinator.log")
        for name, arguments in self.layout.participants.items():
            environment = {**common, "AMENDS_PARTICIPANT_INSTANCE": f"{name}-1"}
            if name in self.participant_urls:
                environment["AMENDS_PARTICIPANT_DATABASE_URL"] = self.participant_urls[name]
            self.participants[name] = Part(name, arguments, environment, logs / f"{name}.log")

    async def _launch(self) -> None:
        parts = [part.start() for part in self.participants.values()]
        await asyncio.gather(self.start_coordinator(), *parts)
        databases = ", each with its own database" if self.layout.keeping else ""
        self._progress(f"{' · '.join(self.participants)} ({len(self.participants)} processes{databases})")
        self._progress(f"coordinator  {self.url}")
