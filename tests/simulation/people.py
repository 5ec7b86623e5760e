"""Clients: they start sagas, start them again, cancel them, and do not give up before somebody answers."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from random import Random
from typing import Any

import msgspec

from contracts.request_message import CancelSaga, StartSaga
from coordinator.engine.facts import Accepted, Cancel, Fact, Known, Resume, Start, Verdict
from coordinator.history.events import Event
from coordinator.runtime.intake import Overloaded
from coordinator.runtime.ports import SagaRowChange
from tests.simulation.askers import Askers
from tests.simulation.cluster import Cluster
from tests.simulation.company import Companies
from tests.simulation.menders import Menders
from tests.simulation.network import settle
from tests.simulation.nodes import CoordinatorNode
from tests.simulation.operators import Operators
from tests.simulation.program import Program
from tests.simulation.requests import ask
from tests.simulation.senders import Senders

PATIENCE_S = 8.0
"""A client that has no answer by then asks somebody else."""


class People:
    """One coroutine for each saga."""

    def __init__(
        self,
        random: Random,
        apart: Random,
        cluster: Cluster,
        coordinators: Sequence[CoordinatorNode],
        changes: Mapping[str, SagaRowChange],
    ) -> None:
        """``apart``: see ``Programs``. ``changes`` has the rows of the sagas that are in the log."""
        self._random = random
        self._cluster, self._network = cluster, cluster.network
        self._coordinators = coordinators
        self._changes = changes
        self.acknowledged: set[str] = set()
        """Sagas whose start was answered with yes."""
        self.faults: list[str] = []
        self.companies = Companies()
        self.senders = Senders(random, cluster, self.told)
        self.askers = Askers(random, apart, cluster, self.told, coordinators)
        self.operators = Operators(random, self._network, self.told, changes)
        self.menders = Menders(random, self._network, self.told, changes, self.senders.acknowledged)
        self._clients = 0
        """How many have not got all their answers."""

    @property
    def busy(self) -> int:
        """How many still wait for an answer."""
        return self._clients + self.operators.busy + self.menders.busy

    def see(self, saga_id: str, events: Sequence[Event]) -> None:
        """These are in the log, from now on."""
        self.operators.see(saga_id, events)
        self.menders.see(saga_id, events)

    def begin(self, saga_id: str, program: Program, at_s: float) -> None:
        """Somebody wants this saga, after so many seconds."""
        self._clients += 1
        self._network.after(at_s, lambda: self._spawn(self._all(saga_id, program)))

    def _spawn(self, coroutine: Coroutine[Any, Any, None]) -> None:
        self._network.loop.create_task(coroutine, context=self._network.loop.outside.context)

    async def _all(self, saga_id: str, program: Program) -> None:
        started, data = asyncio.Event(), msgspec.Raw(msgspec.json.encode(program))
        await asyncio.gather(
            self._one(saga_id, data, started),
            self.senders.send_all(saga_id, program, started),
            self.askers.ask_all(saga_id, data, started),
        )
        self._clients -= 1

    async def _one(self, saga_id: str, data: msgspec.Raw, started: asyncio.Event) -> None:
        weather = self._network.weather
        if not weather.strikes("asked_by_record"):
            starts = [self._start(saga_id, data)]
        else:
            starts = [self._start_by_record(saga_id, data)]
            if weather.strikes("cancelled"):
                starts.append(self._cancel_by_record(saga_id))
        if weather.strikes("started_twice"):
            starts.append(self._start(saga_id, data))
        await asyncio.gather(*starts)
        started.set()
        if weather.strikes("started_otherwise"):
            await self._start_otherwise(saga_id)
        if weather.strikes("cancelled"):
            await self._network.pause(self._random.choice((0.0, 0.01, 0.1, 1.0, 5.0)))
            await self.told(saga_id, lambda _: Cancel("changed my mind"))
        if weather.strikes("cancelled_twice_at_once"):
            await asyncio.gather(*(self.told(saga_id, lambda _: Cancel("twice")) for _ in range(2)))

    async def _start(self, saga_id: str, data: msgspec.Raw) -> None:
        verdict = await self.told(saga_id, lambda node: Start("errand", node.latest, data))
        if isinstance(verdict, Accepted | Known):
            self.acknowledged.add(saga_id)
        else:
            self.faults.append(f"The start of {saga_id} was answered {verdict}")

    async def _start_by_record(self, saga_id: str, data: msgspec.Raw) -> None:
        """Nobody answers, so it is sent again until it is seen."""
        definition, _, key = saga_id.partition(":")
        ask(self._cluster, saga_id, StartSaga(definition, data, key))
        while saga_id not in self._changes:
            await self._network.pause(self._random.uniform(0.5, 5.0))
            ask(self._cluster, saga_id, StartSaga(definition, data, key))

    async def _cancel_by_record(self, saga_id: str) -> None:
        await self._network.pause(self._random.choice((0.0, 0.01, 0.1, 1.0, 5.0)))
        ask(self._cluster, saga_id, CancelSaga("changed my mind"))

    async def _start_otherwise(self, saga_id: str) -> None:
        other = msgspec.Raw(b'[["sleep",0.125]]')
        verdict = await self.told(saga_id, lambda node: Start("errand", node.latest, other))
        if isinstance(verdict, Accepted | Known):
            self.faults.append(f"{saga_id} was started with another input, and the answer was {verdict}")

    def resume(self, saga_id: str) -> None:
        """A person lets a parked saga go on."""

        async def one() -> None:
            await self.told(saga_id, lambda _: Resume())

        self._spawn(one())

    async def told(self, saga_id: str, fact: Callable[[CoordinatorNode], Fact]) -> Verdict:
        """The verdict of whichever coordinator answers first."""
        while True:
            up = [node for node in self._coordinators if node.up and node.coordinator is not None]
            if up:
                node = self._random.choice(up)
                answer = self._network.loop.create_future()
                timer = self._network.after(PATIENCE_S, settle, answer, None)
                node.spawn(self._ask(node, saga_id, fact(node), answer))
                verdict = await answer
                timer.cancel()
                if verdict is not None:
                    return verdict
            await self._network.pause(self._random.uniform(0.05, 1.0))

    async def _ask(self, node: CoordinatorNode, saga_id: str, fact: Fact, answer: "asyncio.Future[Any]") -> None:
        """Runs in the coordinator's process, as its HTTP interface would."""
        process = node.process
        assert process is not None
        try:
            verdict: Verdict | None = await self.companies.hand_in(node, saga_id, fact)
        except Overloaded:
            verdict = None
        if process.alive:
            self._network.trace(node.name, "answers", saga_id, type(fact).__name__, type(verdict).__name__)
            self._network.after(self._network.weather.hop_s(), settle, answer, verdict)
