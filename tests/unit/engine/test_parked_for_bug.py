"""A saga whose code has a bug stands still until it is mended, and loses nothing meanwhile."""

import asyncio
from typing import Any

import pytest

from coordinator.engine.facts import Conflict, Known
from coordinator.history.parking import ReplyDeferred
from coordinator.history.timers import TimerStarted
from coordinator.history.undos import CompensationStarted
from coordinator.saga import Refused, saga
from tests.sagas import SagaDriver, Shop, code


async def buggy(shop: Shop) -> str:
    a = await shop.take("a")
    return {"b": a}[a]


async def mended(shop: Shop) -> str:
    a = await shop.take("a")
    return a + await shop.take("b")


def parked() -> SagaDriver:
    return SagaDriver(code(buggy)).start().succeeds(1, "A").is_("parked")


def test_a_bug_undoes_nothing() -> None:
    """It is not a no: the saga stands still, and says so with the traceback and what can be done."""
    driver = parked().expects()
    assert "KeyError: 'A'" in driver.parked_message
    assert "return {" in driver.parked_message
    assert driver.outcome["problem"]["type"] == "parked_for_code"
    assert driver.in_ms is None


def test_mended_code_goes_on_from_there() -> None:
    """What was done is not done again; what the mended code asks for beyond that is sent."""
    driver = parked().deploys(code(mended)).resume().expects("shop.take").is_("running")
    assert driver.new_events == ["SagaResumed", "StepIssued"]
    assert driver.outcome is None
    driver.restarts().succeeds(2, "B").is_("completed")
    assert driver.result == "AB"


def test_mended_code_may_just_return() -> None:
    """It completes at once."""

    async def returns(shop: Shop) -> str:
        return await shop.take("a")

    assert parked().deploys(code(returns)).resume().is_("completed").result == "A"


def test_mended_code_may_say_no() -> None:
    """Then the saga goes back."""

    async def refuses(shop: Shop) -> str:
        raise Refused(f"not_{await shop.take('a')}")

    driver = parked().deploys(code(refuses)).resume().expects("undo shop.take").is_("compensating")
    assert driver.cause == "not_A"


def test_mended_code_may_wait() -> None:
    """A timer that it asks for counts from now, not from when the bug struck."""

    async def waits(shop: Shop) -> str:
        a = await shop.take("a")
        async with asyncio.timeout(100):
            await asyncio.sleep(60)
        return a

    driver = parked().passes(10**9).deploys(code(waits)).resume().is_("running")
    assert [event.due - driver.now for event in driver.of(TimerStarted)] == [100_000, 60_000]
    assert driver.restarts().passes(60_000).is_("completed").result == "A"


@pytest.mark.parametrize("restart", [True, False], ids=["rebuilt", "warm"])
def test_the_same_code_does_not_go_on(restart: bool) -> None:
    """Resumed with the bug still there, it says that it would stop again, and nothing changes."""
    driver = parked()
    if restart:
        driver.restarts()
    assert driver.unchanged_by(driver.resume)
    assert isinstance(driver.verdict, Conflict)
    assert "KeyError" in driver.verdict.message


def test_another_bug_behind_it() -> None:
    """Mended code that goes further may stop again, further on."""

    async def half_mended(shop: Shop) -> str:
        a = await shop.take("a")
        await shop.take("b")
        return {"b": a}[a]

    driver = parked().deploys(code(half_mended)).resume().expects("shop.take").succeeds(2, "B").is_("parked")
    assert driver.unchanged_by(driver.resume)

    async def whole(shop: Shop) -> str:
        return await shop.take("a") + await shop.take("b") + await shop.take("c")

    driver.deploys(code(whole)).resume().expects("shop.take").restarts().succeeds(3, "C").is_("completed")
    assert driver.result == "ABC"


def test_a_bug_at_the_very_start() -> None:
    """Before it asked for anything."""

    async def broken(shop: Shop) -> str:
        raise ValueError("not yet written")

    driver = SagaDriver(code(broken)).start().is_("parked").deploys(code(mended)).resume().expects("shop.take")
    driver.succeeds(1, "A").succeeds(2, "B").is_("completed")


def test_a_bug_in_a_branch() -> None:
    """Steps that were under way are neither given up nor undone; what they answer meanwhile is kept."""

    async def branches(shop: Shop) -> Any:
        async def bug() -> None:
            raise ValueError(await shop.take("b"))

        return await asyncio.gather(shop.take("a"), bug(), shop.take("c"))

    async def better(shop: Shop) -> Any:
        return await asyncio.gather(shop.take("a"), shop.take("b"), shop.take("c"))

    driver = SagaDriver(code(branches)).start().succeeds(2, "B").is_("parked")
    driver.succeeds(3, "C")
    assert driver.accepted
    assert [event.command_id for event in driver.of(ReplyDeferred)] == ["errand:1:3"]
    driver.restarts().deploys(code(better)).resume().is_("running")
    assert driver.new_events == ["SagaResumed", "StepSucceeded"]
    driver.restarts().succeeds(1, "A").is_("completed")
    assert driver.result == ["A", "B", "C"]


