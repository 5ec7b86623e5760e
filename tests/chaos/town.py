"""The deployment that is put to the test: several coordinators and participants, each behind proxies of its own."""

import asyncio
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

import migrations
from coordinator.cli.processes import Part
from coordinator.embedded.home import amends_home
from coordinator.embedded.kafka import EmbeddedKafka
from coordinator.embedded.ports import LOOPBACK, kept_ports
from coordinator.embedded.postgres import EmbeddedPostgres
from coordinator.embedded.progress import Progress
from coordinator.embedded.stack import Servers
from tests.chaos.member import Member
from tests.chaos.pooler import Pooler, pooler_program
from tests.chaos.proxy import Proxy
from tests.faults.system import DEMO, System

COPIES = ("flights", "hotels", "hotels", "payments")
"""The participants' processes: of one of them there are two, which share its commands."""
_POOLED = 0.3
"""The share of a coordinator's lives that it spends behind the pooler."""
_BEHIND_POOLER = {"AMENDS_DATABASE_STATEMENT_CACHE": "0"}
_SESSION = {"AMENDS_PARTICIPANT_SESSION_TIMEOUT_MS": "2000"}


def chaos_root(name: str) -> Path:
    """Where the servers, logs and evidence of a run are. One run at a time has a name."""
    return amends_home() / name


def chaos_servers(root: Path, coordinators: int, progress: Progress) -> Servers[EmbeddedPostgres, EmbeddedKafka]:
    """Empty servers; Kafka has a door for each process."""
    doors = kept_ports(root / "doors", coordinators + len(COPIES))
    kafka = EmbeddedKafka(root / "kafka", progress=progress, doors=doors)
    return Servers(root, EmbeddedPostgres(root / "postgres"), kafka, progress=progress, fresh=True)


class Town(System):
    """All of its processes are started again whenever they die."""

    def __init__(
        self,
        servers: Servers[EmbeddedPostgres, EmbeddedKafka],
        root: Path,
        random: Random,
        coordinators: int,
        plant: str | None = None,
    ) -> None:
        """The servers must have been started. ``plant`` names a bug of ``tests.chaos.planted``."""
        self.root, self._plant = root, plant
        logs = root / "logs"
        super().__init__(servers, logs, coordinators=coordinators)
        self.postgres, self.kafka = servers.postgres, servers.kafka
        program = pooler_program()
        self.pooler = Pooler(program, root / "pooler", self.postgres.port) if program else None
        """pgbouncer, where it is installed."""
        self._random = Random(random.random())
        copies = [self.participant(name, COPIES[:place].count(name) + 1) for place, name in enumerate(COPIES)]
        doors = iter(self.kafka.behind)
        logs.mkdir(parents=True, exist_ok=True)
        self.members = [self._member(part, next(doors), random) for part in (*self.coordinators, *copies)]

    def program(self, *arguments: str) -> Sequence[str]:
        """With the planted bug, if there is one."""
        return ("-m", *(("tests.chaos.planted", self._plant) if self._plant else ()), *arguments)

    @property
    def coordinating(self) -> list[Member]:
        """The coordinators."""
        return [member for member in self.members if member.is_coordinator]

    @property
    def taking_part(self) -> list[Member]:
        """The participants' processes."""
        return [member for member in self.members if not member.is_coordinator]

    @property
    def reachable(self) -> list[int]:
        """Coordinators whose address is known, by number."""
        return [*self._urls]

    async def start(self) -> None:
        """Makes the databases, opens the proxies and starts everything."""
        for database in self._databases.values():
            await self.servers.postgres.create_database(database)
        await migrations.upgrade(self.database_url)
        if self.pooler is not None:
            self.pooler.start()
        for number, member in enumerate(self.members):
            await member.postgres.open()
            await member.kafka.open()
            if member.is_coordinator:
                member.on_ready = lambda line, number=number: self._address(number, line)
            member.keep()
        await self.is_up()

    async def is_up(self) -> None:
        """Returns when every process is ready. Raises TimeoutError."""
        await asyncio.gather(*(member.is_up() for member in self.members))

    async def heal(self) -> None:
        """No process is killed, frozen or cut off any longer; returns when all are ready."""
        for member in self.members:
            member.disarm()
            member.postgres.heal()
            member.kafka.heal()
            member.clock.set(0)
            member.let_go()
            member.part.send(signal.SIGCONT)
        if self.postgres.pid is None:
            await self.postgres.start()
        if self.kafka.pid is None:
            await self.kafka.start()
        await self.is_up()

    async def close(self) -> None:
        """Ends all processes."""
        await asyncio.gather(*(member.close() for member in self.members))
        for member in self.members:
            member.postgres.close()
            member.kafka.close()
        if self.pooler is not None:
            self.pooler.kill()

    def _address(self, number: int, line: str) -> None:
        self._urls[number] = line.split()[-1]

    def _member(self, part: Part, door: int, random: Random) -> Member:
        behind = self.kafka.behind[door]
        pooled = False
        pooler = self.pooler

        def database() -> int:
            return pooler.port if pooled and pooler is not None else self.postgres.port

        postgres = Proxy(database, Random(random.random()))
        kafka = Proxy(lambda: behind, Random(random.random()), door)

        def environment() -> Mapping[str, str]:
            direct = {"AMENDS_KAFKA_BOOTSTRAP": f"{LOOPBACK}:{kafka.port}"}
            if part in self.coordinators:
                nonlocal pooled
                pooled = pooler is not None and self._random.random() < _POOLED
                address = {"AMENDS_DATABASE_URL": _through(postgres, self.database_url)}
                return {**direct, **address, **(_BEHIND_POOLER if pooled else {})}
            url = self.participant_urls[part.name.partition("-")[0]]
            return {**direct, **_SESSION, "AMENDS_PARTICIPANT_DATABASE_URL": _through(postgres, url)}

        return Member(part, environment, postgres, kafka, part.log.with_suffix(".clock"))


def _through(proxy: Proxy, url: str) -> str:
    return url.replace(f":{urlsplit(url).port}/", f":{proxy.port}/")


assert set(COPIES) == set(DEMO)
