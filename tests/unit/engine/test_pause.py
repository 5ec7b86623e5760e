"""A paused saga: nothing is sent, nothing is due, and nothing is lost."""

import asyncio
from typing import Any

import pytest

from coordinator.engine.facts import Conflict, Known
from coordinator.history.people import SagaPaused, SagaUnpaused
from coordinator.history.steps import StepIssued, StepSucceeded
from coordinator.saga import Signal, saga
from tests.sagas import SagaDriver, Shop, code
from tests.unit.engine.stories import errand

HOUR = 3_600_000


@saga(version=1, deadline="1h")
async def slow(shop: Shop, note: Signal[str]) -> list[Any]:
    """Sleeps, hears, takes."""
    await asyncio.sleep(60)
    async with asyncio.timeout(600):
        heard = await note
    return [heard, await shop.take("a")]


def test_nothing_is_due_in_a_pause() -> None:
    """Neither the timer nor the deadline of the saga, however long it lasts; the history says who did it and why."""
    driver = SagaDriver(slow).start().passes(20_000).pauses("the bank is down").is_("paused")
    assert driver.in_ms is None
    driver.passes(100 * HOUR).wake().is_("paused")
    assert driver.of(SagaPaused) == [SagaPaused("the bank is down", driver.now - 100 * HOUR)]
    driver.resume().is_("running")
    assert [event.at for event in driver.of(SagaUnpaused)] == [driver.now]


def test_timers_and_deadlines_stand_still() -> None:
    """After the pause each is as far away as it was before."""
    driver = SagaDriver(slow).start().passes(20_000).pauses().passes(100 * HOUR).resume()
    assert driver.in_ms == 40_000
    driver.passes(40_000).pauses().passes(HOUR).resume()
    assert driver.in_ms == 600_000
    driver.signals("note", "now").expects("shop.take")
    driver.succeeds("shop.take", "A").is_("completed")
    assert driver.result == ["now", "A"]


def test_the_sagas_deadline_comes_after_the_pause() -> None:
    """The hour is an hour of work."""
    driver = SagaDriver(slow).start().pauses().passes(5 * HOUR).resume().passes(60_000)
    driver.pauses().passes(5 * HOUR).resume().signals("note", "x").expects("shop.take").will_answer_later("shop.take")
    driver.passes(HOUR - 60_001).is_("running").passes(1)
    assert driver.cause == "deadline_exceeded"


def test_what_comes_in_a_pause_is_taken_in_when_it_is_over() -> None:
    """Answers and signals, in the order in which they came; until then nothing follows from them."""
    driver = SagaDriver(slow).start().passes(60_000).pauses().signals("note", "early").expects().is_("paused")
    assert driver.unchanged_by(lambda: driver.signals("note", "early", id="signal-1"))
    driver.restarts().resume().expects("shop.take").pauses().succeeds("shop.take", "A").is_("paused").expects()
    assert driver.unchanged_by(lambda: driver.succeeds("shop.take", "A"))
    assert driver.verdict == Known()
    driver.resume().is_("completed")


def test_an_undo_is_answered_in_a_pause() -> None:
    """The next one is sent when the pause is over."""
    driver = SagaDriver(errand).start().succeeds("shop.take", "a").succeeds("shop.lend", "b").cancel()
    driver.succeeds("undo 3").expects("undo shop.lend").pauses().succeeds("undo 2").expects()
    driver.restarts().resume().expects("undo shop.take").succeeds("undo 1").is_("compensated")


def test_cancelled_in_a_pause() -> None:
    """It goes back at once. What was answered meanwhile is known, the code hears of nothing, and asks for nothing."""
    driver = SagaDriver(errand).start().succeeds("shop.take", "a").pauses().succeeds("shop.lend", "b")
    driver.cancel("never mind").is_("compensating").expects("undo shop.lend")
    assert driver.value("undo shop.lend")["result"] == "b"
    assert [event.command for event in driver.of(StepIssued)] == ["shop.take", "shop.lend"]
    assert (driver.cause, len(driver.of(StepSucceeded))) == ("cancelled", 2)


def test_cancelled_in_a_pause_with_a_pivot_out() -> None:
    """What cannot be undone decides, as ever: its answer of the pause counts."""

    async def launches(shop: Shop) -> None:
        await shop.launch()
        await shop.ship("a")

    driver = SagaDriver(code(launches)).start().pauses().succeeds("shop.launch").cancel().is_("running")
    driver.expects("shop.ship").succeeds("shop.ship", "A").is_("completed")
    other = SagaDriver(code(launches)).start().pauses().cancel().is_("running").refuses("shop.launch").is_("failed")
    assert other.cause == "cancelled"


def test_code_that_no_longer_fits_parks_the_saga_when_the_pause_is_over() -> None:
    """As it would have been at any other moment; what came in the pause is kept on."""

    async def first(shop: Shop) -> str:
        return await shop.take("a")

    async def other(shop: Shop) -> str:
        return await shop.lend("a")

    driver = SagaDriver(code(first)).start().pauses().succeeds("shop.take", "A").deploys(code(other)).resume()
    driver.is_("parked")
    assert "Expected (event 2 of the history): step 1: shop.take" in driver.parked_message
    driver.deploys(code(first)).resume().is_("completed")
    assert driver.result == "A"


def test_a_second_pause_changes_nothing() -> None:
    """Asking twice is asking once."""
    driver = SagaDriver(errand).start().pauses()
    assert driver.unchanged_by(lambda: driver.pauses("again"))
    assert driver.verdict == Known()


@pytest.mark.parametrize("end", ["ended", "parked"])
def test_what_stands_already_is_not_paused(end: str) -> None:
    """Only what is under way can be halted."""
    driver = SagaDriver(errand).start()
    if end == "ended":
        driver.refuses("shop.take").is_("failed")
    else:
        driver.succeeds("shop.take", "a").succeeds("shop.lend", "b").cancel()
        driver.refuses("undo 3").refuses("undo 2").refuses("undo 1").is_("parked")
    assert driver.unchanged_by(driver.pauses)
    assert isinstance(driver.verdict, Conflict)
    assert "only one that is under way can be paused" in driver.verdict.message


def test_nothing_to_resume() -> None:
    """A saga that is under way needs nobody."""
    driver = SagaDriver(errand).start()
    assert driver.unchanged_by(driver.resume)
    assert driver.verdict == Conflict("The saga is running, neither paused nor parked: there is nothing to resume.")
