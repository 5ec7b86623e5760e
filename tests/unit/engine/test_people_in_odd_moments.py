"""What people do at moments when nobody expects them: several acts at once, with a pivot out, in a pause, too late."""

import asyncio
from typing import Any

import msgspec
import pytest

from coordinator.engine.facts import (
    Cancel,
    ConfirmUndo,
    Conflict,
    GiveResult,
    Pause,
    Repair,
    Resume,
    RetryStep,
    SkipUndo,
    Start,
)
from coordinator.engine.facts import Signal as Sent
from coordinator.history.people import StepSeenTo
from coordinator.saga import Signal, saga
from tests.sagas import SagaDriver, Shop, code
from tests.unit.engine.stories import errand, hasty

NULL = msgspec.Raw(b"null")


async def launches(shop: Shop) -> None:
    """Past its pivot nothing can be undone, and nothing undoes the pivot."""
    await shop.take("a")
    await shop.launch()
    await shop.ship("a")


def launching() -> SagaDriver:
    return SagaDriver(code(launches)).start().succeeds("shop.take", "A").expects("shop.launch")


def test_many_acts_in_one_activation() -> None:
    """One after the other, as if each had come alone."""
    driver = SagaDriver(errand).advance(Start("errand", 1, NULL), Pause("a"), Resume("b"), Pause("c"), Cancel("d"))
    driver.is_("compensating").expects("shop.take", "undo shop.take")


def test_a_person_answers_for_the_pivot_of_a_cancelled_saga() -> None:
    """It has happened, so the saga goes forward; what the participant says later changes nothing."""
    driver = launching().cancel().is_("running").advance(GiveResult(2, NULL, "it flies")).expects("shop.ship")
    assert driver.unchanged_by(lambda: driver.refuses("shop.launch"))
    assert driver.unchanged_by(driver.cancel)
    driver.restarts().succeeds("shop.ship", "A").is_("completed")


def test_the_pivot_of_a_cancelled_saga_is_tried_again() -> None:
    """A person may hurry what the cancel waits for."""
    driver = launching().cancel().fails("shop.launch").advance(RetryStep(2, undo=False)).expects("shop.launch")
    driver.refuses("shop.launch").is_("compensating").expects("undo shop.take")


def test_a_pause_while_a_cancel_waits_for_the_pivot() -> None:
    """The cancel is not forgotten: the pivot's answer decides when the pause is over."""
    paused = launching().cancel().pauses().refuses("shop.launch").is_("paused").expects()
    paused.restarts().resume().is_("compensating").expects("undo shop.take")
    other = launching().cancel().pauses().succeeds("shop.launch").is_("paused").restarts().resume()
    other.is_("running").expects("shop.ship")


def test_the_deadline_passes_before_a_pause_and_the_pivot_succeeds_in_it() -> None:
    """It is past the point of no return then: the saga goes forward."""

    @saga(version=1, deadline="20s")
    async def late(shop: Shop, note: Signal[int]) -> int:
        await shop.take("a")
        await shop.launch()
        return await note

    driver = SagaDriver(late).start().succeeds("shop.take", "A").passes(20_000).is_("running").pauses()
    driver.succeeds("shop.launch").resume().is_("running").signals("note", 1).is_("completed")


@pytest.mark.parametrize(
    "repair", [RetryStep(1, undo=False), RetryStep(1, undo=True), ConfirmUndo(1, "x"), SkipUndo(1, "x")]
)
def test_nothing_is_repaired_in_a_pause(repair: Repair) -> None:
    """First it is resumed."""
    driver = SagaDriver(hasty).start().passes(7_000).pauses()
    assert driver.unchanged_by(lambda: driver.advance(repair))
    assert driver.verdict == Conflict("The saga is paused: resume it first.")


