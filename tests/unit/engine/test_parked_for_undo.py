"""An undo is given up: a person sees to it, and the other undos go on meanwhile."""

import asyncio

import pytest

from contracts import Refused
from coordinator.engine.facts import Conflict, Ignored, Known
from coordinator.history.endings import SagaCompensated, SagaCompleted
from coordinator.history.undos import UndoGivenUp, UndoRetried
from coordinator.saga import saga
from tests.sagas import SagaDriver, Shop


@saga(version=1)
async def errand(shop: Shop) -> None:
    """The undo of its second step has a budget."""
    await shop.take("a")
    await shop.lend("b")
    await shop.take("c")


@saga(version=1)
async def impatient(shop: Shop) -> str:
    """Goes on without what it lent, whose undo has a budget."""
    try:
        async with asyncio.timeout(2):
            return await shop.lend("a")
    except TimeoutError:
        return await shop.take("b")


@saga(version=1)
async def regretful(shop: Shop) -> str:
    """Says no when it is too late."""
    await shop.take("a")
    await shop.pay(1)
    raise Refused("too_late")


def given_up() -> SagaDriver:
    driver = SagaDriver(errand).start().succeeds(1, "A").succeeds(2, "B").refuses(3).expects("undo shop.lend")
    return driver.fails("undo 2").passes(1_000).fails("undo 2").is_("parked")


def test_the_others_go_on() -> None:
    """The next undo is sent all the same."""
    driver = given_up().expects("undo shop.take")
    assert driver.last is not None
    assert driver.last.parked_for == "undo"
    assert "shop.lend (step 2)" in driver.parked_message
    driver.succeeds("undo 1").is_("parked")
    assert driver.of(SagaCompensated) == []
    assert driver.in_ms is None


def test_a_person_gives_it_a_new_budget() -> None:
    """Resumed, it is tried as often as at first, with its attempts counted on."""
    driver = given_up().succeeds("undo 1").resume().expects("undo shop.lend").is_("compensating")
    assert driver.send("undo 2").attempt == 3
    driver.fails("undo 2").passes(1_000).expects("undo shop.lend").fails("undo 2").is_("parked")
    assert [event.attempt for event in driver.of(UndoGivenUp)] == [2, 4]
    driver.restarts().resume().succeeds("undo 2").is_("compensated")


def test_resumed_while_the_others_go_on() -> None:
    """Both are under way."""
    driver = given_up().resume().expects("undo shop.lend").is_("compensating")
    driver.succeeds("undo 1").is_("compensating").succeeds("undo 2").is_("compensated")


def test_silence_counts_against_the_budget() -> None:
    """Two attempts without an answer."""
    driver = SagaDriver(errand).start().succeeds(1, "A").succeeds(2, "B").refuses(3).passes(20_000).is_("parked")
    assert driver.of(UndoGivenUp)[0].problem.type == "timeout"


@pytest.mark.parametrize("final", ["refuses", "fails"])
def test_a_final_answer_ends_the_budget(final: str) -> None:
    """Neither a no nor a failure that cannot be retried is tried again."""
    driver = SagaDriver(errand).start().succeeds(1, "A").succeeds(2, "B").refuses(3)
    if final == "refuses":
        driver.refuses("undo 2")
    else:
        driver.fails("undo 2", retryable=False)
    assert [event.attempt for event in driver.is_("parked").of(UndoGivenUp)] == [1]


def test_a_late_success_is_one() -> None:
    """The undo that was given up was done after all: nobody has to see to it any more."""
    driver = given_up().succeeds("undo 2", attempt=1).is_("compensating").succeeds("undo 1").is_("compensated")
    assert driver.of(UndoRetried)[-1].attempt == 2


def test_a_late_failure_is_none() -> None:
    """It is given up already."""
    driver = given_up()
    assert driver.unchanged_by(lambda: driver.fails("undo 2"))
    assert isinstance(driver.verdict, Ignored)


def test_several_given_up() -> None:
    """One message names them all, and one resume tries them all, the later ones first."""

    @saga(version=1)
    async def lending(shop: Shop) -> None:
        await shop.lend("a")
        await shop.lend("b")
        await shop.take("c")

    driver = SagaDriver(lending).start().succeeds(1, "A").succeeds(2, "B").refuses(3)
    driver.refuses("undo 2").is_("parked").refuses("undo 1").is_("parked").resume()
    driver.expects("undo shop.lend", "undo shop.lend")
    assert [send.command_id for send in driver.sent[-2:]] == ["lending:1:2:undo", "lending:1:1:undo"]
    driver.succeeds("undo 1").is_("compensating").refuses("undo 2").is_("parked").resume().succeeds("undo 2")
    driver.is_("compensated")


