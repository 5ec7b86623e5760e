"""Each end says what it came of, whatever the problem's type is called."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from contracts import Failed, Refused
from coordinator.engine.failure import cause_of
from coordinator.history.codec import read_events
from coordinator.history.undos import CompensationStarted
from coordinator.saga import saga
from tests.sagas import SagaDriver, Shop, code


async def takes(shop: Shop) -> str:
    return await shop.take("a")


async def refuses(shop: Shop) -> None:
    await shop.take("a")
    raise Refused("broken", "It is called like a failure.")


async def rests_too_long(shop: Shop) -> None:
    await shop.take("a")
    async with asyncio.timeout(3):
        await asyncio.sleep(60)


async def waits_for_both(shop: Shop) -> None:
    await asyncio.gather(shop.take("a"), shop.look("b"))


async def waits_in_a_group(shop: Shop) -> None:
    async with asyncio.TaskGroup() as both:
        both.create_task(shop.take("a"))
        both.create_task(shop.look("b"))


def succeeds(saga: SagaDriver) -> None:
    saga.succeeds(1, "A")


@pytest.mark.parametrize(
    ("body", "ending", "cause"),
    [
        (takes, lambda s: s.refuses(1), "refused"),
        (takes, lambda s: s.fails(1, retryable=False), "failed"),
        (takes, lambda s: s.passes(60_000), "timed_out"),
        (takes, lambda s: s.cancel(), "cancelled"),
        (refuses, succeeds, "refused"),
        (rests_too_long, lambda s: s.succeeds(1, "A").passes(3_000), "timed_out"),
        (waits_for_both, lambda s: s.fails(1, retryable=False), "failed"),
        (waits_in_a_group, lambda s: s.fails(1, retryable=False), "failed"),
    ],
)
def test_why_it_goes_back(
    body: Callable[[Shop], Awaitable[object]], ending: Callable[[SagaDriver], object], cause: str
) -> None:
    """Kept where it turns, and in what it leaves behind."""
    driver = SagaDriver(code(body)).start()
    ending(driver)
    if driver.status == "compensating":
        driver.restarts().succeeds("undo 1")
    assert driver.status in ("compensated", "failed")
    assert [event.sort for event in driver.of(CompensationStarted)] == [cause]
    assert driver.outcome["cause"] == cause


def test_a_deadline() -> None:
    """It ran out of time, and says which."""

    @saga(version=1, deadline="100s")
    async def slow(shop: Shop) -> None:
        await shop.take("a")
        await asyncio.sleep(1_000)

    driver = SagaDriver(slow).start().succeeds(1, "A").passes(100_000).succeeds("undo 1").is_("compensated")
    assert (driver.outcome["cause"], driver.outcome["problem"]["type"]) == ("timed_out", "deadline_exceeded")


def test_partially() -> None:
    """A person's decision does not change why it went back."""
    driver = SagaDriver(code(refuses)).start().succeeds(1, "A").skips(1).is_("partially_compensated")
    assert driver.outcome["cause"] == "refused"


def test_of_several_the_first() -> None:
    """As its problem is."""
    assert cause_of(ExceptionGroup("", [Failed("a"), Refused("b")])) == "failed"


def test_a_history_of_an_older_release() -> None:
    """It says nothing, and nothing is made up."""
    row = '[{"type":"compensation_started","cause":{"type":"no"},"at":1}]'
    (event,) = read_events(row)
    assert isinstance(event, CompensationStarted)
    assert event.sort is None