def test_the_undo_of_a_step_that_is_no_longer_waited_for_is_seen_to_while_the_saga_runs() -> None:
    """The saga goes on, and a late answer of the step or of its undo changes nothing."""
    driver = SagaDriver(hasty).start().passes(7_000).advance(ConfirmUndo(1, "by hand")).is_("running")
    assert driver.unchanged_by(lambda: driver.advance(ConfirmUndo(1, "by hand")))
    assert driver.unchanged_by(lambda: driver.succeeds("undo 1"))
    assert driver.unchanged_by(lambda: driver.succeeds(1, "late"))
    driver.succeeds(2, "b").is_("completed")


def test_a_given_up_undo_that_is_skipped_lets_a_saga_end_that_is_through() -> None:
    """Its code has returned, and only the undo stood in the way."""
    driver = SagaDriver(hasty).start().passes(7_000).refuses("undo 1").succeeds(2, "b").is_("parked")
    driver.restarts().skips(1).is_("completed")
    assert driver.result == "b"


def test_a_saga_that_is_through_is_cancelled_while_an_undo_waits_for_a_person() -> None:
    """It goes back, and is parked on for the undo that was given up until somebody has seen to it."""
    driver = SagaDriver(hasty).start().passes(7_000).refuses("undo 1").succeeds(2, "b").cancel().is_("parked")
    driver.expects("undo shop.take").succeeds("undo 2").is_("parked").skips(1).is_("partially_compensated")


def test_an_undo_is_out_while_another_waits_for_a_person() -> None:
    """A retry of one leaves the other given up; a resume tries both."""

    async def lends(shop: Shop) -> None:
        both = [asyncio.create_task(shop.lend(each)) for each in "ab"]
        await asyncio.sleep(3)
        raise AssertionError(both)

    driver = SagaDriver(code(lends)).start().cancel().refuses("undo 1").refuses("undo 2").is_("parked")
    driver.advance(RetryStep(1, undo=True)).is_("parked").expects("undo shop.lend")
    driver.resume().is_("compensating").expects("undo shop.lend")
    driver.restarts().succeeds("undo 1").succeeds("undo 2").is_("compensated")


def test_a_result_is_given_while_the_code_is_stopped() -> None:
    """The mended code has it, and not what the participant says after that."""

    def stops(bug: bool) -> Any:
        async def body(shop: Shop) -> str:
            taken = asyncio.create_task(shop.take("a"))
            await shop.look("b")
            if bug:
                raise KeyError("a bug")
            return await taken

        return code(body)

    driver = SagaDriver(stops(bug=True)).start().succeeds("shop.look", 1).is_("parked")
    step = driver.machine.state.steps[2]
    assert (step.command, step.in_flight) == ("shop.take", True)
    driver.advance(GiveResult(2, msgspec.Raw(b'"by hand"'), "seen")).is_("parked")
    assert driver.unchanged_by(lambda: driver.succeeds("shop.take", "late"))
    driver.deploys(stops(bug=False)).resume().is_("completed")
    assert (driver.result, len(driver.of(StepSeenTo))) == ("by hand", 1)


def test_a_signal_for_a_saga_of_another_version_in_a_start() -> None:
    """The saga that is there keeps its version, and so the signals that it takes."""

    @saga(version=1, name="versioned")
    async def before(old: Signal[int]) -> int:
        return await old

    @saga(version=2, name="versioned")
    async def after(new: Signal[int]) -> int:
        return await new

    driver = SagaDriver(before).start().deploys(before, after)
    new = Start("versioned", 2, NULL, sent=Sent("new", "one", msgspec.Raw(b"1")))
    assert driver.unchanged_by(lambda: driver.advance(new))
    driver.advance(Start("versioned", 2, NULL, sent=Sent("old", "one", msgspec.Raw(b"1")))).is_("completed")


def test_a_pause_in_which_the_clock_is_set_back() -> None:
    """Each timer is as far away as it was."""
    driver = SagaDriver(errand).start().pauses()
    driver.now -= 10_000
    assert driver.resume().in_ms == 5_000
