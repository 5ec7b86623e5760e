"""Sagas driven through the real engine, each decision shown to an observer as the runtime shows it."""

import asyncio
from collections.abc import Sequence

import msgspec
from prometheus_client import CollectorRegistry

from contracts.answers import Answer, Failure, Refusal, Success
from contracts.failures import Problem
from contracts.values import NULL
from coordinator.engine.decision import Decision
from coordinator.engine.facts import Fact, Reply, Start, WakeUp
from coordinator.history.events import Event
from coordinator.runtime.machines import EngineMachines, SagaMachine
from coordinator.runtime.observe import TelemetryObserver
from coordinator.runtime.observed_steps import ObservedSteps
from coordinator.runtime.observer import Committed
from coordinator.saga import PIVOT, RETRIABLE, Contract, Definitions, Retry, command, saga
from coordinator.telemetry.metrics import Metrics
from coordinator.telemetry.tracing import Tracing

CARD_DECLINED = Refusal(Problem("card_declined", "No."))
BROKEN = Failure(Problem("broken", retryable=True))
DONE = Success(NULL)


class Shop(Contract, name="shop"):
    """What the sagas here call."""

    @command(timeout="5s", retry=Retry(attempts=3, backoff="1s..1s"))
    async def reserve(self, what: str) -> None:
        """Has an undo."""

    @reserve.undo(timeout="5s", retry=Retry(attempts=1, backoff="1s..1s"))
    async def release(self, what: str, result: None) -> None:
        """Gives it back."""

    @command(kind=PIVOT, timeout="5s", retry=Retry.forever(backoff="1s..1s"))
    async def charge(self, amount: int) -> None:
        """The point of no return."""

    @command(kind=RETRIABLE, timeout="5s", retry=Retry.forever(backoff="1s..1s"))
    async def ship(self) -> None:
        """Cannot be refused."""


@saga(version=1)
async def buy(what: str, shop: Shop) -> None:
    """Two steps."""
    await shop.reserve(what)
    await shop.charge(100)


@saga(version=1)
async def buy_two(what: str, shop: Shop) -> None:
    """Two steps at once: when one is refused the other is not waited for."""
    await asyncio.gather(shop.reserve(what), shop.reserve(what + " too"))
    await shop.charge(100)


DEFINITIONS = Definitions([buy, buy_two])


class DrivenSaga:
    """One saga and its log. ``lives_on`` is a coordinator that takes it over, with an observer of its own."""

    def __init__(
        self,
        tracing: Tracing,
        definition: str = "buy",
        rows: Sequence[Sequence[Event]] = (),
        *,
        definitions: Definitions = DEFINITIONS,
        saga_id: str | None = None,
    ) -> None:
        self.registry = CollectorRegistry()
        self.now = 1_000_000
        self.rows = list(rows)
        self.saga_id = saga_id or f"{definition}:1"
        self._definitions = definitions
        self.input = b'"a book"'
        self.traceparent: str | None = None
        self._definition = definition
        self._tracing = tracing
        self._observer = TelemetryObserver(Metrics(self.registry), tracing, now_s=lambda: self.now / 1_000)
        self._machines = EngineMachines(definitions)
        self._machine: SagaMachine | None = None
        self._steps = ObservedSteps(self.saga_id)

    def start(self, client: str | None = None) -> Decision:
        """Somebody asks for it."""
        self.traceparent = self._tracing.begin(self.saga_id, self._definition, client)
        return self.take(Start(self._definition, 1, msgspec.Raw(self.input), self.traceparent))

    def reply(self, command: str, answer: Answer, attempt: int = 1) -> None:
        """A participant answers ``1`` (a step) or ``1:undo``, 100 ms later."""
        self.now += 100
        self.take(Reply(f"{self.saga_id}:{command}", attempt, answer))

    def wake(self) -> None:
        """The time comes for what is due next."""
        assert self._machine is not None
        self.now = self._machine.wake_at or self.now
        self.take(WakeUp())

    def evict(self) -> None:
        """Its machine leaves the memory."""
        self._machine = None

    def taken_over(self, tracing: Tracing) -> "DrivenSaga":
        """The same saga on a coordinator that was started after this one was killed."""
        other = DrivenSaga(tracing, self._definition, self.rows, definitions=self._definitions, saga_id=self.saga_id)
        other.now = self.now
        return other

    def take(self, fact: Fact) -> Decision:
        """One activation."""
        machine = self._machine or self._load()
        decision = machine.advance([fact], self.now)
        if decision.events:
            if decision.round_at is None:
                self.rows.append(decision.events)
            else:
                self.rows = [decision.events[decision.round_at :]]
            self._observer.committed([Committed(machine, self._steps, decision)])
        self._machine = None if decision.status.ended else machine
        return decision

    def _load(self) -> SagaMachine:
        self._steps = ObservedSteps(self.saga_id)
        if not self.rows:
            return self._machines.new(self.saga_id)
        self._observer.rebuilt(self._steps, self.rows)
        return self._machines.rebuild(self.saga_id, self.rows)
