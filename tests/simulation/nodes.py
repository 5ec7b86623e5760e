"""What runs in the simulated processes: whole coordinators, and whole participant workers."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from contracts.topics import Topics
from coordinator.history.codec import read_events
from coordinator.history.events import Event
from coordinator.kafka.broker import KafkaBroker
from coordinator.kafka.connection import KafkaSettings
from coordinator.runtime.coordinator import Coordinator
from coordinator.runtime.limits import Limits
from coordinator.saga import Definitions
from participants.sdk.participant import Participant
from participants.sdk.worker import Worker
from tests.simulation.cluster import Cluster
from tests.simulation.connection import Connection, engine_of
from tests.simulation.database import Database
from tests.simulation.errands import MENDED, RELEASES
from tests.simulation.loop import SimulationLoop
from tests.simulation.network import Network
from tests.simulation.outside import OUTSIDE, Outside
from tests.simulation.plan import Plan
from tests.simulation.process import Process
from tests.simulation.stores import SharedLog, StoreOf

TOPICS = Topics()
_LIMITS = Limits(batch_sagas=20, warm_sagas=50, sweep_every_ms=2_000, foreign_leftovers_older_ms=10_000)


class Node:
    """A place where one process after another runs."""

    def __init__(self, name: str, network: Network, cluster: Cluster) -> None:
        self.name = name
        self.network = network
        self.loop: SimulationLoop = network.loop
        self.cluster = cluster
        self.process: Process | None = None
        self.skew_s = 0.0
        self.stepped_s = 0.0
        """Somebody has set its clock, by so much; a restart does not mend that."""
        self._lives = 0
        self._pauses = 0

    @property
    def up(self) -> bool:
        """Whether a process runs here that answers."""
        return self.process is not None and self.process.alive and not self.process.paused

    def start(self) -> None:
        """Another process."""
        process = self.process = Process(self.name, self._lives)
        process.wall_off_s = self.skew_s + self.stepped_s
        self._lives += 1
        self.network.trace(self.name, "starts", process.life)
        self.spawn(self._main(process))

    def spawn(self, coroutine: Any) -> "asyncio.Task[Any]":
        """Runs it in this node's process."""
        assert self.process is not None
        return self.loop.create_task(coroutine, context=self.process.context)

    async def _main(self, process: Process) -> None:
        raise NotImplementedError

    async def end(self) -> None:
        """Stops in an orderly way; awaited in the process."""
        raise NotImplementedError

    def kill(self) -> None:
        """Ends it between two callbacks, or in the middle of one: what that one still does reaches nobody."""
        process = self.process
        if process is None or not process.alive:
            return
        self.network.trace(self.name, "is killed")
        self.loop.bury(process)
        for session in self._sessions(process):
            self.network.after(session.session_s, session.missed)

    def _sessions(self, process: Process) -> list[Any]:
        return [each for each in self.cluster.sessions.values() if each.process is process]

    def pause(self, seconds: float) -> None:
        """Stops it where it is, and lets it go on after a while, none the wiser."""
        process = self.process
        if process is None or not process.alive or process.paused:
            return
        self.network.trace(self.name, "is paused", round(seconds, 3))
        self.loop.pause(process)
        self._pauses += 1
        for session in self._sessions(process):
            self.network.after(session.session_s, self._miss, session, self._pauses)
        self.network.after(seconds, self._wake, process)

    def _miss(self, session: Any, pause: int) -> None:
        if session.process.paused and pause == self._pauses:
            session.missed()

    def _wake(self, process: Process) -> None:
        if not process.alive or not process.paused:
            return
        self.network.trace(self.name, "wakes")
        self.loop.resume(process)
        asked, process.on_waking = process.on_waking, []
        for ask in asked:
            ask()

    def heal(self) -> None:
        """It runs, whatever happened."""
        process, self.stepped_s = self.process, 0.0
        if process is not None and process.alive:
            process.in_steps = -1
            self._wake(process)
            process.wall_off_s = self.skew_s
        else:
            self.start()


class CoordinatorNode(Node):
    """Coordinators of one release, later of another."""

    def __init__(self, name: str, network: Network, cluster: Cluster, log: SharedLog, plan: Plan) -> None:
        super().__init__(name, network, cluster)
        self.release = 1
        """Of the next process."""
        self.running = 1
        """Of the one that runs."""
        self.mended = False
        """Whether the next process has the patches."""
        self._has_patches = False
        self._log, self._partitions = log, plan.partitions
        self._limits = replace(_LIMITS, **plan.limits)
        self.outside: Outside | None = None
        """What its local steps call."""
        self.coordinator: Coordinator | None = None
        self.store: StoreOf | None = None

    @property
    def definitions(self) -> Definitions:
        """Those that its process has."""
        return (MENDED if self._has_patches else RELEASES)[self.running]

    @property
    def latest(self) -> int:
        """The version that its process starts sagas with."""
        latest = self.definitions.latest("errand")
        assert latest is not None
        return latest.version

    async def history(self, saga_id: str) -> Sequence[Sequence[Event]]:
        """The saga's rows; none, if there is no such saga. Awaited in the process. Raises StoreUnavailable."""
        assert self.store is not None
        stored = (await self.store.load([saga_id])).get(saga_id)
        return [] if stored is None else [read_events(row) for row in stored.rows]

    async def _main(self, process: Process) -> None:
        self.running, self._has_patches = self.release, self.mended
        assert self.outside is not None
        OUTSIDE.set(self.outside)
        definitions = self.definitions
        self.store = StoreOf(self._log, process, self.network)
        settings = KafkaSettings("simulated:9092", partitions=self._partitions, commit_every_ms=500)
        self.coordinator = Coordinator(
            store=self.store,
            broker=KafkaBroker(settings, TOPICS, definitions.participants()),
            definitions=definitions,
            topics=TOPICS,
            limits=self._limits,
            lifecycle="all",
        )
        await self.coordinator.start()

    async def end(self) -> None:
        if self.coordinator is not None:
            await self.coordinator.stop()


class ParticipantNode(Node):
    """Workers of one participant."""

    def __init__(
        self, name: str, network: Network, cluster: Cluster, participant: Participant, database: Database | None
    ) -> None:
        super().__init__(name, network, cluster)
        self._participant, self._database = participant, database
        self._worker: Worker | None = None
        self._connections: list[Connection] = []

    async def _main(self, process: Process) -> None:
        self._connections = []
        opened: Callable[[Connection], None] = self._connections.append
        self._worker = Worker(
            self._participant,
            kafka="simulated:9092",
            database=None
            if self._database is None
            else engine_of(self._database, opened, 8 if self._participant.name == "archive" else 2),
            topics=TOPICS,
            session_timeout_ms=6_000,
            handler_limit_s=10.0,
        )
        await self._worker.run(asyncio.Event())

    def kill(self) -> None:
        super().kill()
        for connection in self._connections:
            connection.lost()

    async def end(self) -> None:
        if self._worker is not None:
            await self._worker.stop()