def test_in_the_background_of_a_saga_that_goes_on() -> None:
    """It goes on forward; when its code is through, it waits for a person before it completes."""
    driver = SagaDriver(impatient).start().passes(2_000).refuses("undo 1").is_("running")
    driver.succeeds(2, "B").is_("parked")
    assert driver.of(SagaCompleted) == []
    driver.restarts().resume().is_("running").expects("undo shop.lend").succeeds("undo 1").is_("completed")
    assert driver.result == "B"


def test_in_the_background_and_answered_late() -> None:
    """No person is needed."""
    driver = SagaDriver(impatient).start().passes(2_000).refuses("undo 1").succeeds(2, "B").is_("parked")
    assert driver.succeeds("undo 1").is_("completed").result == "B"


def test_in_the_background_of_a_saga_that_goes_back() -> None:
    """It counts when the rest is undone."""
    driver = SagaDriver(impatient).start().passes(2_000).refuses("undo 1").is_("running")
    driver.refuses(2).is_("parked").resume().succeeds("undo 1").is_("compensated")


def test_cancelled_while_parked_after_all_went_well() -> None:
    """The code is through, but the saga is not: it may still be cancelled, and then everything is undone."""
    driver = SagaDriver(impatient).start().passes(2_000).refuses("undo 1").succeeds(2, "B").is_("parked")
    driver.cancel().expects("undo shop.take").is_("parked").succeeds("undo 2").resume().succeeds("undo 1")
    driver.is_("compensated")


def test_code_that_no_longer_fits_while_parked_for_an_undo() -> None:
    """It is parked for its code then; resumed with the right code, it is parked for the undo again."""
    driver = SagaDriver(impatient).start().passes(2_000).refuses("undo 1").succeeds(2, "B").is_("parked")
    driver.deploys(saga(version=1, name="impatient")(errand.function)).wake().is_("parked")
    assert "does not fit" in driver.parked_message
    driver.deploys(impatient).resume().is_("parked")
    assert "shop.lend (step 1)" in driver.parked_message
    driver.resume().expects("undo shop.lend").succeeds("undo 1").is_("completed")


# --- forward only


def test_a_no_past_the_point_of_no_return_parks() -> None:
    """Nothing is undone: it is too late for that, and a person has to see to it."""
    driver = SagaDriver(regretful).start().succeeds(1, "A").succeeds("shop.pay", 1).expects().is_("parked")
    assert driver.last is not None
    assert driver.last.parked_for == "forward_only"
    assert "too_late" in driver.parked_message
    assert driver.unchanged_by(driver.cancel)
    assert isinstance(driver.verdict, Conflict)


def test_a_no_past_the_point_of_no_return_is_still_one() -> None:
    """The same code says no again."""
    driver = SagaDriver(regretful).start().succeeds(1, "A").succeeds("shop.pay", 1)
    assert driver.unchanged_by(driver.resume)
    assert isinstance(driver.verdict, Conflict)


def test_code_that_goes_forward_does_so() -> None:
    """Mended, the saga goes on from there."""

    @saga(version=1, name="regretful")
    async def better(shop: Shop) -> str:
        await shop.take("a")
        await shop.pay(1)
        return await shop.ship("a")

    driver = SagaDriver(regretful).start().succeeds(1, "A").succeeds("shop.pay", 1).deploys(better).resume()
    assert driver.expects("shop.ship").succeeds("shop.ship", "sent").is_("completed").result == "sent"


# --- resume


@pytest.mark.parametrize("end", ["running", "compensating", "completed", "none"])
def test_nothing_to_resume(end: str) -> None:
    """A saga that is not parked says where it stands."""
    driver = SagaDriver(impatient)
    if end != "none":
        driver.start()
    if end == "compensating":
        driver.cancel()
    if end == "completed":
        driver.succeeds(1, "A")
    assert driver.unchanged_by(driver.resume)
    if end == "none":
        assert isinstance(driver.verdict, Ignored)
    else:
        assert isinstance(driver.verdict, Conflict)
        assert f"is {end}, neither paused nor parked" in driver.verdict.message


def test_resumed_twice() -> None:
    """The second time there is nothing to resume."""
    driver = given_up().resume()
    assert driver.unchanged_by(driver.resume)
    assert driver.verdict != Known()
