"""The ends of a budget besides its attempts: a total time, and problems after which nothing is tried again."""

import re

import pytest

from contracts import PIVOT, RETRIABLE, Contract, Retry, command
from contracts.asyncapi import asyncapi_document
from coordinator.history.steps import StepAttemptFailed, StepFailed, StepIssued, StepRetried, StepTimedOut
from coordinator.history.undos import UndoAttemptFailed, UndoGivenUp
from coordinator.saga import saga
from tests.sagas import SagaDriver, Shop

HOUR = 3_600_000


@saga(version=1)
async def borrowing(shop: Shop) -> str:
    """A step with eight seconds, whose undo has six."""
    borrowed = await shop.borrow("a")
    await shop.take("b")
    return borrowed


def begun() -> SagaDriver:
    return SagaDriver(borrowing).start().expects("shop.borrow")


def test_no_attempt_begins_past_the_total_time() -> None:
    """What would be tried again after it is given up when that is known, and not when it would have been tried."""
    driver = begun()
    while not driver.of(StepFailed):
        driver.fails(1)
        if not driver.of(StepFailed):
            driver.passes(driver.in_ms or 0).expects("shop.borrow")
    first = driver.of(StepIssued)[0].at
    assert len(driver.of(StepRetried)) >= 2
    assert all(each.at < first + 8_000 for each in driver.of(StepRetried))
    assert driver.of(StepFailed)[0].at < first + 8_000
    driver.expects("undo shop.borrow")


def test_no_attempt_is_waited_for_past_the_total_time() -> None:
    """The last one has what is left of it."""
    driver = begun()
    assert driver.in_ms == 5_000
    driver.passes(5_000).passes(1_000).expects("shop.borrow")
    first, again = driver.of(StepIssued)[0], driver.of(StepRetried)[0]
    assert again.deadline == first.at + 8_000 < again.at + 5_000
    driver.passes(again.deadline - driver.now).expects("undo shop.borrow")
    assert [event.at for event in driver.of(StepTimedOut)] == [first.at + 8_000]


def test_progress_does_not_extend_the_total_time() -> None:
    """However busy the participant is."""
    driver = begun().passes(4_000).progresses(1).passes(3_000).progresses(1)
    assert driver.in_ms == 1_000
    driver.passes(1_000)
    assert len(driver.of(StepTimedOut)) == 1


def test_a_longer_wait_that_was_asked_for_is_past_it_too() -> None:
    """The participant asks for more time than there is: nobody waits to find that out."""
    driver = begun().fails(1, retry_after_ms=60_000)
    assert (len(driver.of(StepFailed)), len(driver.of(StepAttemptFailed))) == (1, 0)


def test_the_total_time_stands_still_in_a_pause() -> None:
    """As every deadline does."""
    driver = begun().passes(3_000).pauses().passes(HOUR).restarts().resume()
    driver.passes(2_000).passes(1_000).expects("shop.borrow")
    again = driver.of(StepRetried)[0]
    assert again.deadline - driver.of(StepIssued)[0].at == HOUR + 8_000
    assert driver.fails(1).of(StepFailed) == []


def test_a_person_may_try_again_past_it() -> None:
    """That attempt has the whole timeout, and is the last."""
    driver = begun().will_answer_later(1).passes(HOUR).retries(1).expects("shop.borrow")
    assert driver.in_ms == 5_000
    driver.fails(1)
    assert len(driver.of(StepFailed)) == 1


def test_an_undo_has_a_total_time_of_its_own() -> None:
    """Counted from its own first attempt, however long ago the step was; a person gives it a new one."""
    driver = begun().succeeds(1, "A").passes(4_000).refuses(2).expects("undo shop.borrow")
    driver.fails("undo 1").passes(1_000).expects("undo shop.borrow").passes(5_000).is_("parked")
    assert len(driver.of(UndoGivenUp)) == 1
    driver.passes(HOUR).resume().expects("undo shop.borrow")
    assert driver.in_ms == 5_000
    driver.fails("undo 1").is_("compensating").passes(1_000).expects("undo shop.borrow")
    driver.passes(5_000).is_("parked").resume().succeeds("undo 1").is_("compensated")


def test_an_undos_total_time_stands_still_in_a_pause() -> None:
    """As every deadline does."""
    driver = begun().succeeds(1, "A").refuses(2).passes(1_000).pauses().passes(HOUR).resume()
    driver.fails("undo 1").is_("compensating")
    assert len(driver.of(UndoAttemptFailed)) == 1


def test_what_is_excepted_is_not_tried_again() -> None:
    """The type of the problem decides, whatever the participant says of it, for the step and for its undo."""
    driver = begun().fails(1, type="worn").expects("undo shop.borrow")
    assert [event.problem.type for event in driver.of(StepFailed)] == ["worn"]
    driver.fails("undo 1", type="worn").is_("parked")
    assert [event.problem.type for event in driver.of(UndoGivenUp)] == ["worn"]


def test_silence_may_be_excepted() -> None:
    """Its type is timeout: what may have happened is not asked for twice."""

    class Bank(Contract, name="bank"):
        @command(timeout="5s", retry=Retry(unless=("timeout",)))
        async def pay(self) -> None: ...

        @pay.undo()
        async def refund(self, paid: None) -> None: ...

    @saga(version=1)
    async def paying(bank: Bank) -> None:
        await bank.pay()

    driver = SagaDriver(paying).start().fails(1).passes(1_000).expects("bank.pay").passes(5_000)
    assert (len(driver.of(StepTimedOut)), len(driver.of(StepRetried))) == (1, 1)


def test_jitter_is_the_part_that_is_drawn() -> None:
    """None: every wait is as it says; 1: any wait up to that."""
    assert [Retry(backoff="1s..4s", jitter=0).delay_ms(each, "a") for each in (1, 2, 3, 4)] == [1e3, 2e3, 4e3, 4e3]
    full = [Retry(backoff="1s..4s", jitter=1).delay_ms(1, f"{each}") for each in range(200)]
    assert min(full) < 100
    assert 900 < max(full) <= 1_000


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"jitter": 1.1}, "give 0 to 1"),
        ({"jitter": -0.1}, "give 0 to 1"),
        ({"total": "0s"}, "give more"),
        ({"total": "soon"}, "not a duration"),
        ({"unless": "worn"}, "write ('worn',)"),
    ],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, object], says: str) -> None:
    """And the message says what to write."""
    with pytest.raises(ValueError, match=re.escape(says)):
        Retry(**wrong)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("ends", [Retry(total="1h", attempts=None), Retry(attempts=None, unless=("worn",))])
def test_what_must_not_be_given_up_has_no_such_end(ends: Retry) -> None:
    """A retriable command, and a pivot without an undo."""
    with pytest.raises(TypeError, match="tried until it succeeds"):

        class Post(Contract, name="post"):  # pyright: ignore[reportUnusedClass]
            @command(kind=RETRIABLE, retry=ends)
            async def send(self) -> None: ...

    with pytest.raises(TypeError, match="declare an undo"):

        class Pad(Contract, name="pad"):  # pyright: ignore[reportUnusedClass]
            @command(kind=PIVOT, retry=ends)
            async def launch(self) -> None: ...


def test_the_ends_are_in_the_asyncapi_document() -> None:
    """For whoever writes a participant."""
    operations = asyncapi_document([Shop])["operations"]
    for name in ("coordinator.shop.borrow", "participants.shop.borrow"):
        assert operations[name]["x-amends-total-ms"] == 8_000
        assert operations[name]["x-amends-not-retried"] == ["worn"]
    assert "x-amends-total-ms" not in operations["coordinator.shop.take"]
