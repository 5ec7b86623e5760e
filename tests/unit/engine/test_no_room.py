"""Attempts of which nothing was begun, since the participant had no room: they do not count."""

from coordinator.history.steps import StepAttemptFailed, StepFailed, StepRetried
from coordinator.history.undos import UndoAttemptFailed
from coordinator.saga import saga
from tests.sagas import SagaDriver, Shop


@saga(version=1)
async def lending(shop: Shop) -> str:
    """A step that is tried once, and its undo twice; then one with eight seconds."""
    lent = await shop.lend("a")
    await shop.borrow("b")
    return lent


def sent_away(driver: SagaDriver, command: str, times: int) -> SagaDriver:
    """Each attempt has a number of its own all the same."""
    for _ in range(times):
        driver.fails(command, type="no_place", retry_after_ms=2_000, counts=False)
        assert driver.in_ms == 2_000
        driver.passes(2_000).expects(command)
    return driver


def test_a_step_is_not_given_up_for_it() -> None:
    """Also not by who reads its history anew; what counts is what it was before."""
    driver = sent_away(SagaDriver(lending).start(), "shop.lend", 30).restarts()
    assert driver.send("shop.lend").attempt == 31
    sent_away(driver, "shop.lend", 5)
    assert [event.attempt for event in driver.of(StepRetried)] == [*range(2, 37)]
    driver.fails("shop.lend")
    assert (len(driver.of(StepAttemptFailed)), len(driver.of(StepFailed))) == (35, 1)


def test_nor_does_its_own_wait_grow() -> None:
    """The participant says how long; where it does not, it is what follows the failures that count."""
    driver = SagaDriver(lending).start().succeeds("shop.lend", "A")
    for _ in range(4):
        driver.fails("shop.borrow", counts=False)
        assert driver.in_ms is not None
        assert 500 <= driver.in_ms <= 1_000
        driver.passes(driver.in_ms).expects("shop.borrow")


def test_the_total_time_goes_on() -> None:
    """It is how long a saga waits for a participant that has no room."""
    driver = SagaDriver(lending).start().succeeds("shop.lend", "A")
    sent_away(driver, "shop.borrow", 3).fails("shop.borrow", retry_after_ms=2_000, counts=False)
    assert [event.problem.counts for event in driver.of(StepFailed)] == [False]
    driver.expects("undo shop.borrow")


def test_an_undo_is_not_given_up_for_it() -> None:
    """It has both of its attempts still."""
    driver = SagaDriver(lending).start().succeeds("shop.lend", "A").fails("shop.borrow", type="worn")
    driver.succeeds("undo shop.borrow")
    sent_away(driver, "undo shop.lend", 10).restarts()
    driver.fails("undo shop.lend").passes(1_000).expects("undo shop.lend")
    sent_away(driver, "undo shop.lend", 1).fails("undo shop.lend").is_("parked")
    assert len(driver.of(UndoAttemptFailed)) == 12
