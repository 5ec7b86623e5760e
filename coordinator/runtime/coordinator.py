"""One coordinator: intake, activation, relay, timers and the sweep, wired to a store and a broker."""

import asyncio
from dataclasses import dataclass

import structlog

from contracts.topics import Topics
from coordinator.runtime.activation import Activation
from coordinator.runtime.clock import Clock, SteadyClock
from coordinator.runtime.flushing import Flushing
from coordinator.runtime.intake import Intake
from coordinator.runtime.limits import Limits
from coordinator.runtime.local_steps import LocalSteps
from coordinator.runtime.local_sweep import LocalSweep
from coordinator.runtime.machines import EngineMachines, Machines
from coordinator.runtime.notices import Lifecycle, notices_of
from coordinator.runtime.observer import NullObserver, Observer
from coordinator.runtime.outgoing import Outgoing, TraceOf, same_trace
from coordinator.runtime.ownership import Ownership
from coordinator.runtime.ports import Broker, SagaStore
from coordinator.runtime.recovery import Recovery
from coordinator.runtime.relay import Relay
from coordinator.runtime.starting import BeginTrace, Starting
from coordinator.runtime.telling_time import TellingTime
from coordinator.runtime.timers import Timers
from coordinator.runtime.turn import Deciding
from coordinator.runtime.warm import WarmSagas
from coordinator.runtime.watchers import Watchers
from coordinator.saga.definitions import Definitions
from coordinator.telemetry.tracing import TracingOff

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether requests should be sent here, and if not, why."""

    ready: bool
    reason: str


class Coordinator:
    """Start it once, stop it once. Several may run on one store and one broker."""

    def __init__(
        self,
        *,
        store: SagaStore,
        broker: Broker,
        definitions: Definitions,
        topics: Topics,
        observer: Observer | None = None,
        trace: TraceOf = same_trace,
        begin_trace: BeginTrace | None = None,
        limits: Limits | None = None,
        clock: Clock | None = None,
        machines: Machines | None = None,
        lifecycle: Lifecycle = "off",
    ) -> None:
        self.limits = limits = limits or Limits()
        self.clock = clock = clock or SteadyClock()
        observer = observer or NullObserver()
        self._broker = broker
        self.intake = Intake(limits)
        """Where facts are handed in."""
        self.starting = Starting(definitions, begin_trace or TracingOff().begin)
        self.watchers = Watchers()
        """Who waits for a saga's next decision."""
        self.ownership = Ownership()
        self.warm = WarmSagas(limits.warm_sagas)
        self.relay = Relay(broker, limits, observer)
        self.timers = Timers(self.intake, clock, limits, observer)
        self._flushing = Flushing(self.relay, store, limits)
        self.local: LocalSteps | None = None
        """None: no saga has local steps."""
        local_sweep = self._with_local_steps(definitions, store) if definitions.has_local else None
        outgoing = Outgoing(topics, self.ownership, trace, notices_of(lifecycle, topics))
        deciding = Deciding(machines or EngineMachines(definitions), outgoing, observer, limits.engine_slice_ms)
        self.activation = Activation(
            intake=self.intake,
            store=store,
            deciding=deciding,
            warm=self.warm,
            relay=self.relay,
            timers=self.timers,
            ownership=self.ownership,
            watchers=self.watchers,
            observer=observer,
            clock=clock,
            limits=limits,
            local=self.local,
            notices=lifecycle == "all",
            held=isinstance(clock, SteadyClock),
        )
        self.ownership.on_change.append(self._owned)
        self._recovery = self._sweeping(store, local_sweep)
        self._telling = TellingTime(store, clock, self.activation.begin) if isinstance(clock, SteadyClock) else None
        """None: the clock that it was given is right."""
        self._running: list[asyncio.Task[None]] = []
        self._stopping = False

    def _with_local_steps(self, definitions: Definitions, store: SagaStore) -> LocalSweep:
        self.local = LocalSteps(definitions, self.intake, self.relay, self.ownership, self.clock, self.limits)
        return LocalSweep(self.local, store, self.relay, self.ownership, self.clock, self.limits)

    def _sweeping(self, store: SagaStore, local: LocalSweep | None) -> Recovery:
        return Recovery(
            store=store,
            intake=self.intake,
            relay=self.relay,
            timers=self.timers,
            warm=self.warm,
            ownership=self.ownership,
            clock=self.clock,
            limits=self.limits,
            local=local,
        )

    def _owned(self, gained: frozenset[int]) -> None:
        """What is not ours any more leaves the memory; the sweep brings what is new."""
        self.warm.retain(self.ownership.owns)
        self.timers.retain(self.ownership.owns)

    def keeps(self, saga_id: str) -> bool:
        """Whether the saga's next decision is made here, as far as is known without asking the log."""
        return saga_id in self.warm or self.timers.due(saga_id) is not None

    async def start(self) -> None:
        """Begins to work; returns at once, whether or not Postgres and Kafka answer. See ``ready``."""
        await self._broker.start(self.intake, self.ownership, self.starting)
        loops = [self._recovery] if self._telling is None else [self._telling, self._recovery]
        self._running = [asyncio.get_running_loop().create_task(each.run()) for each in loops]

    @property
    def ready(self) -> Readiness:
        """Whether facts are taken in, committed, and sent on."""
        if self._stopping:
            return Readiness(False, "The coordinator is stopping.")
        if not self._running:
            return Readiness(False, "The coordinator has not started.")
        time_trouble = None if self._telling is None else self._telling.trouble
        for trouble in (
            self.activation.trouble,
            time_trouble,
            self._recovery.trouble,
            self._broker.trouble,
            self.relay.trouble,
        ):
            if trouble is not None:
                return Readiness(False, trouble)
        return Readiness(True, "")

    async def stop(self) -> None:
        """Takes no more work, finishes what is in flight as far as that is possible in time, leaves the group.

        What could not be finished is lost from memory only: the log, the outbox and the offsets have it.
        """
        if self._stopping:
            return
        self._stopping = True
        await self._broker.pause()
        self.intake.close()
        self.timers.stop()
        for each in self._running:
            each.cancel()
        if self._running:
            await asyncio.wait(self._running)
        if self.local is not None:
            await self._end_local(self.local)
        try:
            async with asyncio.timeout(self.limits.stop_s):
                await self.activation.drained()
                await self.relay.drained()
                self._flushing.stop()
                await self._flushing.flush()
        except TimeoutError:
            log.warning("stopped_early", facts=self.intake.size, reason=self.ready.reason)
        self.activation.cancel()
        self.relay.cancel()
        await self._broker.stop()

    async def _end_local(self, local: LocalSteps) -> None:
        """Bodies that run have half of the time to end; then they are cancelled, and run again by whoever is next."""
        local.close()
        try:
            async with asyncio.timeout(self.limits.stop_s / 2):
                await local.drained()
        except TimeoutError:
            log.warning("local_steps_cancelled", bodies=local.running)
            await local.cancel(self.limits.stop_s / 10)
