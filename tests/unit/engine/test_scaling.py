"""Big sagas cost what their size is worth: four times the steps, about four times the work, and no more."""

import asyncio
import gc
import time
from collections.abc import Callable

import msgspec
import pytest

from contracts.answers import Success
from coordinator.engine.facts import Cancel, Reply, Start, WakeUp
from coordinator.engine.machine import Machine
from coordinator.history.events import Event
from coordinator.saga import Definitions, saga
from tests.sagas import Shop

NULL, TEXT = msgspec.Raw(b"null"), msgspec.Raw(b'"x"')


@saga(version=1)
async def fan(size: int, shop: Shop) -> int:
    """Many steps at once."""
    return len(await asyncio.gather(*(shop.take("a") for _ in range(size))))


@saga(version=1)
async def line(size: int, shop: Shop) -> int:
    """Many steps one after the other."""
    for _ in range(size):
        await shop.take("a")
    return size


@saga(version=1)
async def naps(size: int, shop: Shop) -> int:
    """Many timers at once."""
    return len(await asyncio.gather(*(asyncio.sleep(1 + number % 7) for number in range(size))))


DEFINITIONS = Definitions([fan, line, naps])


def started(name: str, size: int) -> tuple[Machine, list[tuple[Event, ...]]]:
    machine = Machine.new(f"{name}:1", DEFINITIONS)
    decision = machine.advance([Start(name, 1, msgspec.Raw(b"%d" % size))], 1_000)
    return machine, [decision.events]


def answered(name: str, size: int) -> tuple[Machine, list[tuple[Event, ...]]]:
    machine, rows = started(name, size)
    for step in range(1, size):
        rows.append(machine.advance([Reply(f"{name}:1:{step}", 1, Success(TEXT))], 1_001).events)
    return machine, rows


def start(size: int) -> Callable[[], object]:
    return lambda: started("fan", size)


def answers_one_by_one(size: int) -> Callable[[], object]:
    return lambda: answered("fan", size)


def steps_in_a_row(size: int) -> Callable[[], object]:
    return lambda: answered("line", size)


def rebuilding(size: int) -> Callable[[], object]:
    _, rows = answered("line", size)
    return lambda: Machine.rebuild("line:1", rows, DEFINITIONS)


def rebuilding_a_fan(size: int) -> Callable[[], object]:
    _, rows = answered("fan", size)
    return lambda: Machine.rebuild("fan:1", rows, DEFINITIONS)


def going_back(size: int) -> Callable[[], object]:
    def work() -> None:
        machine, _ = answered("fan", size)
        decision = machine.advance([Cancel()], 1_002)
        while decision.sends:
            decision = machine.advance([Reply(send.command_id, 1, Success(NULL)) for send in decision.sends], 1_003)
        assert machine.status == "compensated"

    return work


def all_undone_at_once(size: int) -> Callable[[], object]:
    def work() -> None:
        machine, _ = started("fan", size)
        for send in machine.advance([Cancel()], 1_002).sends:
            machine.advance([Reply(send.command_id, 1, Success(NULL))], 1_003)
        assert machine.status == "compensated"

    return work


def all_due_at_once(size: int) -> Callable[[], object]:
    def work() -> None:
        machine, _ = started("fan", size)
        machine.advance([WakeUp()], 100_000)
        assert len(machine.advance([WakeUp()], 200_000).sends) == size

    return work


def timers(size: int) -> Callable[[], object]:
    def work() -> None:
        machine, _ = started("naps", size)
        for second in range(2, 9):
            machine.advance([WakeUp()], second * 1_000)
        assert machine.status == "completed"

    return work


def answers_while_parked(size: int) -> Callable[[], object]:
    def work() -> None:
        _, rows = started("fan", size)
        parked = Machine.rebuild("fan:1", rows, Definitions([line]))
        for step in range(1, size):
            parked.advance([Reply(f"fan:1:{step}", 1, Success(TEXT))], 1_001)

    return work


def seconds(work: Callable[[], object]) -> float:
    """Of processor time, at its quickest."""
    times: list[float] = []
    for _ in range(3):
        gc.collect()
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return min(times)


@pytest.mark.parametrize(
    "make",
    [
        start,
        answers_one_by_one,
        steps_in_a_row,
        rebuilding,
        rebuilding_a_fan,
        going_back,
        all_undone_at_once,
        all_due_at_once,
        timers,
        answers_while_parked,
    ],
    ids=lambda make: make.__name__,
)
def test_work_grows_with_size_and_no_faster(make: Callable[[int], Callable[[], object]]) -> None:
    """Eight times the size takes far less than the 64 times that a look at everything for everyone would take."""
    assert seconds(make(1_600)) < 24 * seconds(make(200))


def test_creating_sagas_costs_the_same_however_many_are_warm() -> None:
    """asyncio keeps all its coroutines in one set, where sagas must not get into each other's way."""

    def create(count: int, warm: list[Machine]) -> float:
        gc.collect()
        gc.disable()
        began = time.process_time()
        for number in range(count):
            machine = Machine.new(f"line:{len(warm)}-{number}", DEFINITIONS)
            machine.advance([Start("line", 1, msgspec.Raw(b"3"))], 1_000)
            warm.append(machine)
        took = time.process_time() - began
        gc.enable()
        return took / count

    warm: list[Machine] = []
    first = min(create(300, warm) for _ in range(3))
    create(6_000, warm)
    assert min(create(300, warm) for _ in range(3)) < 4 * first
