"""Answers by the command's id alone, as they come over HTTP: to the attempt that is out."""

from typing import Any

import msgspec
import pytest

from contracts import Problem
from contracts.answers import Answer, Failure, Progress, Refusal, Success
from coordinator.engine.facts import Accepted, Ignored, Known, Reply, Unfit
from coordinator.history.steps import StepAttemptFailed, StepRetried, StepSucceeded
from coordinator.saga import saga
from tests.sagas import SagaDriver, Shop


@saga(version=1)
async def taking(shop: Shop) -> str:
    """One step, and one more that sends it back."""
    taken = await shop.take("a")
    await shop.look("b")
    return taken


def success(result: Any) -> Success:
    return Success(msgspec.Raw(msgspec.json.encode(result)))


def answered(driver: SagaDriver, answer: Answer, id: str = "taking:1:1") -> SagaDriver:
    return driver.advance(Reply(id, 0, answer))


def pending() -> SagaDriver:
    """Its second attempt is to be answered later."""
    return SagaDriver(taking).start().fails(1).passes(1_000).will_answer_later(1).passes(10**9)


def test_it_succeeds() -> None:
    """As its second attempt."""
    driver = answered(pending().restarts(), success("A")).expects("shop.look")
    assert [(event.attempt, bytes(event.result)) for event in driver.of(StepSucceeded)] == [(2, b'"A"')]


def test_the_same_again_is_known() -> None:
    """And another is not: what was said stands."""
    driver = answered(pending(), success("A"))
    assert driver.unchanged_by(lambda: answered(driver, success("A")))
    assert driver.verdict == Known()
    for other in (success("B"), Refusal(Problem("no")), Failure(Problem("broken"))):
        assert driver.unchanged_by(lambda other=other: answered(driver, other))
        assert isinstance(driver.verdict, Ignored)


def test_a_result_that_does_not_fit() -> None:
    """Whoever sends it is told; the code never sees it."""
    driver = pending()
    assert driver.unchanged_by(lambda: answered(driver, success(7)))
    assert isinstance(driver.verdict, Unfit)
    assert driver.verdict.what == "result"


def test_a_no_and_a_failure() -> None:
    """Of the attempt that is out."""
    assert answered(pending(), Refusal(Problem("no"))).is_("failed").cause == "no"
    driver = answered(pending(), Failure(Problem("broken", retryable=True)))
    assert [event.attempt for event in driver.of(StepAttemptFailed)] == [1, 2]
    driver.passes(2_000)
    assert [event.attempt for event in driver.of(StepRetried)] == [2, 3]


def test_progress() -> None:
    """The timeout begins anew."""
    assert answered(pending(), Progress(msgspec.Raw(b"1"))).in_ms == 5_000


def test_an_undo() -> None:
    """By its own id."""
    driver = answered(pending(), success("A")).refuses("shop.look").fails("undo 1").passes(1_000)
    answered(driver, success(None), "taking:1:1:undo").is_("compensated")


def test_in_a_pause_it_is_kept() -> None:
    """And taken in when the saga goes on."""
    driver = answered(pending().pauses(), success("A")).is_("paused")
    assert driver.verdict == Accepted()
    driver.restarts().resume().expects("shop.look")


@pytest.mark.parametrize("id", ["taking:1:7", "taking:2:1", "nonsense"])
def test_it_belongs_to_nothing(id: str) -> None:
    """An unknown step, another saga, no id."""
    driver = pending()
    assert driver.unchanged_by(lambda: answered(driver, success("A"), id))
    assert isinstance(driver.verdict, Ignored)
