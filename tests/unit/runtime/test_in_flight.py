"""Whether one more batch is worth it beside those in flight."""

import asyncio

import pytest

import coordinator.runtime.in_flight
from coordinator.runtime.in_flight import InFlight
from tests.unit.runtime.until import until_soon


def nothing() -> None: ...


def batch() -> "asyncio.Task[None]":
    return asyncio.create_task(asyncio.sleep(0))


async def test_nobody_waits_for_company() -> None:
    """With nothing in flight one saga is enough; beside a batch of one, too."""
    flight = InFlight(2, nothing)
    assert flight.room_for(1)
    flight.add(batch(), 1)
    assert flight.room_for(1)


async def test_a_second_batch_carries_as_many_as_the_first() -> None:
    """Fewer wait for its end."""
    flight = InFlight(2, nothing)
    first = batch()
    flight.add(first, 10)
    assert not flight.room_for(9)
    assert flight.room_for(10)
    flight.remove(first)
    assert flight.room_for(1)


async def test_there_are_no_more_than_were_allowed() -> None:
    """However many wait."""
    flight = InFlight(2, nothing)
    flight.add(batch(), 1)
    flight.add(batch(), 1)
    assert not flight.room_for(500)


async def test_the_largest_in_flight_is_the_measure() -> None:
    """Where there may be more than two."""
    flight = InFlight(3, nothing)
    flight.add(batch(), 10)
    flight.add(batch(), 20)
    assert not flight.room_for(19)
    assert flight.room_for(20)


async def test_a_slow_batch_keeps_nobody_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a while others begin, however few they are, and who refused them is told when to look again."""
    monkeypatch.setattr(coordinator.runtime.in_flight, "PATIENCE_S", 0.01)
    looked: list[bool] = []
    flight = InFlight(2, lambda: looked.append(flight.room_for(1)))
    flight.add(batch(), 10)
    assert not flight.room_for(1)
    assert not flight.room_for(1)
    await until_soon(lambda: bool(looked))
    assert looked == [True]
