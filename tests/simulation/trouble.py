"""Faults that come by themselves, at their rates, as long as there is trouble."""

from collections.abc import Callable, Sequence
from random import Random

from contracts.failpoints import LONG_FAILPOINTS
from tests.simulation.errands import RELEASES
from tests.simulation.nodes import CoordinatorNode, Node
from tests.simulation.plan import BY_THEMSELVES
from tests.simulation.servers import Servers
from tests.simulation.weather import Weather

MOST_STEPS = 300
"""A process that is struck dies or freezes after so many more callbacks at most."""
LONG_S = (7.0, 45.0)
"""So long a process is frozen that is to lose all its sessions."""
AWAKE_S = 3.0
"""So long at least there is trouble when it has woken."""
LATEST = max(RELEASES)


class Trouble:
    """Draws when what comes, and brings it about."""

    def __init__(
        self, random: Random, servers: Servers, coordinators: Sequence[CoordinatorNode], participants: Sequence[Node]
    ) -> None:
        self._random = random
        self._servers = servers
        self._network = servers.network
        self._weather: Weather = servers.network.weather
        self._coordinators, self._participants = coordinators, participants
        self._over = False
        self._until = 0.0
        self._frozen_until = 0.0

    def begin(self, until: float, *, patches: bool) -> None:
        """From here on, until then at least. ``patches``: whether the sagas' programs have any, so that their code is
        deployed anew."""
        self._until = until
        for kind in BY_THEMSELVES:
            if kind in self._weather.rates and (patches or kind != "deployed_anew"):
                self._next(kind)

    @property
    def enough(self) -> bool:
        """Whether it may end: the time has come, and nobody is to be frozen for longer."""
        return self._network.loop.time() >= max(self._until, self._frozen_until)

    def end(self) -> None:
        """Everything is as it should be from here on."""
        self._over = True
        self._weather.heal()
        self._servers.heal()
        for node in self._coordinators:
            node.release = LATEST
        for node in (*self._coordinators, *self._participants):
            node.heal()

    def failpoint(self, name: str, node: Node) -> None:
        """Code of that node reached it."""
        if self._weather.strikes("crash_at_failpoint"):
            self._kill(node)
        elif self._weather.strikes("frozen_at_failpoint"):
            self._freeze(node)
        elif name in LONG_FAILPOINTS and self._weather.strikes("walker_frozen"):
            # There, or a little later: in one of its transactions, perhaps.
            self._network.after(self._random.choice((0.0, self._seconds(0.0, 0.5))), self._freeze, node)

    def _next(self, kind: str) -> None:
        delay_s = self._random.expovariate(self._weather.rates[kind])
        self._network.after(delay_s, self._come, kind)

    def _come(self, kind: str) -> None:
        if self._over:
            return
        self._next(kind)
        if self._bring(kind):
            self._weather.came[kind] += 1

    def _bring(self, kind: str) -> bool:
        match kind:
            case "coordinator_crashed":
                return self._strike(self._coordinators, self._kill)
            case "participant_crashed":
                return self._strike(self._participants, self._kill)
            case "coordinator_paused":
                return self._strike(self._coordinators, self._pause)
            case "participant_paused":
                return self._strike(self._participants, self._pause)
            case "coordinator_frozen":
                return self._strike(self._coordinators, self._freeze)
            case "participant_frozen":
                return self._strike(self._participants, self._freeze)
            case "all_crashed":
                for node in (*self._coordinators, *self._participants):
                    self._kill(node)
                return True
            case "rebalanced":
                return self._servers.rebalance(self._random)
            case "kafka_away" | "store_away" | "database_away":
                return self._servers.leave(kind, self._seconds(0.2, 6.0), self._random)
            case "topics_lost":
                return self._servers.lose_topics(self._random)
            case "partitions_added":
                return self._servers.add_partitions(self._random)
            case "poisoned":
                return self._servers.poison(self._random)
            case "clock_stepped":
                return self._step_clock()
            case "upgraded":
                return self._upgrade()
            case "deployed_anew":
                return self._deploy()
            case _:
                raise AssertionError(kind)

    def _seconds(self, least: float, most: float) -> float:
        return self._random.uniform(least, most)

    def _strike(self, nodes: Sequence[Node], what: Callable[[Node], None]) -> bool:
        """At any ``await`` of one of them."""
        up = [node for node in nodes if node.up]
        if not up:
            return False
        node = self._random.choice(up)
        assert node.process is not None
        node.process.strike(self._random.randrange(MOST_STEPS), lambda: what(node))
        return True

    def _kill(self, node: Node) -> None:
        if node.process is None or not node.process.alive:
            return
        node.kill()
        self._network.after(self._seconds(0.1, 5.0), self._start_again, node)

    def _start_again(self, node: Node) -> None:
        if node.process is None or not node.process.alive:
            node.start()

    def _pause(self, node: Node) -> None:
        node.pause(self._seconds(0.2, 4.0) if self._random.random() < 0.4 else self._seconds(7.0, 18.0))

    def _freeze(self, node: Node) -> None:
        """For so long that it loses all its sessions: the trouble lasts until it has woken."""
        now, seconds = self._network.loop.time(), self._seconds(*LONG_S)
        if now < self._until and node.up:
            node.pause(seconds)
            self._frozen_until = max(self._frozen_until, now + seconds + AWAKE_S)

    def _step_clock(self) -> bool:
        node = self._random.choice((*self._coordinators, *self._participants))
        if node.process is None or not node.process.alive:
            return False
        step_s = self._random.choice((-86_400.0, -3_600.0, -60.0, 60.0, 3_600.0, 86_400.0))
        self._network.trace(node.name, "clock steps", step_s)
        node.stepped_s = step_s
        node.process.wall_off_s = node.skew_s + step_s
        return True

    def _deploy(self) -> bool:
        """The same versions, with patches in their code: no process of the old code is left then."""
        if self._coordinators[0].mended:
            return False
        for node in self._coordinators:
            node.mended = True
            self._kill(node)
        return True

    def _upgrade(self) -> bool:
        """One coordinator after another is stopped, or killed, and started with the next release."""
        old = [node for node in self._coordinators if node.release < LATEST and node.up]
        if not old:
            return False
        node = self._random.choice(old)
        node.release = LATEST
        self._network.trace(node.name, "is upgraded")
        process = node.process

        def stopped(_: object) -> None:
            if node.process is process:
                node.kill()
                self._start_again(node)

        node.spawn(node.end()).add_done_callback(stopped, context=self._network.loop.outside.context)
        return True
