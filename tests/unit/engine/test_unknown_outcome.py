"""A step whose outcome nobody knows: given up, or no longer waited for. It is undone all the same."""

import asyncio

import pytest

from contracts import Refused, TimedOut
from coordinator.engine.facts import Ignored
from coordinator.history.steps import StepAbandoned
from coordinator.history.undos import UndoIssued
from coordinator.saga import saga
from tests.sagas import SagaDriver, Shop


@saga(version=1)
async def two(shop: Shop) -> None:
    """Two steps in a row."""
    await shop.take("a")
    await shop.take("b")


@saga(version=1)
async def impatient(shop: Shop) -> str:
    """Waits ten seconds for one step, and then does something else."""
    try:
        async with asyncio.timeout(10):
            return await shop.take("a")
    except TimeoutError:
        return await shop.take("b")


@saga(version=1)
async def settling(shop: Shop) -> str:
    """Gives the payment ten seconds."""
    await shop.take("a")
    try:
        async with asyncio.timeout(10):
            return str(await shop.pay(1))
    except TimeoutError:
        raise Refused("bank_too_slow") from None


@saga(version=1)
async def launching(shop: Shop) -> str:
    """Gives the launch, which nothing undoes, ten seconds."""
    await shop.take("a")
    try:
        async with asyncio.timeout(10):
            await shop.launch()
    except TimeoutError:
        raise Refused("too_slow") from None
    return "launched"


def test_a_step_that_timed_out_is_undone_without_a_result() -> None:
    """Nobody knows whether it happened, so its undo gets null; the saga sees TimedOut."""
    driver = SagaDriver(two).start().succeeds(1, "A").passes(60_000)
    assert driver.cause == "timeout"
    assert driver.value("undo 2") == {
        "command": {"item": "b"},
        "result": None,
        "cause": {"type": "timeout", "message": "No answer to shop.take within 5 s."},
    }


def test_the_saga_sees_that_it_timed_out() -> None:
    """TimedOut, and neither Failed nor asyncio's own."""
    seen: list[type[BaseException]] = []

    @saga(version=1)
    async def looking(shop: Shop) -> None:
        try:
            await shop.lend("a")
        except Exception as error:
            seen.append(type(error))
            raise

    SagaDriver(looking).start().passes(60_000)
    assert set(seen) == {TimedOut}


def test_the_unknown_is_undone_before_the_known() -> None:
    """Nobody knows when it completed, so it comes first; what is known waits until it is undone."""
    driver = SagaDriver(two).start().succeeds(1, "A").passes(60_000)
    assert [event.step for event in driver.of(UndoIssued)] == [2]
    driver.succeeds("undo 2").expects("undo shop.take").succeeds("undo 1").is_("compensated")


def test_several_unknowns_are_undone_at_once() -> None:
    """They have no order among them; the known ones follow in theirs."""

    @saga(version=1)
    async def many(shop: Shop) -> None:
        await shop.take("a")
        await asyncio.gather(*(shop.take(item) for item in "bcd"))

    driver = SagaDriver(many).start().succeeds(1, "A").succeeds(3, "C").cancel()
    assert [event.step for event in driver.of(UndoIssued)] == [4, 2]
    driver.succeeds("undo 2").expects().succeeds("undo 4").expects("undo shop.take").succeeds("undo 3")
    driver.expects("undo shop.take").succeeds("undo 1").is_("compensated")


def test_a_step_that_failed_for_good_is_undone_too() -> None:
    """An earlier attempt may have had its effect."""
    driver = SagaDriver(two).start().fails(1, retryable=False).expects("undo shop.take")
    assert driver.value("undo 1")["result"] is None
    driver.succeeds("undo 1").is_("compensated")


def test_a_refused_step_is_not_undone() -> None:
    """Nothing was done."""
    SagaDriver(two).start().succeeds(1, "A").refuses(2).expects("undo shop.take").succeeds("undo 1").is_("compensated")


def test_an_abandoned_step_is_undone_while_the_saga_goes_on() -> None:
    """The saga stopped waiting: the undo is sent in the background, with the reason that it was abandoned."""
    driver = SagaDriver(impatient).start().passes(10_000).expects("shop.take", "undo shop.take")
    assert [event.step for event in driver.of(StepAbandoned)] == [1]
    assert driver.value("undo 1")["cause"]["type"] == "abandoned"
    assert driver.status == "running"


def test_the_end_waits_for_undos_in_the_background() -> None:
    """A saga has completed when nothing of it is under way any more."""
    driver = SagaDriver(impatient).start().passes(10_000).succeeds(2, "B").is_("running")
    driver.succeeds("undo 1").is_("completed")
    assert driver.result == "B"


