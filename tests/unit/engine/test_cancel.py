"""A saga is cancelled, or its deadline passes: at every moment, and past the point of no return."""

import asyncio
import contextlib
from collections.abc import Callable

import pytest

from contracts import Refused
from coordinator.engine.facts import Conflict, Ignored, Known
from coordinator.history.undos import CancelRequested
from coordinator.saga import saga
from tests.sagas import SagaDriver, Shop


@saga(version=1)
async def errand(shop: Shop) -> str:
    """Take, rest, launch, ship."""
    await shop.take("a")
    await asyncio.sleep(60)
    await shop.take("b")
    await shop.launch()
    return await shop.ship("a")


@saga(version=1, deadline="100s", name="errand")
async def timed(shop: Shop) -> str:
    """The same within 100 s."""
    return await errand.function(shop)


def resting() -> SagaDriver:
    return SagaDriver(errand).start().succeeds(1, "A")


def launching() -> SagaDriver:
    return resting().passes(60_000).succeeds(2, "B").expects("shop.launch")


def test_cancelled_at_its_first_step() -> None:
    """Its outcome is unknown: undone, without a result, because it was cancelled."""
    driver = SagaDriver(errand).start().cancel("no more").expects("undo shop.take").is_("compensating")
    assert driver.value("undo 1")["cause"] == {"type": "cancelled", "message": "no more"}
    driver.succeeds("undo 1").is_("compensated")


def test_cancelled_between_two_attempts() -> None:
    """The step may have had its effect in the attempt that failed: it is undone, and not tried again."""
    driver = SagaDriver(errand).start().fails(1).cancel().expects("undo shop.take").succeeds("undo 1")
    assert driver.is_("compensated").in_ms is None


def test_cancelled_in_its_sleep() -> None:
    """The timer is gone, what was done is undone."""
    driver = resting().cancel().expects("undo shop.take")
    assert driver.in_ms == 5_000
    driver.succeeds("undo 1").is_("compensated")


def test_cancelled_before_anything_was_done() -> None:
    """A saga that sleeps first has nothing to undo: it has failed."""

    @saga(version=1)
    async def late_riser(shop: Shop) -> None:
        await asyncio.sleep(5)
        await shop.take("a")

    SagaDriver(late_riser).start().cancel().expects().is_("failed")


def test_cancelled_while_a_pivot_is_in_flight() -> None:
    """Nobody may go back before its outcome is known; if it is refused, everything is undone then."""
    driver = launching().cancel().expects().is_("running")
    assert driver.accepted
    driver.refuses("shop.launch").expects("undo shop.take").is_("compensating")
    assert driver.cause == "cancelled"
    driver.succeeds("undo 2").expects("undo shop.take").succeeds("undo 1").is_("compensated")


def test_cancelled_while_pivots_follow_each_other() -> None:
    """The code does not hear that a pivot was refused, or it could try another one, and so on for ever."""

    @saga(version=1)
    async def insistent(shop: Shop) -> None:
        await shop.take("a")
        for _ in range(3):
            with contextlib.suppress(Refused):
                await shop.launch()

    driver = SagaDriver(insistent).start().succeeds(1, "A").refuses("shop.launch").expects("shop.launch").cancel()
    driver.refuses("shop.launch").expects("undo shop.take").is_("compensating")


def test_cancelled_while_a_pivot_is_in_flight_that_succeeds() -> None:
    """Too late: the saga goes forward, and completes."""
    driver = launching().cancel().succeeds("shop.launch").expects("shop.ship").is_("running")
    driver.succeeds("shop.ship", "sent").is_("completed")


def test_cancelled_past_the_point_of_no_return() -> None:
    """It says why not, and nothing changes."""
    driver = launching().succeeds("shop.launch")
    assert driver.unchanged_by(driver.cancel)
    assert isinstance(driver.verdict, Conflict)
    assert "point of no return" in driver.verdict.message


def test_a_retriable_step_without_undo_is_a_point_of_no_return() -> None:
    """Once it is asked for, the saga only goes forward: it cannot be refused and cannot be undone."""

    @saga(version=1)
    async def shipping(shop: Shop) -> str:
        await shop.take("a")
        return await shop.ship("a")

    driver = SagaDriver(shipping).start().succeeds(1, "A")
    assert driver.unchanged_by(driver.cancel)
    driver.succeeds("shop.ship", "sent").is_("completed")


