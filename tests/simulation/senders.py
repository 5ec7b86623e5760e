"""Who sends signals: to sagas that wait for them, do not yet, do not any more, or never will."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Coroutine
from random import Random
from typing import Any

import msgspec

from contracts.request_message import SignalSaga
from coordinator.engine.facts import Accepted, Conflict, Fact, Ignored, Known, Signal, Unfit, Verdict
from tests.simulation.cluster import Cluster
from tests.simulation.program import Program
from tests.simulation.requests import ask
from tests.simulation.statements import SIGNALS, heard, may_wait_in_vain

Told = Callable[[str, Callable[[Any], Fact]], Coroutine[Any, Any, Verdict]]
"""Asks one coordinator after another, until one says what became of the fact."""
_UNFIT = (("nobody", "1"), ("note", '"not a number"'), ("word", "null"))


class Senders:
    """For each saga, all who have something to tell it."""

    def __init__(self, random: Random, cluster: Cluster, told: Told) -> None:
        self._random = random
        self._cluster, self._network = cluster, cluster.network
        self._told = told
        self.acknowledged: defaultdict[str, set[str]] = defaultdict(set)
        """By saga: ids of signals that were answered with yes."""
        self.refused: defaultdict[str, set[str]] = defaultdict(set)
        """By saga: ids of those that were answered that it takes none any more."""
        self.faults: list[str] = []

    async def send_all(self, saga_id: str, program: Program, started: asyncio.Event) -> None:
        """At least what the program waits for, as a rule. Returns when all of it was answered."""
        weather = self._network.weather
        names = list(heard(program).elements())
        if names and may_wait_in_vain(program) and weather.strikes("signal_withheld"):
            names.remove(self._random.choice(names))
        if weather.strikes("signalled_in_vain"):
            names += self._random.choices(SIGNALS, k=2)
        sendings = [self._send(saga_id, name, f"{number}", started) for number, name in enumerate(names, 1)]
        if weather.strikes("signalled_late"):
            sendings.append(self._send_late(saga_id, started))
        if weather.strikes("signalled_unfit"):
            sendings.append(self._send_unfit(saga_id))
        await asyncio.gather(*sendings)

    async def _send(self, saga_id: str, name: str, id: str, started: asyncio.Event) -> None:
        """One signal: at any time, once or twice, at any door."""
        weather, value = self._network.weather, f"{self._random.randint(1, 99)}"
        if not weather.strikes("signalled_early"):
            await started.wait()
            await self._network.pause(self._random.choice((0.0, 0.0, 0.01, 0.1, 1.0, 3.0)))
        if weather.strikes("signalled_by_record"):
            ask(self._cluster, saga_id, SignalSaga(name, msgspec.Raw(value.encode())), id)
            await self._network.pause(self._random.choice((0.0, 0.01, 1.0, 5.0)))
        sendings = [self._signal(saga_id, name, id, value)]
        if weather.strikes("signalled_twice"):
            sendings.append(self._again(saga_id, name, id, value))
        await asyncio.gather(*sendings)

    async def _again(self, saga_id: str, name: str, id: str, value: str) -> None:
        await self._network.pause(self._random.choice((0.0, 0.0, 0.5, 5.0)))
        await self._signal(saga_id, name, id, value)

    async def _send_late(self, saga_id: str, started: asyncio.Event) -> None:
        """Mostly the saga has ended by then."""
        await started.wait()
        await self._network.pause(self._random.choice((2.0, 6.0, 12.0)))
        await self._signal(saga_id, self._random.choice(SIGNALS), "late", "7")

    async def _send_unfit(self, saga_id: str) -> None:
        """What it cannot take."""
        name, value = self._random.choice(_UNFIT)
        await self._signal(saga_id, name, "unfit", value)

    async def _signal(self, saga_id: str, name: str, id: str, value: str) -> None:
        signal = Signal(name, id, msgspec.Raw(value.encode()))
        while (
            isinstance(verdict := await self._told(saga_id, lambda _: signal), Ignored) and "no such" in verdict.reason
        ):
            await self._network.pause(self._random.uniform(0.05, 1.0))
        match verdict:
            case Accepted() | Known():
                self.acknowledged[saga_id].add(id)
            case Conflict():
                self.refused[saga_id].add(id)
            case Unfit() if id == "unfit":
                pass
            case _:
                self.faults.append(f"The signal {id} ({name}) to {saga_id} was answered {verdict}")
