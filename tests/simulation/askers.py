"""Who asks running sagas for favours, begins sagas with one, and asks sagas about themselves."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Any

import msgspec

from contracts.request_message import StartSaga, UpdateSaga
from coordinator.engine.facts import Accepted, Conflict, Declined, Ignored, Known, Start, Unfit, Update, Verdict
from coordinator.history.events import Event
from coordinator.runtime.ports import StoreUnavailable
from tests.simulation.cluster import Cluster
from tests.simulation.drawing import Programs
from tests.simulation.favours import NAME, Favour, answer_faults, count_faults
from tests.simulation.nodes import CoordinatorNode
from tests.simulation.requests import ask
from tests.simulation.senders import Told
from tests.update_ledger import read_updates

_UNFIT = (("favor", b'{"program":[]}'), (NAME, b'"no favour"'), (NAME, b'{"program":7}'))
_NEVER = Favour([], unless=-1)
"""What every saga refuses."""


class Askers:
    """For each saga, all who want something of it."""

    def __init__(
        self, random: Random, apart: Random, cluster: Cluster, told: Told, coordinators: Sequence[CoordinatorNode]
    ) -> None:
        """``apart``: see ``Programs``."""
        self._random = random
        self._programs = Programs(random, apart)
        self._cluster, self._network = cluster, cluster.network
        self._told = told
        self._coordinators = coordinators
        self.accepted: defaultdict[str, set[str]] = defaultdict(set)
        """By saga: ids of updates that were answered with yes."""
        self._declined: defaultdict[str, set[str]] = defaultdict(set)
        self._closed: defaultdict[str, dict[str, str]] = defaultdict(dict)
        self.begun: set[str] = set()
        """Sagas of which an update with a start was answered with yes."""
        self._never: set[str] = set()
        """Sagas that were only ever asked for with what they refuse."""
        self.faults: list[str] = []

    # --- while there is trouble

    async def ask_all(self, saga_id: str, data: msgspec.Raw, started: asyncio.Event) -> None:
        """Returns when all of it was answered. ``data`` is the saga's input."""
        strikes = self._network.weather.strikes
        asking = [self._query(saga_id, started)] if strikes("queried") else []
        if strikes("asked_favours"):
            favours = [self._favour() for _ in range(self._random.randint(1, 4))]
            asking += [self._ask(saga_id, f"f{number}", each, started) for number, each in enumerate(favours, 1)]
        if strikes("favour_refused"):
            asking.append(self._ask(saga_id, "refused", _NEVER, started))
        if strikes("favour_unfit"):
            asking.append(self._ask_unfit(saga_id))
        if strikes("begun_with_favours"):
            asking += [self._begin(saga_id, data, f"s{number}", self._favour()) for number in range(1, 4)]
            asking.append(self._begin(saga_id, data, "s-refused", _NEVER))
        if strikes("begun_with_what_is_refused"):
            never = f"{saga_id}-never"
            self._never.add(never)
            asking += [self._begin(never, data, f"n{number}", _NEVER) for number in (1, 1, 2)]
        await asyncio.gather(*asking)

    def _favour(self) -> Favour:
        return Favour(self._programs.draw_favour(), self._random.choice((0, 1, 99, 99)))

    async def _ask(self, saga_id: str, id: str, favour: Favour, started: asyncio.Event) -> None:
        """One update: at any time, once or twice, at any door."""
        weather, value = self._network.weather, _raw(favour)
        if not weather.strikes("favour_early"):
            await started.wait()
            await self._network.pause(self._random.choice((0.0, 0.0, 0.01, 0.1, 1.0, 3.0)))
        if weather.strikes("favour_by_record"):
            ask(self._cluster, saga_id, UpdateSaga(NAME, value), id)
            await self._network.pause(self._random.choice((0.0, 0.01, 1.0, 5.0)))
        again = weather.strikes("favour_twice")
        await asyncio.gather(*(self._update(saga_id, Update(NAME, id, value)) for _ in range(2 if again else 1)))

    async def _ask_unfit(self, saga_id: str) -> None:
        name, value = self._random.choice(_UNFIT)
        await self._update(saga_id, Update(name, "unfit", msgspec.Raw(value)))

    async def _update(self, saga_id: str, update: Update) -> None:
        """Again while there is no such saga; and a few times, when it asks for that."""
        tries = 4
        while True:
            verdict = await self._told(saga_id, lambda _: update)
            missing = isinstance(verdict, Ignored) and "no such" in verdict.reason
            later = isinstance(verdict, Conflict) and "send the update again" in verdict.message
            tries -= later
            if later and not tries:
                return  # as often as it asked for
            if not missing and not later:
                self._hear(saga_id, update, verdict)
                return
            await self._network.pause(self._random.uniform(0.05, 1.0))

    async def _begin(self, saga_id: str, data: msgspec.Raw, id: str, favour: Favour) -> None:
        """The saga and an update at once, also by a record."""
        await self._network.pause(self._random.choice((0.0, 0.0, 0.01, 0.3)))
        update, (definition, _, key) = Update(NAME, id, _raw(favour)), saga_id.partition(":")
        if self._network.weather.strikes("favour_by_record"):
            ask(self._cluster, saga_id, StartSaga(definition, data, key, update=UpdateSaga(NAME, update.value)), id)
        verdict = await self._told(saga_id, lambda node: Start(definition, node.latest, data, sent=update))
        self._hear(saga_id, update, verdict)
        if isinstance(verdict, Accepted | Known):
            self.begun.add(saga_id)
            self._network.weather.came["favour_with_start"] += 1

    def _hear(self, saga_id: str, update: Update, verdict: Verdict) -> None:
        match verdict:
            case Accepted() | Known() if update.value != _raw(_NEVER) and update.id != "unfit":
                self.accepted[saga_id].add(update.id)
            case Declined(problem) if problem.type == "enough":
                self._network.weather.came["update_declined"] += 1
                self._declined[saga_id].add(update.id)
            case Conflict(message) if "send the update again" in message:
                pass  # it will not
            case Conflict(message, other_input=False):
                self._closed[saga_id][update.id] = message
            case Unfit() if update.id == "unfit":
                pass
            case _:
                self.faults.append(f"The update {update.id} ({update.name}) to {saga_id} was answered {verdict}")

    async def _query(self, saga_id: str, started: asyncio.Event) -> None:
        await started.wait()
        await self._network.pause(self._random.choice((0.0, 0.1, 1.0, 5.0)))
        up = [node for node in self._coordinators if node.up and node.store is not None]
        if up:
            node = self._random.choice(up)
            node.spawn(self._look(node, saga_id))

    async def _look(self, node: CoordinatorNode, saga_id: str) -> None:
        """Runs in the coordinator's process, as its HTTP interface would."""
        try:
            rows = await node.history(saga_id)
        except StoreUnavailable:
            return
        if rows:
            self._network.weather.came["query_answered"] += 1
            self.faults.extend(count_faults(saga_id, rows, node.definitions))

    # --- when all is quiet

    def judged(
        self,
        histories: Mapping[str, Sequence[Sequence[Event]]],
        rounds: Mapping[str, Sequence[Sequence[Event]]],
        in_vain: frozenset[str],
    ) -> Iterator[str]:
        """All that is wrong with updates, and with what their senders were told. ``histories`` are as they are kept,
        ``rounds`` all that was seen of them; ``in_vain``: sagas that wait for a saga that waits for a person."""
        for saga_id in sorted(self._never & histories.keys()):
            yield f"Updates: {saga_id} refused the update that it was to begin with, and has begun"
        for saga_id, rows in histories.items():
            ledger = read_updates(saga_id, rounds[saga_id])
            ledger.told(self.accepted[saga_id], self._declined[saga_id], self._closed[saga_id])
            if saga_id not in in_vain:
                ledger.quiet()
            yield from ledger.faults
            yield from answer_faults(saga_id, rows, ledger)
            self._count(len(ledger.answered), len(ledger.refused), len(ledger.open))
        for saga_id in sorted(self.accepted.keys() - histories.keys()):
            yield f"Updates: {saga_id} acknowledged {sorted(self.accepted[saga_id])}, and is lost"

    def _count(self, answered: int, refused: int, never: int) -> None:
        counts: Mapping[str, int] = {"update_answered": answered, "update_refused": refused, "update_overtaken": never}
        for kind, count in counts.items():
            if count:
                self._network.weather.came[kind] += count


def _raw(value: Any) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))
