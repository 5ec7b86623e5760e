"""One seed: the world it means, run to its quiet end, and judged."""

import traceback
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from random import Random
from typing import Any

from coordinator.history.events import Event
from tests.simulation.back_office import BackOffice
from tests.simulation.clients import Admin, Consumer, Producer
from tests.simulation.drawing import Programs
from tests.simulation.errands import MENDED
from tests.simulation.installed import Clients, installed
from tests.simulation.loop import SimulationLoop, StepsSpent
from tests.simulation.network import Network
from tests.simulation.nodes import CoordinatorNode, Node, ParticipantNode
from tests.simulation.people import People
from tests.simulation.plan import Plan
from tests.simulation.process import PROCESS
from tests.simulation.program import Program
from tests.simulation.servers import Servers
from tests.simulation.shops import PARTICIPANTS
from tests.simulation.trouble import LATEST, Trouble
from tests.simulation.verdict import judged
from tests.simulation.weather import Weather
from tests.simulation.witness import Witness

QUIET_S = 180.0
"""So long after the last fault all must be quiet: a saga's own 60 s, an outage's backoff, and its way back."""
SETTLING_S = 22.0
"""So long what was sent while there was trouble may still be under way."""
MOST_STEPS = (50_000, 3_000)
"""Callbacks that a world may run, and more for each saga. A usual one runs a tenth of that."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a seed."""

    plan: Plan
    programs: Mapping[str, Program]
    faults: list[str]
    came: Mapping[str, int]
    """How often each kind of fault came."""
    ends: Mapping[str, int]
    """How many sagas ended how."""
    reached: Mapping[str, int]
    """How often each event was written, and how often people saw to what was held."""
    sagas: int
    called: int
    """How many more there are, which sagas have called."""
    steps: int
    """Callbacks run."""
    seconds: float
    """Of virtual time."""
    trace: list[tuple[Any, ...]]

    @property
    def digest(self) -> str:
        """The same for the same seed, always."""
        return sha256("\n".join(map(repr, self.trace)).encode()).hexdigest()[:16]


