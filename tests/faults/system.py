"""Coordinators and participants as real processes, on the servers of the test run."""

import asyncio
import secrets
import signal
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import migrations
from contracts.topics import Topics
from coordinator.cli.processes import Part
from coordinator.embedded.kafka import EmbeddedKafka
from coordinator.embedded.server import KafkaServer, PostgresServer
from coordinator.embedded.stack import Servers
from tests.faults.waiting import until

ROOT = Path(__file__).parents[2]
DEMO = ("flights", "hotels", "payments")
DIES_WITHIN_S = 30.0

QUICK = {
    "AMENDS_SWEEP_EVERY_MS": "200",
    "AMENDS_SWEEP_AGE_MS": "1000",
    "AMENDS_KAFKA_PUBLISH_TIMEOUT_MS": "4000",
    "AMENDS_DATABASE_TIMEOUT_S": "4",
    "AMENDS_HTTP_ANSWER_S": "3",
    "AMENDS_TOPIC_PARTITIONS": "4",
}
"""So that a test need not wait long for what would be found anyhow."""


class System:
    """One deployment: its own databases and topics, one or more coordinators, the participants it is given."""

    def __init__(
        self,
        servers: Servers[PostgresServer, KafkaServer],
        logs: Path,
        *,
        participants: Sequence[str] = DEMO,
        coordinators: int = 1,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        """``settings`` are further variables of the coordinators. Nothing is started yet."""
        name = secrets.token_hex(5)
        self.topics = Topics(f"faults-{name}")
        self.servers = servers
        self._databases = {each: f"faults_{name}_{each}" for each in ("amends", *participants)}
        urls = {each: servers.postgres.url(database) for each, database in self._databases.items()}
        self.database_url = urls.pop("amends")
        self.participant_urls = urls
        """By participant."""
        self.session_timeout_ms = 2_000 if isinstance(servers.kafka, EmbeddedKafka) else 6_000
        """The least that the brokers allow, as a rule."""
        common = {
            "AMENDS_KAFKA_BOOTSTRAP": servers.kafka.bootstrap,
            "AMENDS_TOPIC_PREFIX": self.topics.prefix,
            "PYTHONPATH": str(ROOT),
        }
        own = {
            "AMENDS_DATABASE_URL": self.database_url,
            "AMENDS_HTTP_PORT": "0",
            "AMENDS_KAFKA_SESSION_TIMEOUT_MS": str(self.session_timeout_ms),
        }
        serve = self.program("coordinator.cli", "serve")
        self.coordinators = [
            Part(
                f"coordinator-{number}",
                serve,
                {**common, **QUICK, **own, "AMENDS_INSTANCE": f"coordinator-{number}", **(settings or {})},
                logs / f"coordinator-{number}.log",
            )
            for number in range(coordinators)
        ]
        self._logs, self._common = logs, common
        self.participants = {each: self.participant(each) for each in participants}
        self._urls: dict[int, str] = {}
        self._special: set[Part] = set()
        """Parts that were started with variables of a test's own."""

    def program(self, *arguments: str) -> Sequence[str]:
        """What Python is given to run this module of ours."""
        return ("-m", *arguments)

    def participant(self, name: str, number: int = 1) -> Part:
        """One of its processes, not started; further ones share the work of the first."""
        own = {
            "AMENDS_PARTICIPANT_DATABASE_URL": self.participant_urls[name],
            "AMENDS_PARTICIPANT_INSTANCE": f"{name}-{number}",
        }
        title = name if number == 1 else f"{name}-{number}"
        return Part(title, self.program(f"participants.{name}"), {**self._common, **own}, self._logs / f"{title}.log")

    def url(self, number: int = 0) -> str:
        """Where this coordinator's HTTP interface was last."""
        return self._urls[number]

    async def start(self) -> None:
        """Makes the databases; starts the first coordinator and all participants."""
        for database in self._databases.values():
            await self.servers.postgres.create_database(database)
        await migrations.upgrade(self.database_url)
        for part in self.participants.values():
            await part.launch()
        await self.start_coordinator()
        for part in self.participants.values():
            await part.ready()

    async def close(self) -> None:
        """Stops everything and drops the databases."""
        parts = [*self.coordinators, *self.participants.values()]
        for part in parts:
            part.send(signal.SIGCONT)
        await asyncio.gather(*(part.stop() for part in parts))
        for database in self._databases.values():
            await self.servers.postgres.drop_database(database)

    def log_lines(self) -> dict[str, int]:
        """How much each part has logged so far."""
        parts = [*self.coordinators, *self.participants.values()]
        return {part.name: part.log.read_bytes().count(b"\n") for part in parts if part.log.exists()}

    async def start_coordinator(self, number: int = 0, extra: Mapping[str, str] | None = None) -> None:
        """Starts it, and learns its address. Raises ProcessFailed when it dies first."""
        part = self.coordinators[number]
        self._mark(part, extra)
        self._urls[number] = (await part.start(extra)).split()[-1]

    async def start_participant(self, name: str, extra: Mapping[str, str] | None = None) -> None:
        """Starts it, or starts it anew."""
        part = self.participants[name]
        await part.stop()
        self._mark(part, extra)
        await part.start(extra)

    def _mark(self, part: Part, extra: Mapping[str, str] | None) -> None:
        (self._special.add if extra else self._special.discard)(part)

    async def only_the_first(self) -> None:
        """One coordinator runs, the first, and all participants do, as they were set up."""
        for part in [*self.coordinators, *self.participants.values()]:
            part.send(signal.SIGCONT)
        spare = [*self.coordinators[1:], *self._special]
        await asyncio.gather(*(part.stop() for part in spare))
        if self.coordinators[0].pid is None:
            await self.start_coordinator()
        for name, part in self.participants.items():
            if part.pid is None:
                await self.start_participant(name)


@asynccontextmanager
async def deployed(*systems: System) -> AsyncGenerator[None]:
    """They are started, and closed in the end, whatever happens."""
    try:
        for system in systems:
            await system.start()
        yield
    finally:
        for system in systems:
            await system.close()


class Armed:
    """A failpoint, and the file that tells that it has fired."""

    def __init__(self, failpoint: str, folder: Path, *, times: int = 1, how: str = "kill") -> None:
        self.failpoint = failpoint
        self.file = folder / f"{failpoint}-{secrets.token_hex(4)}"
        self.environment = {
            "AMENDS_FAILPOINTS": f"{failpoint}:{how}@{times}",
            "AMENDS_FAILPOINT_FILE": str(self.file),
        }

    @property
    def fired(self) -> bool:
        """Whether a process got there."""
        return self.file.exists()

    async def fires(self) -> None:
        """Returns once a process got there."""

        async def there() -> bool:
            return self.fired

        await until(there)

    def disarm(self) -> bool:
        """It will not fire any more. False when it has fired already."""
        try:
            self.file.touch(exist_ok=False)
        except FileExistsError:
            return False
        return True


async def death_of(part: Part) -> int:
    """The exit status of a process that is going to die."""
    async with asyncio.timeout(DIES_WITHIN_S):
        return await part.ended()
