"""A saga whose code no longer fits its history waits for the right code, and loses nothing meanwhile."""

import asyncio

import pytest

from coordinator.engine.facts import Conflict
from coordinator.history.parking import SagaResumed
from coordinator.history.steps import StepIssued, StepSucceeded
from coordinator.saga import saga
from tests.sagas import Body, SagaDriver, Shop, code


async def original(shop: Shop) -> str:
    a = await shop.take("a")
    await asyncio.sleep(60)
    b, _ = await asyncio.gather(shop.take("b"), shop.look("b"))
    return a + b


async def renamed(shop: Shop) -> str:
    a = await shop.lend("a")
    await asyncio.sleep(60)
    b, _ = await asyncio.gather(shop.take("b"), shop.look("b"))
    return a + b


async def removed(shop: Shop) -> str:
    await asyncio.sleep(60)
    return (await asyncio.gather(shop.take("b"), shop.look("b")))[0]


async def added(shop: Shop) -> str:
    await shop.look("first")
    return await original(shop)


async def added_at_the_end(shop: Shop) -> str:
    a = await shop.take("a")
    await asyncio.sleep(60)
    b, _, _ = await asyncio.gather(shop.take("b"), shop.look("b"), shop.look("c"))
    return a + b


async def other_order(shop: Shop) -> str:
    a = await shop.take("a")
    await asyncio.sleep(60)
    _, b = await asyncio.gather(shop.look("b"), shop.take("b"))
    return a + b


async def no_timer(shop: Shop) -> str:
    a = await shop.take("a")
    b, _ = await asyncio.gather(shop.take("b"), shop.look("b"))
    return a + b


async def another_timer(shop: Shop) -> str:
    a = await shop.take("a")
    async with asyncio.timeout(100):
        await asyncio.sleep(60)
    b, _ = await asyncio.gather(shop.take("b"), shop.look("b"))
    return a + b


async def ends_early(shop: Shop) -> str:
    return await shop.take("a")


async def raises(shop: Shop) -> str:
    await shop.take("a")
    raise ValueError("a bug that was not there")


MISMATCHES = {
    "a step renamed": (renamed, "event 2", "step 1: shop.take", "step 1: shop.lend"),
    "a step removed": (removed, "event 2", "step 1: shop.take", "timer 1 started"),
    "a step added": (added, "event 2", "step 1: shop.take", "step 1: shop.look"),
    "a step added at the end": (added_at_the_end, "event 8", "nothing more", "step 4: shop.look"),
    "another order": (other_order, "event 6", "step 2: shop.take", "step 2: shop.look"),
    "a timer removed": (no_timer, "event 4", "timer 1 started", "step 2: shop.take"),
    "a timer added": (another_timer, "event 5", "nothing more before TimerFired", "timer 2 started"),
    "ends early": (ends_early, "event 4", "timer 1 started", "asks for nothing"),
    "raises": (raises, "event 4", "timer 1 started", "asks for nothing"),
}


def half_way() -> SagaDriver:
    return SagaDriver(code(original)).start().succeeds(1, "A").passes(60_000).expects("shop.take", "shop.look")


@pytest.mark.parametrize("name", MISMATCHES)
def test_code_that_does_not_fit_parks(name: str) -> None:
    """Nothing is sent and nothing lost; the message shows expected, found, where, and the version."""
    body, where, expected, found = MISMATCHES[name]
    driver = half_way().deploys(code(body)).wake().expects().is_("parked")
    message = driver.parked_message
    assert "errand version 1 does not fit" in message
    assert f"Expected ({where} of the history): {expected}." in message
    assert found in message.partition("Found: ")[2]


@pytest.mark.parametrize("name", MISMATCHES)
def test_code_that_does_not_fit_does_not_go_on(name: str) -> None:
    """Not even when it would only ask for more: that is for code that stopped at a bug."""
    driver = half_way().deploys(code(MISMATCHES[name][0])).wake()
    assert driver.unchanged_by(driver.resume)
    assert isinstance(driver.verdict, Conflict)
    assert "does not fit" in driver.verdict.message


