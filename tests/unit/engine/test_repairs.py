"""What people do about one step, each with a reason that the history keeps."""

import msgspec
import pytest

from coordinator.engine.facts import ConfirmUndo, Conflict, GiveResult, Known, Resume, RetryStep, SkipUndo, Unfit
from coordinator.history.endings import SagaTerminated
from coordinator.history.parking import SagaResumed
from coordinator.history.people import StepSeenTo
from coordinator.history.undos import UndoSkipped
from tests.sagas import SagaDriver, Shop, code
from tests.unit.engine.stories import errand


def gives(driver: SagaDriver, step: int, result: str, reason: str = "seen in their books") -> SagaDriver:
    return driver.advance(GiveResult(step, msgspec.Raw(result.encode()), reason))


def undoing() -> SagaDriver:
    """Two steps to be undone; the undo of the second was given up."""
    driver = SagaDriver(errand).start().succeeds("shop.take", "a").succeeds("shop.lend", "b").refuses("shop.pay")
    return driver.refuses("undo shop.lend").expects("undo shop.take")


def test_a_given_up_undo_is_skipped() -> None:
    """The saga ends as partially compensated, and says which undo a person decided against, and why."""
    driver = undoing().succeeds("undo 1").is_("parked").skips(2, "the book is theirs now").is_("partially_compensated")
    assert driver.of(UndoSkipped) == [UndoSkipped(2, "the book is theirs now", driver.now)]
    assert driver.outcome["problem"]["type"] == "no"


def test_skipping_one_undo_does_not_keep_the_others() -> None:
    """They go on, and are sent in their order."""
    driver = undoing().skips(2).is_("compensating").succeeds("undo 1").is_("partially_compensated")
    assert driver.status.ended


def test_an_undo_that_a_person_has_done() -> None:
    """It counts as done: nothing is left undone."""
    driver = undoing().succeeds("undo 1").advance(ConfirmUndo(2, "fetched it myself")).is_("compensated")
    assert driver.of(StepSeenTo) == [StepSeenTo(2, "confirm_undo", "fetched it myself", driver.now)]


def test_an_answer_to_a_skipped_undo_changes_nothing() -> None:
    """The saga has ended, or goes on with the others."""
    driver = undoing().skips(2)
    assert driver.unchanged_by(lambda: driver.succeeds("undo 2"))


def test_an_undo_is_tried_again_now() -> None:
    """Given up, it has a new budget; between two attempts, it is not waited for; while one is out, another follows."""
    driver = undoing().advance(RetryStep(2, undo=True, reason="they are back")).expects("undo shop.lend")
    assert driver.send("undo shop.lend").attempt == 2
    driver.fails("undo shop.lend").advance(RetryStep(2, undo=True)).expects("undo shop.lend")
    driver.advance(RetryStep(2, undo=True)).expects("undo shop.lend")
    assert driver.send("undo shop.lend").attempt == 4
    driver.succeeds("undo 2").succeeds("undo 1").is_("compensated")


def test_a_step_is_tried_again_now() -> None:
    """Between two attempts, and while one is out."""
    driver = SagaDriver(errand).start().fails("shop.take").advance(RetryStep(1, undo=False, reason="now"))
    assert (driver.expects("shop.take").send("shop.take").attempt, driver.in_ms) == (2, 5_000)
    driver.advance(RetryStep(1, undo=False)).expects("shop.take")
    assert driver.send("shop.take").attempt == 3
    driver.succeeds("shop.take", "a", attempt=2).expects("shop.lend")


def test_a_person_answers_for_a_participant() -> None:
    """The code has the result as if the participant had given it, and so has the undo."""
    driver = gives(SagaDriver(errand).start(), 1, '"by hand"').expects("shop.lend")
    assert driver.of(StepSeenTo) == [StepSeenTo(1, "give_result", "seen in their books", driver.now)]
    assert driver.unchanged_by(lambda: driver.succeeds("shop.take", "late"))
    driver.cancel().succeeds("undo 2").expects("undo shop.take")
    assert driver.value("undo shop.take")["result"] == "by hand"


