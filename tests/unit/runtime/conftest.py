"""A coordinator on a store and a broker in memory."""

import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from contracts.topics import Topics
from coordinator.runtime.backoff import Backoff
from coordinator.runtime.clock import Clock
from coordinator.runtime.coordinator import Coordinator
from coordinator.runtime.limits import Limits
from coordinator.runtime.machines import Machines
from coordinator.runtime.notices import Lifecycle
from coordinator.runtime.ports import SagaStore
from coordinator.saga import Definitions
from tests.fakes.memory_broker import MemoryBroker
from tests.fakes.memory_store import MemoryStore
from tests.unit.runtime.errands import HAND, Hand
from tests.unit.runtime.recording import Recording
from tests.unit.runtime.sagas import DEFINITIONS, success

QUICK = Limits(
    fact_retry=Backoff(0.001, 0.002),
    store_retry=Backoff(0.001, 0.002),
    publish_retry=Backoff(0.001, 0.002),
    flush_idle_ms=5,
    sweep_every_ms=10,
    stop_s=0.5,
)


@dataclass
class World:
    """What a test may look at."""

    coordinator: Coordinator
    store: MemoryStore
    broker: MemoryBroker
    observer: Recording


def _wall_ms() -> int:
    """This machine's clock, taken for right: a coordinator that has it need not ask its store what time it is."""
    return time.time_ns() // 1_000_000


NewWorld = Callable[..., World]


@pytest.fixture
async def new_world() -> AsyncIterator[NewWorld]:
    """Makes coordinators; they are stopped after the test. Give two of them the same store to let them compete."""
    made: list[Coordinator] = []

    def make(
        store: MemoryStore | None = None,
        broker: MemoryBroker | None = None,
        wrapped: SagaStore | None = None,
        machines: Machines | None = None,
        clock: Clock | None = None,
        definitions: Definitions = DEFINITIONS,
        lifecycle: Lifecycle = "off",
        **limits: Any,
    ) -> World:
        store = store or MemoryStore()
        broker = broker or MemoryBroker(success)
        observer = Recording()
        coordinator = Coordinator(
            store=wrapped or store,
            broker=broker,
            definitions=definitions,
            topics=Topics("test"),
            observer=observer,
            machines=machines,
            clock=clock or _wall_ms,
            limits=replace(QUICK, **limits),
            lifecycle=lifecycle,
        )
        made.append(coordinator)
        return World(coordinator, store, broker, observer)

    yield make
    for coordinator in made:
        await coordinator.stop()


@pytest.fixture
async def world(new_world: NewWorld) -> World:
    """One started coordinator whose participants always succeed."""
    world = new_world()
    await world.coordinator.start()
    return world


@pytest.fixture
def hand() -> Hand:
    """What the bodies of local steps do."""
    HAND.__init__()
    return HAND
