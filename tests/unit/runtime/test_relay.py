"""Rows to Kafka: in order within a saga, never lost, never held up by another saga's trouble."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from coordinator.runtime.backoff import Backoff
from coordinator.runtime.limits import Limits
from coordinator.runtime.observer import NullObserver
from coordinator.runtime.ports import Confirmed, OutboxRow
from coordinator.runtime.relay import Relay
from tests.fakes.memory_broker import MemoryBroker
from tests.fakes.memory_store import MemoryStore
from tests.unit.runtime.conftest import NewWorld
from tests.unit.runtime.sagas import start
from tests.unit.runtime.until import until
from tests.unit.runtime.wrapped_store import WrappedStore


def row(saga: str, step: int, attempt: int = 1) -> OutboxRow:
    return OutboxRow(f"{saga}:{step}", attempt, saga, "commands", (), b"{}")


def relay(broker: MemoryBroker, **limits: Any) -> Relay:
    return Relay(broker, Limits(publish_retry=Backoff(0.001, 0.002), **limits), NullObserver())


def ids(broker: MemoryBroker) -> list[str]:
    return [each.command_id for each in broker.published]


async def test_rows_go_out_in_order_and_are_confirmed() -> None:
    """What was acknowledged may be deleted."""
    broker = MemoryBroker()
    sending = relay(broker)
    sending.offer([row("s:a", 1), row("s:b", 1), row("s:a", 2)])
    await sending.drained()
    assert ids(broker) == ["s:a:1", "s:a:2", "s:b:1"]
    assert sending.take_confirmed() == [Confirmed(each, 1) for each in ids(broker)]


async def test_nothing_overtakes_within_a_saga() -> None:
    """While a row is not acknowledged, later rows of its saga wait, and those of others do not (P4)."""
    broker = MemoryBroker()
    broken = True
    broker.refuse = lambda each: broken and each.command_id == "s:a:1"
    sending = relay(broker)
    sending.offer([row("s:a", 1), row("s:b", 1)])
    await broker.until_published(1)
    sending.offer([row("s:a", 2), row("s:b", 2)])
    await broker.until_published(2)
    assert ids(broker) == ["s:b:1", "s:b:2"]
    broken = False
    await sending.drained()
    assert ids(broker)[2:] == ["s:a:1", "s:a:2"]


async def test_rows_wait_while_kafka_is_away() -> None:
    """They are sent again, in order, once it is back; readiness tells meanwhile."""
    broker = MemoryBroker()
    broker.unavailable = True
    sending = relay(broker)
    sending.offer([row("s:a", 1)])
    await until(lambda: sending.trouble is not None)
    sending.offer([row("s:a", 2)])
    broker.unavailable = False
    await sending.drained()
    assert (ids(broker), sending.trouble) == (["s:a:1", "s:a:2"], None)


async def test_a_slow_call_does_not_hold_up_other_sagas() -> None:
    """A second call starts while the first takes long, over other sagas."""
    broker = MemoryBroker()
    gate = broker.gate = asyncio.Event()
    sending = relay(broker)
    sending.offer([row("s:a", 1)])
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    broker.gate = None
    sending.offer([row("s:a", 2), row("s:b", 1)])
    await broker.until_published(1)
    assert ids(broker) == ["s:b:1"]
    gate.set()
    await sending.drained()
    assert ids(broker) == ["s:b:1", "s:a:1", "s:a:2"]


async def test_patience_with_a_call_ends_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that ran out later would start a second call beside another that is not slow at all, and so on for ever."""
    loop = asyncio.get_running_loop()
    patience: list[asyncio.TimerHandle] = []

    def call_later(delay: float, callback: Callable[..., object], *args: Any) -> asyncio.TimerHandle:
        patience.append(loop.call_at(loop.time() + delay, callback, *args))
        return patience[-1]

    monkeypatch.setattr(loop, "call_later", call_later)
    broker = MemoryBroker()
    gate = broker.gate = asyncio.Event()
    sending = relay(broker)
    sending.offer([row("s:a", 1)])
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    sending.offer([row("s:b", 1)])
    await until(lambda: patience)
    gate.set()
    await broker.until_published(2)
    assert [each.cancelled() for each in patience] == [True]


async def test_memory_is_bounded_and_the_table_keeps_the_rest() -> None:
    """Rows beyond the bound stay there, and so do the later rows of their sagas, until they are read back."""
    broker = MemoryBroker()
    sending = relay(broker, relay_rows=3)
    sending.offer([row("s:a", 1), row("s:b", 1), row("s:b", 2), row("s:c", 1)])
    await sending.drained()
    sending.deleted(sending.take_confirmed())
    sending.offer([row("s:c", 2)])
    await sending.drained()
    assert ids(broker) == ["s:a:1", "s:b:1", "s:b:2"]
    sagas = sending.left(10)
    assert sagas == ["s:c"]
    assert sending.read(sagas, [row("s:c", 1), row("s:c", 2)]) == 2
    sending.offer([row("s:c", 3)])
    await sending.drained()
    assert ids(broker)[3:] == ["s:c:1", "s:c:2", "s:c:3"]


async def test_what_comes_while_the_rest_is_read_is_read_next() -> None:
    """It may be missing in what is read, and must not overtake that. So it is when nothing could be read."""
    broker = MemoryBroker()
    sending = relay(broker, relay_rows=1)
    sending.offer([row("s:a", 1), row("s:b", 1)])
    await sending.drained()
    sending.deleted(sending.take_confirmed())
    assert sending.left(10) == ["s:b"]
    sending.offer([row("s:b", 2)])
    assert sending.read(["s:b"], [row("s:b", 1)]) == 1
    await sending.drained()
    assert ids(broker) == ["s:a:1", "s:b:1"]
    assert sending.left(10) == ["s:b"]
    assert sending.read(["s:b"], None) == 0
    assert sending.left(10) == ["s:b"]


async def test_the_sweep_brings_nothing_twice() -> None:
    """Rows in memory, and those acknowledged but not deleted yet, are not sent again."""
    broker = MemoryBroker()
    sending = relay(broker)
    sending.offer([row("s:a", 1)])
    assert sending.offer_again([row("s:a", 1)]) == 0
    await sending.drained()
    assert sending.offer_again([row("s:a", 1)]) == 0
    sending.deleted(sending.take_confirmed())
    assert sending.offer_again([row("s:a", 1)]) == 1


async def test_acknowledged_rows_are_deleted_with_the_next_batch(new_world: NewWorld) -> None:
    """No transaction of their own while batches come."""
    store = WrappedStore(MemoryStore())
    world = new_world(wrapped=store, flush_idle_ms=60_000)
    await world.coordinator.start()
    await world.coordinator.intake.submit("buy:1", start("buy", "book"))
    await world.broker.until_published(2)
    await world.coordinator.activation.drained()
    assert store.confirmed == [Confirmed("buy:1:1", 1), Confirmed("buy:1:2", 1)]


async def test_acknowledged_rows_are_deleted_when_nothing_else_happens(new_world: NewWorld) -> None:
    """After a moment without batches the outbox is emptied."""
    world = new_world(broker=MemoryBroker(lambda row: None))
    await world.coordinator.start()
    await world.coordinator.intake.submit("buy:1", start("buy", "book"))
    async with asyncio.timeout(5):
        while await world.store.outbox_of(["buy:1"]):  # noqa: ASYNC110 (the store has no events)
            await asyncio.sleep(0)
    assert len(world.broker.published) == 1