def test_a_result_that_does_not_fit_the_contract() -> None:
    """It is refused like an input."""
    driver = SagaDriver(errand).start()
    assert driver.unchanged_by(lambda: gives(driver, 1, "7"))
    assert driver.verdict == Unfit("Expected `str`, got `int`", "result")


def test_a_result_for_a_saga_parked_for_its_code() -> None:
    """It is kept like an answer, and taken in when the code goes on."""

    async def broken(shop: Shop) -> str:
        await shop.take("a")
        return await shop.look("b")

    async def other(shop: Shop) -> str:
        await shop.lend("a")
        return await shop.look("b")

    driver = SagaDriver(code(broken)).start().deploys(code(other)).wake().is_("parked")
    gives(driver, 1, '"A"').is_("parked").expects()
    driver.deploys(code(broken)).resume().is_("running").expects("shop.look")


@pytest.mark.parametrize(
    ("repair", "message"),
    [
        (RetryStep(7, undo=False), "The saga has no step 7: it has asked for 1 so far."),
        (RetryStep(1, undo=True), "The undo of shop.take (step 1) was not sent: there is nothing to see to."),
        (SkipUndo(1, "x"), "The undo of shop.take (step 1) was not sent: there is nothing to see to."),
        (ConfirmUndo(1, "x"), "The undo of shop.take (step 1) was not sent: there is nothing to see to."),
    ],
)
def test_nothing_to_see_to(repair: RetryStep | SkipUndo | ConfirmUndo, message: str) -> None:
    """The message says how the step stands; nothing changes."""
    driver = SagaDriver(errand).start()
    assert driver.unchanged_by(lambda: driver.advance(repair))
    assert driver.verdict == Conflict(message)


def test_a_settled_step_is_left_alone() -> None:
    """Its result stands."""
    driver = SagaDriver(errand).start().succeeds("shop.take", "a")
    assert driver.unchanged_by(lambda: gives(driver, 1, '"b"'))
    assert driver.unchanged_by(lambda: driver.advance(RetryStep(1, undo=False)))
    assert driver.verdict == Conflict(
        "shop.take (step 1) is succeeded: only a step that is under way can be tried again."
    )


def test_a_paused_saga_is_resumed_first() -> None:
    """Nothing is sent in a pause."""
    driver = SagaDriver(errand).start().pauses()
    assert driver.unchanged_by(lambda: driver.advance(RetryStep(1, undo=False)))
    assert driver.verdict == Conflict("The saga is paused: resume it first.")


def test_terminated() -> None:
    """It ends where it stands: nothing is undone, and the outcome says who wanted it."""
    driver = SagaDriver(errand).start().succeeds("shop.take", "a").terminates("fraud").is_("terminated").expects()
    assert driver.outcome == {"problem": {"type": "terminated", "message": "fraud"}}
    assert driver.of(SagaTerminated) == [SagaTerminated("fraud", driver.now)]
    assert driver.in_ms is None
    assert driver.unchanged_by(driver.terminates)
    assert driver.verdict == Known()
    assert driver.unchanged_by(lambda: driver.succeeds("shop.lend", "b"))


def test_what_has_ended_is_not_terminated() -> None:
    """It is too late."""
    driver = SagaDriver(errand).start().refuses("shop.take").is_("failed")
    assert driver.unchanged_by(driver.terminates)
    assert driver.verdict == Conflict("The saga has ended: it is failed. There is nothing to terminate.")


def test_a_resume_says_why() -> None:
    """Its reason stands in the history."""
    driver = undoing().succeeds("undo 1").is_("parked").advance(Resume("they are back")).expects("undo shop.lend")
    assert [event.reason for event in driver.of(SagaResumed)] == ["they are back"]