@pytest.mark.parametrize("name", MISMATCHES)
def test_the_right_code_goes_on(name: str) -> None:
    """Once the code fits again, the saga is as if nothing had been; what came meanwhile is taken in."""
    driver = half_way().deploys(code(MISMATCHES[name][0])).succeeds(2, "B").is_("parked")
    driver.deploys(code(original)).resume().is_("running").expects()
    assert driver.new_events == ["SagaResumed", "StepSucceeded"]
    driver.restarts().succeeds(3, 1).is_("completed")
    assert driver.result == "AB"


def test_it_may_be_cancelled_in_the_wrong_code() -> None:
    """Undoing needs no code."""
    driver = half_way().deploys(code(renamed)).cancel().expects("undo shop.take").is_("compensating")
    driver.succeeds("undo 2").succeeds("undo 1").is_("compensated")


def test_a_version_that_is_not_deployed() -> None:
    """Another version does not do: the saga waits for its own."""
    driver = half_way().deploys(code(ends_early, version=2)).wake().expects().is_("parked")
    assert "Version 1 of errand is not deployed" in driver.parked_message
    assert driver.unchanged_by(driver.resume)
    driver.deploys(code(original), code(ends_early, version=2)).resume().is_("running")
    driver.succeeds(2, "B").succeeds(3, 1).is_("completed")


def test_each_saga_stays_with_its_version() -> None:
    """A newer version beside it changes nothing."""
    driver = half_way().deploys(code(ends_early, version=2), code(original)).succeeds(2, "B").succeeds(3, 1)
    assert driver.is_("completed").result == "AB"


def test_a_saga_going_back_needs_no_code() -> None:
    """Its definition may be gone altogether: which undo goes where stands in the history."""
    driver = half_way().cancel().deploys(saga(version=1, name="other")(code(ends_early).function))
    driver.succeeds("undo 2").expects("undo shop.take").succeeds("undo 1").is_("compensated")


@pytest.mark.parametrize("body", [renamed, raises])
def test_an_ended_saga_needs_no_code(body: Body) -> None:
    """It stays as it ended."""
    driver = half_way().succeeds(2, "B").succeeds(3, 1).is_("completed").deploys(code(body)).is_("completed")
    assert driver.unchanged_by(driver.wake)
    assert driver.result == "AB"


def test_parked_by_whatever_comes_first() -> None:
    """A mismatch is written with the next fact, whatever that is; also with one that would change nothing."""
    driver = half_way().deploys(code(renamed)).resume().is_("parked")
    assert isinstance(driver.verdict, Conflict)
    again = half_way().deploys(code(renamed)).succeeds(1, "A").is_("parked")
    assert again.new_events == ["SagaParked"]


def test_arguments_may_change() -> None:
    """A step is known by its place and its command: what it is given may differ, and what was sent counts."""

    async def other_arguments(shop: Shop) -> str:
        a = await shop.take("another item")
        await asyncio.sleep(5)
        b, _ = await asyncio.gather(shop.take("b"), shop.look("b"))
        return a + b

    driver = half_way().deploys(code(other_arguments)).succeeds(2, "B").succeeds(3, 1).is_("completed")
    assert bytes(driver.of(StepIssued)[0].arguments) == b'{"item":"a"}'
    assert len(driver.of(StepSucceeded)) == 3
    assert driver.of(SagaResumed) == []


async def takes(shop: Shop) -> None:
    await shop.take("a")


async def asks_for_nothing(shop: Shop) -> None: ...


async def raises_at_once(shop: Shop) -> None:
    raise KeyError("seat")


def test_code_that_asks_for_less_does_not_fit_after_a_failed_attempt() -> None:
    """What happens to a step that the code no longer asks for is a difference like any other."""
    driver = SagaDriver(code(takes)).start().fails("shop.take").deploys(code(asks_for_nothing)).wake().is_("parked")
    assert "Expected (event 2 of the history): step 1: shop.take. Found: the code asks for nothing" in (
        driver.parked_message
    )
    driver.deploys(code(takes)).resume().is_("running").passes(5_000).succeeds("shop.take", "A").is_("completed")


def test_the_broken_release_meets_what_the_mended_one_has_resumed() -> None:
    """While both are deployed: the saga is parked again, and goes on with the mended one."""
    driver = SagaDriver(code(raises_at_once)).start().is_("parked").deploys(code(takes)).resume().fails("shop.take")
    driver.deploys(code(raises_at_once)).wake().is_("parked")
    driver.deploys(code(takes)).resume().passes(5_000).succeeds("shop.take", "A").is_("completed")