class World:
    """Build it, run it once."""

    def __init__(self, plan: Plan, programs: Mapping[str, Program] | None = None) -> None:
        self.plan = plan
        dice = Random(f"world {plan.seed}")
        self.loop = SimulationLoop(Random(dice.random()), MOST_STEPS[0] + plan.sagas * MOST_STEPS[1])
        self.trace: list[tuple[Any, ...]] = []
        self.weather = Weather(Random(dice.random()), plan.rates)
        self.network = Network(self.loop, self.weather, self._note)
        self.witness = Witness(Random(dice.random()), MENDED[LATEST], self.loop.time)
        self.witness.told.orderly = "relay_rows" not in plan.limits
        self.servers = Servers(self.network, self.witness, [each.name for each in PARTICIPANTS if each.barrier])
        self.dice = Random(dice.random())
        cluster = self.servers.cluster
        self.coordinators = [
            CoordinatorNode(f"coordinator-{number}", self.network, cluster, self.servers.log, plan)
            for number in range(plan.coordinators)
        ]
        self.participants: list[Node] = [
            ParticipantNode(f"{each.name}-{number}", self.network, cluster, each, self.servers.databases.get(each.name))
            for each in PARTICIPANTS
            for number in range(plan.workers)
        ]
        for each in self.coordinators:
            each.outside = self.servers.outside
        self.nodes = {node.name: node for node in (*self.coordinators, *self.participants)}
        self.trouble = Trouble(Random(dice.random()), self.servers, self.coordinators, self.participants)
        self.people = People(
            Random(dice.random()),
            Random(f"favours {plan.seed}, apart"),
            cluster,
            self.coordinators,
            self.witness.changes,
        )
        self.back_office = BackOffice(
            Random(f"back office {plan.seed}"), cluster, self.people.told, self.servers.databases, self.witness.rows
        )
        self.servers.on_pending = self.back_office.take_up
        self.witness.show = self._show
        self.programs = dict(programs) if programs is not None else self._programs(Random(dice.random()))
        self._arrivals = Random(dice.random())

    def _programs(self, random: Random) -> dict[str, Program]:
        drawn = Programs(random, Random(f"programs {self.plan.seed}, apart"))
        return {f"errand:{number}": drawn.draw() for number in range(1, self.plan.sagas + 1)}

    def _show(self, saga_id: str, events: Sequence[Event]) -> None:
        self.people.see(saga_id, events)
        self.back_office.see(saga_id, events)

    def _note(self, *what: Any) -> None:
        self.trace.append((round(self.loop.time() - 1_000, 6), *what))

    def _log(self, text: str) -> None:
        process = PROCESS.get(None)
        if self.loop.closed or (process is not None and not process.alive):
            return
        self._note(repr(process), text)

    def _reach(self, failpoint: str) -> None:
        process = PROCESS.get(None)
        if process is not None and process.alive and process.name in self.nodes:
            self.trouble.failpoint(failpoint, self.nodes[process.name])

    def run(self) -> Outcome:
        """Everything, from the first start to the verdict."""
        cluster = self.servers.cluster
        clients = Clients(partial(Consumer, cluster), partial(Producer, cluster), partial(Admin, cluster))
        faults: list[str] = []
        with installed(self.loop, self.dice, self._reach, clients, self._log):
            try:
                self._begin()
                self.loop.run_until(self._troubled)
                self.trouble.end()
                self._note("world", "heals")
                self._resume_some()
                self._until_quiet()
                if not self.witness.faults:
                    faults = [*judged(self.witness, self.servers, self.people), *self.back_office.judged()]
            except StepsSpent as error:
                faults = [f"There is no end: {error}", *self._stuck()]
            except Exception:
                faults = [f"The world broke: {traceback.format_exc()}"]
            finally:
                self.loop.close()
        return Outcome(
            self.plan,
            self.programs,
            [
                *self.witness.faults,
                *self.servers.outside.faults,
                *(fault for database in self.servers.databases.values() for fault in database.faults),
                *self.people.faults,
                *self.people.companies.faults,
                *self.people.senders.faults,
                *self.people.askers.faults,
                *self.people.operators.faults,
                *self.people.menders.faults,
                *self.back_office.faults,
                *self.loop.unexpected,
                *faults,
            ],
            self.weather.came,
            Counter(self.witness.ends.values()),
            self._reached(),
            len(self.programs),
            len(self.witness.rows.keys() - self.programs.keys()),
            self.loop.steps,
            self.loop.time() - 1_000,
            self.trace,
        )

    def _reached(self) -> Counter[str]:
        return (
            Counter({kind.__name__: count for kind, count in self.witness.reached.items()})
            + self.people.companies.came
            + self.people.menders.came
            + self.back_office.came
        )

    def _begin(self) -> None:
        for node in self.nodes.values():
            if self.plan.skew_s:
                node.skew_s = self.dice.uniform(-self.plan.skew_s, self.plan.skew_s)
                self.weather.came["clock_skewed"] += 1
            node.start()
        for saga_id, program in self.programs.items():
            at_s = self._arrivals.uniform(0.0, 0.6 * self.plan.trouble_s)
            if "company_sagas" in self.plan.limits:
                at_s -= at_s % (0.2 * self.plan.trouble_s)  # three handfuls
            self.people.begin(saga_id, program, at_s)
        until = self.loop.time() + self.plan.trouble_s
        self.trouble.begin(until, patches="'patch'" in repr(self.programs))

    def _troubled(self) -> bool:
        return self.trouble.enough or bool(self.witness.faults)

    def _resume_some(self) -> None:
        """A person lets some of the parked sagas go on, now that all is well."""
        for saga_id, change in self.witness.changes.items():
            if change.status == "parked" and self.dice.random() < 0.7:
                self.people.resume(saga_id)

    def _until_quiet(self) -> None:
        begun = self.loop.time()
        self._next_look = begun + SETTLING_S if self.weather.came else begun + 1.0

        def quiet() -> bool:
            if self.witness.faults:
                return True
            now = self.loop.time()
            if now < self._next_look:
                return False
            self._next_look = now + 1.0
            return now > begun + QUIET_S or not self._stuck()

        self.network.after(QUIET_S + 2.0, self._note, "world", "waits no longer")
        self.loop.run_until(quiet)

    def _stuck(self) -> list[str]:
        """What is not quiet yet."""
        others = [
            *(f"O5: {each} is still in the outbox" for each in self.servers.outbox),
            *self.servers.unhandled(),
            *(["A client still waits for its answer"] if self.people.busy or self.back_office.busy else []),
        ]
        under_way = {each: row.status for each, row in self.witness.changes.items() if _under_way(row.status)}
        in_vain = self.witness.in_vain if under_way and not others else ()
        return [*(f"O1: {each} is {status}" for each, status in under_way.items() if each not in in_vain), *others]


def _under_way(status: str) -> bool:
    return status in ("running", "compensating", "paused")


def simulate(seed: int, sagas: int = 20) -> Outcome:
    """The seed's world, run and judged."""
    return World(Plan.draw(seed, sagas)).run()