def test_cancelled_twice() -> None:
    """The second time it is known; the reason stays the first one."""
    driver = resting().cancel("first")
    assert driver.unchanged_by(lambda: driver.cancel("second"))
    assert driver.verdict == Known()
    waiting = launching().cancel("first")
    assert waiting.unchanged_by(lambda: waiting.cancel("second"))


@pytest.mark.parametrize(
    "end",
    [
        lambda: launching().succeeds("shop.launch").succeeds("shop.ship", "sent").is_("completed"),
        lambda: resting().cancel().succeeds("undo 1").is_("compensated"),
        lambda: SagaDriver(errand).start().refuses(1).is_("failed"),
    ],
    ids=["completed", "compensated", "failed"],
)
def test_cancelled_after_its_end(end: Callable[[], SagaDriver]) -> None:
    """There is nothing to cancel, and it says so."""
    driver = end()
    assert driver.unchanged_by(driver.cancel)
    assert isinstance(driver.verdict, Conflict)
    assert str(driver.status) in driver.verdict.message


def test_cancelled_before_it_began() -> None:
    """There is no such saga."""
    driver = SagaDriver(errand)
    assert driver.unchanged_by(driver.cancel)
    assert isinstance(driver.verdict, Ignored)


def test_a_strange_reason_can_be_kept() -> None:
    """Whatever text a person gives as the reason, the event that carries it can be written."""
    driver = resting().cancel("nul \x00 and half \ud800 a pair" + "x" * 10_000)
    assert b"\\u0000" not in driver.rows[-1]
    assert len(driver.rows[-1]) < 20_000


def test_no_reason_is_a_reason() -> None:
    """An empty one gets words."""
    assert resting().cancel("").value("undo 1")["cause"]["message"] == "Cancelled from outside."


# --- the deadline


def test_the_deadline_passes() -> None:
    """The saga goes back, whatever it was doing."""
    driver = SagaDriver(timed).start().succeeds(1, "A").passes(60_000).will_answer_later(2).passes(39_999)
    driver.is_("running")
    driver.passes(1).is_("compensating")
    assert driver.cause == "deadline_exceeded"
    driver.succeeds("undo 2").succeeds("undo 1").is_("compensated")


def test_the_deadline_is_known_from_the_start() -> None:
    """It stands in the history, counted from the start."""
    driver = SagaDriver(timed).start().will_answer_later(1)
    assert driver.in_ms == 100_000
    assert driver.restarts().in_ms == 100_000


def test_the_deadline_passes_while_a_pivot_is_in_flight() -> None:
    """It waits for the pivot, and goes back if that is refused."""
    driver = SagaDriver(timed).start().succeeds(1, "A").passes(60_000).succeeds(2, "B").passes(60_000).is_("running")
    assert len(driver.of(CancelRequested)) == 1
    driver.refuses("shop.launch").is_("compensating")
    assert driver.cause == "deadline_exceeded"


def test_the_deadline_passes_past_the_point_of_no_return() -> None:
    """It is noted once, and the saga goes forward."""
    driver = SagaDriver(timed).start().succeeds(1, "A").passes(60_000).succeeds(2, "B").succeeds("shop.launch")
    driver.passes(600_000).is_("running")
    assert len(driver.of(CancelRequested)) == 1
    driver.succeeds("shop.ship", "sent").is_("completed")


def test_the_deadline_of_a_saga_that_is_going_back_is_gone() -> None:
    """It is going back already."""
    driver = SagaDriver(timed).start().refuses(1).is_("failed")
    assert driver.in_ms is None
    going = SagaDriver(timed).start().succeeds(1, "A").cancel().passes(600_000)
    assert going.cause == "cancelled"


def test_the_deadline_stands_still_while_parked_for_code() -> None:
    """A saga that waits for mended code is not undone meanwhile; once resumed it is late."""

    @saga(version=1, deadline="100s")
    async def fragile(shop: Shop) -> None:
        await shop.take("a")
        raise KeyError("seat")

    @saga(version=1, deadline="100s", name="fragile")
    async def mended(shop: Shop) -> None:
        await shop.take("a")
        await shop.take("b")

    driver = SagaDriver(fragile).start().succeeds(1, "A").is_("parked")
    assert driver.in_ms is None
    driver.passes(200_000).wake().is_("parked").deploys(mended).resume().expects("shop.take").is_("running")
    assert driver.in_ms is not None
    assert driver.in_ms < 0
    driver.wake().is_("compensating")
    assert driver.cause == "deadline_exceeded"