def test_going_back_waits_for_undos_in_the_background() -> None:
    """The known ones are undone when the background is quiet."""

    @saga(version=1)
    async def impatient_then_refused(shop: Shop) -> None:
        await shop.take("a")
        try:
            async with asyncio.timeout(10):
                await shop.take("b")
        except TimeoutError:
            await shop.take("c")

    driver = SagaDriver(impatient_then_refused).start().succeeds(1, "A").passes(10_000).refuses(3).expects()
    driver.succeeds("undo 2").expects("undo shop.take").succeeds("undo 1").is_("compensated")


@pytest.mark.parametrize("answer", ["succeeds", "refuses", "fails", "progresses", "will_answer_later"])
def test_late_answers_after_the_undo_was_sent_change_nothing(answer: str) -> None:
    """The participant's barrier has refused the command, or will undo it: either way it stays undone."""
    driver = SagaDriver(impatient).start().passes(10_000)
    assert driver.unchanged_by(lambda: getattr(driver, answer)(1))
    assert isinstance(driver.verdict, Ignored)
    driver.succeeds("undo 1").succeeds(2, "B")
    assert driver.unchanged_by(lambda: getattr(driver, answer)(1))


@pytest.mark.parametrize("answer", ["succeeds", "refuses", "fails"])
def test_late_answers_while_going_back_change_nothing(answer: str) -> None:
    """From the moment a saga goes back, whatever was out is unknown, and stays so."""
    driver = SagaDriver(two).start().succeeds(1, "A").cancel().expects("undo shop.take")
    assert driver.unchanged_by(lambda: getattr(driver, answer)(2))


def test_a_pivot_with_an_undo_is_undone_when_unknown() -> None:
    """Whether the card was charged is unknown: refunded first, then the rest."""
    driver = SagaDriver(settling).start().succeeds(1, "A").passes(10_000).expects("undo shop.pay")
    driver.succeeds("shop.pay", 1).is_("compensating").succeeds("undo shop.pay").expects("undo shop.take")
    driver.succeeds("undo shop.take").is_("compensated")


def test_a_pivot_without_an_undo_delays_going_back() -> None:
    """It goes on alone, and until its outcome is known nothing is undone."""
    driver = SagaDriver(launching).start().succeeds(1, "A").passes(10_000).expects().is_("running")
    driver.passes(300_000).is_("running")
    assert driver.send("shop.launch").attempt > 40
    driver.refuses("shop.launch").expects("undo shop.take").is_("compensating")
    assert driver.cause == "too_slow"


def test_a_pivot_that_succeeds_after_all_forbids_going_back() -> None:
    """The saga said no, but it has passed its point of no return meanwhile: a person has to see to it."""
    driver = SagaDriver(launching).start().succeeds(1, "A").passes(10_000).succeeds("shop.launch").is_("parked")
    assert driver.last is not None
    assert driver.last.parked_for == "forward_only"
    assert "too_slow" in driver.parked_message


def test_a_retriable_step_that_is_abandoned_goes_on_alone() -> None:
    """It cannot be undone and cannot be refused: the saga does not wait, but its end does."""

    @saga(version=1)
    async def sending(shop: Shop) -> str:
        await shop.pay(1)
        try:
            async with asyncio.timeout(10):
                return await shop.ship("a")
        except TimeoutError:
            return "on its way"

    driver = SagaDriver(sending).start().succeeds("shop.pay", 1).passes(60_000).is_("running")
    assert driver.succeeds("shop.ship", "sent").is_("completed").result == "on its way"


def test_a_look_that_is_abandoned_is_forgotten() -> None:
    """It changes nothing, so there is nothing to undo and nothing to wait for."""

    @saga(version=1)
    async def glancing(shop: Shop) -> str:
        try:
            async with asyncio.timeout(1):
                return str(await shop.look("a"))
        except TimeoutError:
            return "not seen"

    assert SagaDriver(glancing).start().passes(1_000).expects().is_("completed").result == "not seen"


def test_what_a_saga_leaves_behind_is_cancelled() -> None:
    """As asyncio.run does: a coroutine that still waits when the function returns is cancelled, and its step undone."""

    @saga(version=1)
    async def careless(shop: Shop) -> str:
        step = asyncio.create_task(shop.take("a"))
        await shop.look("b")
        return f"{step.done()}"

    driver = SagaDriver(careless).start().succeeds("shop.look", 1).expects("undo shop.take").is_("running")
    assert driver.succeeds("undo shop.take").is_("completed").result == "False"


def test_what_is_left_may_tidy_up() -> None:
    """A cancelled coroutine may use steps and timers in its ``finally``; the end waits for them."""

    @saga(version=1)
    async def tidy(shop: Shop) -> str:
        async def inner() -> None:
            try:
                await shop.take("a")
            finally:
                await asyncio.sleep(5)
                await shop.look("done")

        step = asyncio.create_task(inner())
        await shop.look("b")
        return f"{step.done()}"

    driver = SagaDriver(tidy).start().succeeds("shop.look", 1).succeeds("undo shop.take").is_("running")
    driver.passes(5_000).expects("shop.look").is_("running").succeeds("shop.look", 1).is_("completed")
