"""A saga's loop inside a running loop, and a saga's code thrown away: nothing of it reaches anybody else."""

import asyncio
import gc
import logging
import subprocess
import sys
import warnings
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvloop

from coordinator.engine.machine import Machine
from coordinator.history.codec import read_events
from coordinator.saga import saga
from tests.sagas import SagaDriver, Shop, code
from tests.unit.engine.stories import errand, hasty

ROOT = Path(__file__).parents[3]
LOOPS: list[Callable[[], asyncio.AbstractEventLoop]] = [asyncio.new_event_loop, uvloop.new_event_loop]


def within(new_loop: Callable[[], asyncio.AbstractEventLoop], work: Callable[[], Any]) -> Any:
    """Does the work in a coroutine on such a loop, and checks that the loop is as it was."""

    async def main() -> Any:
        loop, current = asyncio.get_running_loop(), asyncio.current_task()
        hooks = sys.get_asyncgen_hooks()
        result = work()
        assert asyncio.get_running_loop() is loop
        assert asyncio.current_task() is current
        assert sys.get_asyncgen_hooks() == hooks
        assert asyncio.all_tasks() == {current}
        await asyncio.sleep(0)
        return result

    with asyncio.Runner(loop_factory=new_loop) as runner:
        return runner.run(main())


@pytest.fixture
def told() -> Iterator[list[str]]:
    """Whatever anybody complains about meanwhile: logs, warnings, and exceptions that nobody could raise."""
    complaints: list[str] = []

    class Listening(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            complaints.append(record.getMessage())

    listening = Listening()
    logging.getLogger("asyncio").addHandler(listening)
    hook, sys.unraisablehook = sys.unraisablehook, lambda args: complaints.append(f"{args.exc_value!r}")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield complaints
        gc.collect()
    complaints.extend(str(warning.message) for warning in caught)
    sys.unraisablehook = hook
    logging.getLogger("asyncio").removeHandler(listening)
    assert complaints == []


@saga(version=1)
async def crowd(shop: Shop) -> None:
    """Leaves coroutines waiting for steps, timers, each other, and some that were never awaited."""

    async def tidy(item: str) -> None:
        try:
            await shop.take(item)
        finally:
            await shop.look("at what is left")
            await asyncio.sleep(1)

    async def items() -> Any:
        try:
            yield await shop.take("generated")
        finally:
            await asyncio.sleep(0)
            await shop.take("generator's end")

    async def consume() -> None:
        async for _ in items():
            await shop.take("consumed")

    async def argue() -> None:
        try:
            await asyncio.sleep(100)
        finally:
            await asyncio.gather(tidy("at last"), tidy("and"))

    early = shop.take("never awaited before the others")
    first = asyncio.create_task(tidy("a"))
    second = asyncio.create_task(consume())
    shielded = asyncio.shield(tidy("shielded"))
    async with asyncio.timeout(60):
        await asyncio.gather(tidy("b"), tidy("c"), argue(), first, second, shielded)
    await early


@pytest.mark.parametrize("new_loop", LOOPS, ids=["asyncio", "uvloop"])
def test_a_saga_runs_inside_a_running_loop(new_loop: Any) -> None:
    """The engine is called from a coroutine, whose loop and current coroutine are the same afterwards."""

    def work() -> SagaDriver:
        driver = SagaDriver(errand).start().succeeds("shop.take", "a").succeeds("shop.lend", "b")
        return driver.refuses("shop.pay").succeeds("undo shop.lend").succeeds("undo shop.take")

    within(new_loop, work).is_("compensated")


@pytest.mark.parametrize("new_loop", LOOPS, ids=["asyncio", "uvloop"])
def test_a_saga_is_dropped_inside_a_running_loop(new_loop: Any, told: list[str]) -> None:
    """Dropped with coroutines waiting for anything, it leaves no timer, no coroutine and no complaint there."""

    def work() -> None:
        SagaDriver(crowd).start().cancel()
        driver = SagaDriver(crowd).start().succeeds("shop.take", "x")
        del driver

    within(new_loop, work)


@pytest.mark.parametrize("drop", ["cancel", "forget", "close", "collect", "mismatch"])
def test_nobody_complains(drop: str, told: list[str]) -> None:
    """No "was never awaited", "was destroyed but it is pending", "never retrieved" or "ignored GeneratorExit"."""
    driver = SagaDriver(crowd).start()
    match drop:
        case "cancel":
            driver.cancel()
        case "close":
            driver.machine.close()
        case "collect":
            cycle: list[Any] = [driver.machine]
            cycle.append(cycle)
        case "mismatch":
            driver.deploys(saga(version=1, name="crowd")(errand.function)).wake()
        case _:
            pass
    del driver
    gc.collect()


def test_code_that_the_collector_comes_to_first(told: list[str]) -> None:
    """Among garbage that holds the machine too, the coroutines may go before it: their steps and timers are let go."""

    @saga(version=1)
    async def limited(shop: Shop) -> None:
        try:
            async with asyncio.timeout(60):
                await shop.take("a")
        finally:
            await shop.take("b")

    driver = SagaDriver(limited).start()
    driver.machine._run = None
    gc.collect()


def test_nobody_complains_when_the_process_ends() -> None:
    """A coordinator that exits with warm sagas leaves no noise behind."""
    code = """
from tests.sagas import SagaDriver
from tests.unit.engine.test_isolation import crowd
kept = [SagaDriver(crowd).start() for _ in range(3)]
kept.append(kept)
other = SagaDriver(crowd).start().machine
"""
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ended.stderr == ""


def test_a_no_that_nobody_looked_at_is_not_told(told: list[str]) -> None:
    """A step that is refused while nobody awaits it is no complaint: the saga did not ask."""

    @saga(version=1)
    async def careless(shop: Shop) -> None:
        step = asyncio.create_task(shop.take("a"))
        await shop.look("b")
        del step

    SagaDriver(careless).start().refuses("shop.take").succeeds("shop.look", 1).is_("completed")
    gc.collect()


def test_collected_code_reaches_no_other_saga() -> None:
    """Garbage collected while a saga runs may hold another's coroutines, whose ``finally`` must not act in this one."""
    left: list[Machine] = []

    @saga(version=1)
    async def leaves(shop: Shop) -> None:
        try:
            await shop.take("a")
        finally:
            await asyncio.sleep(7)
            await shop.take("b")

    @saga(version=1)
    async def collects(shop: Shop) -> None:
        if left:
            cycle: list[Any] = [left.pop()]
            cycle.append(cycle)
            del cycle
        gc.collect()
        await shop.look("c")

    left.append(SagaDriver(leaves).start().machine)
    SagaDriver(collects).start().expects("shop.look").succeeds("shop.look", 1).is_("completed")


def test_collecting_goes_on_afterwards() -> None:
    """The collector, paused while a saga's code runs, is as it was."""
    seen: list[bool] = []

    @saga(version=1)
    async def looks(shop: Shop) -> None:
        seen.append(gc.isenabled())

    assert gc.isenabled()
    SagaDriver(looks).start()
    assert gc.isenabled()
    gc.disable()
    SagaDriver(looks).start()
    assert not gc.isenabled()
    gc.enable()
    assert set(seen) == {False}


def test_a_contract_is_its_own_sagas() -> None:
    """A contract that got out of its saga cannot be called from another one."""
    got_out: list[Shop] = []

    @saga(version=1)
    async def lends(shop: Shop) -> None:
        got_out.append(shop)
        await shop.take("a")

    @saga(version=1)
    async def borrows(shop: Shop) -> None:
        await got_out[0].take("b")

    SagaDriver(lends).start()
    assert "OutsideOfSaga" in SagaDriver(borrows).start().is_("parked").expects().parked_message


async def test_a_contract_cannot_be_called_outside() -> None:
    """A contract that got out of its saga cannot be called from a coordinator's coroutine."""
    got_out: list[Shop] = []

    @saga(version=1)
    async def lends(shop: Shop) -> None:
        got_out.append(shop)
        await shop.take("a")

    SagaDriver(lends).start()
    with pytest.raises(RuntimeError, match="only be called while its saga runs"):
        await got_out[0].take("b")


def test_a_dropped_sagas_memory_is_given_back() -> None:
    """A machine that is dropped leaves nothing behind, without waiting for the collector."""
    gc.collect()
    gc.disable()
    before = len(gc.get_objects())
    for _ in range(50):
        Machine.rebuild("x:1", [], SagaDriver(hasty).definitions)
        SagaDriver(hasty).start().machine.close()
    grown = len(gc.get_objects()) - before
    gc.enable()
    assert grown < 500


def test_a_dropped_saga_lets_go_of_whoever_dropped_it() -> None:
    """Thrown out of a group, its code ends with an exception that the group keeps: no frame of ours hangs on it."""

    async def in_a_group(shop: Shop) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(shop.lend("a"))
            await shop.take("b")

    class Held:
        """Of a frame that drops a saga."""

    def drop() -> weakref.ref[Held]:
        held = Held()
        Machine.rebuild("x:1", rows, definitions).close()
        return weakref.ref(held)

    driver = SagaDriver(code(in_a_group)).start().succeeds("shop.lend", "A")
    rows, definitions = [read_events(row) for row in driver.rows], driver.definitions
    gc.disable()
    try:
        assert drop()() is None
    finally:
        gc.enable()