def test_every_answer_is_kept() -> None:
    """No, failure, progress and pending too, each once, in the order in which they came."""

    async def branches(shop: Shop) -> Any:
        await asyncio.sleep(0)
        steps = [asyncio.create_task(shop.take(item)) for item in "abcd"]
        await shop.look("now")
        raise ValueError(steps)

    async def better(shop: Shop) -> Any:
        await asyncio.sleep(0)
        steps = [asyncio.create_task(shop.take(item)) for item in "abcd"]
        await shop.look("now")
        return [repr(each) for each in await asyncio.gather(*steps, return_exceptions=True)]

    driver = SagaDriver(code(branches)).start().succeeds("shop.look", 1).is_("parked")
    number = {driver.value(n)["item"]: n for n in range(1, 6)}
    driver.will_answer_later(number["a"]).refuses(number["b"]).fails(number["c"]).succeeds(number["a"], "A")
    assert driver.unchanged_by(lambda: driver.refuses(number["b"]))
    assert driver.verdict == Known()
    driver.deploys(code(better)).resume().is_("running")
    assert [name for name in driver.new_events if name.startswith("Step")] == [
        "StepProgressed",
        "StepRefused",
        "StepAttemptFailed",
        "StepSucceeded",
    ]
    driver.passes(1_000).succeeds(number["c"], "C").succeeds(number["d"], "D").is_("completed")
    assert driver.result == ["'A'", "Refused('no')", "'C'", "'D'"]


def test_time_stands_still_while_parked() -> None:
    """No retry is sent and no timer fires; all of it comes when the saga goes on."""

    async def branches(shop: Shop) -> Any:
        step, rest = asyncio.create_task(shop.take("a")), asyncio.create_task(asyncio.sleep(30))
        await shop.look("b")
        raise ValueError(step, rest)

    async def better(shop: Shop) -> Any:
        step, rest = asyncio.create_task(shop.take("a")), asyncio.create_task(asyncio.sleep(30))
        await shop.look("b")
        await rest
        return await step

    driver = SagaDriver(code(branches)).start()
    driver.succeeds("shop.look", 1).is_("parked").passes(100_000)
    assert driver.unchanged_by(driver.wake)
    driver.deploys(code(better)).resume().wake()
    assert driver.new_events == ["StepAttemptFailed", "TimerFired"]
    driver.passes(1_000).expects("shop.take").succeeds("shop.take", "A").is_("completed")


def test_undos_in_the_background_go_on_while_parked() -> None:
    """The way back needs no code."""

    async def branches(shop: Shop) -> Any:
        try:
            async with asyncio.timeout(1):
                await shop.take("a")
        except TimeoutError:
            raise ValueError(await shop.look("b")) from None

    driver = SagaDriver(code(branches)).start().passes(1_000).expects("shop.look", "undo shop.take")
    driver.succeeds("shop.look", 1).is_("parked")
    driver.fails("undo 1").passes(1_000).expects("undo shop.take").succeeds("undo 1").is_("parked")

    async def better(shop: Shop) -> str:
        try:
            async with asyncio.timeout(1):
                return await shop.take("a")
        except TimeoutError:
            await shop.look("b")
            return "without"

    assert driver.deploys(code(better)).resume().is_("completed").result == "without"


def test_a_bug_may_be_cancelled() -> None:
    """Undoing needs no code: whoever does not want to wait for mended code cancels."""
    driver = parked().cancel("not worth it").expects("undo shop.take").is_("compensating")
    driver.succeeds("undo 1").is_("compensated")


def test_a_pivot_that_answers_while_parked_and_cancelled() -> None:
    """Cancelled while parked with a pivot in flight: its answer is taken in without the code, and decides."""

    async def branches(shop: Shop) -> Any:
        await shop.take("a")
        step = asyncio.create_task(shop.launch())
        await shop.look("b")
        raise ValueError(step)

    def waiting() -> SagaDriver:
        driver = SagaDriver(code(branches)).start().succeeds(1, "A").succeeds("shop.look", 1)
        return driver.is_("parked").cancel().is_("parked").expects()

    driver = waiting().refuses("shop.launch").expects("undo shop.take").succeeds("undo 1").is_("compensated")
    assert [type(event) for event in driver.history].count(CompensationStarted) == 1
    answered_before = SagaDriver(code(branches)).start().succeeds(1, "A").succeeds("shop.look", 1)
    answered_before.refuses("shop.launch").is_("parked").cancel().expects("undo shop.take").is_("compensating")
    went_through = waiting().succeeds("shop.launch").is_("parked")
    assert went_through.machine.state.deferred


def test_a_wait_for_nothing_is_a_bug() -> None:
    """A saga that nothing will ever wake is not silently stuck."""

    async def stuck(shop: Shop) -> str:
        a = await shop.take("a")
        await asyncio.Event().wait()
        return a

    driver = SagaDriver(code(stuck)).start().is_("running").succeeds(1, "A").is_("parked")
    assert "nothing will ever bring" in driver.parked_message
    driver.deploys(code(mended)).resume().expects("shop.take").is_("running")


def test_a_wait_for_nothing_ends_with_the_deadline() -> None:
    """A saga with a deadline is woken by that, and goes back."""

    @saga(version=1, deadline="60s")
    async def stuck(shop: Shop) -> None:
        await shop.take("a")
        await asyncio.Event().wait()

    driver = SagaDriver(stuck).start().succeeds(1, "A").is_("running").passes(60_000).is_("compensating")
    assert driver.cause == "deadline_exceeded"


def test_a_wait_for_another_coroutine_is_none() -> None:
    """Something is under way: that will wake it."""

    async def waiting(shop: Shop) -> str:
        done = asyncio.Event()

        async def work() -> None:
            await asyncio.sleep(5)
            done.set()

        worker = asyncio.create_task(work())
        await done.wait()
        await worker
        return "done"

    SagaDriver(code(waiting)).start().is_("running").passes(5_000).is_("completed")


async def unsupported(shop: Shop) -> str:
    await shop.take("a")
    raise ValueError("That is unsupported.")


def test_a_sentence_that_was_raised_ends_once() -> None:
    """The message that parks it goes on behind what the code said."""
    saga = SagaDriver(code(unsupported)).start().succeeds("shop.take", "x")
    assert saga.parked_message.startswith("The saga's code raised ValueError: That is unsupported. That is a bug")
