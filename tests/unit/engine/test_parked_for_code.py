"""A saga whose code has a bug, or no longer fits its history, waits for the right code, and loses nothing meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from coordinator.engine.facts import Conflict, Known
from coordinator.history.parking import ReplyDeferred, SagaResumed
from coordinator.history.steps import StepIssued, StepSucceeded
from coordinator.history.timers import TimerStarted
from coordinator.history.undos import CompensationStarted
from coordinator.saga import Refused, SagaDefinition, saga
from tests.sagas import SagaDriver, Shop

Body = Callable[[Shop], Awaitable[Any]]


def code(body: Body, version: int = 1) -> SagaDefinition:
    """A version of one saga."""

    @saga(version=version, name="errand")
    async def errand(shop: Shop) -> Any:
        return await body(shop)

    return errand


async def buggy(shop: Shop) -> str:
    a = await shop.take("a")
    return {"b": a}[a]


async def mended(shop: Shop) -> str:
    a = await shop.take("a")
    return a + await shop.take("b")


def parked() -> SagaDriver:
    return SagaDriver(code(buggy)).start().succeeds(1, "A").is_("parked")


# --- a bug


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
            raise ValueError("what now?") from None

    driver = SagaDriver(code(branches)).start().passes(1_000).is_("parked").expects("undo shop.take")
    driver.fails("undo 1").passes(1_000).expects("undo shop.take").succeeds("undo 1").is_("parked")

    async def better(shop: Shop) -> str:
        try:
            async with asyncio.timeout(1):
                return await shop.take("a")
        except TimeoutError:
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


# --- code that does not fit


async def original(shop: Shop) -> str:
    a = await shop.take("a")
    await asyncio.sleep(60)
    b, _ = await asyncio.gather(shop.take("b"), shop.look("b"))
    return a + b


async def renamed(shop: Shop) -> str:
    a = await shop.lend("a")
    await asyncio.sleep(60)
    b, _ = await asyncio.gather(shop.take("b"), shop.look("b"))
    return a + b


async def removed(shop: Shop) -> str:
    await asyncio.sleep(60)
    return (await asyncio.gather(shop.take("b"), shop.look("b")))[0]


async def added(shop: Shop) -> str:
    await shop.look("first")
    return await original(shop)


async def added_at_the_end(shop: Shop) -> str:
    a = await shop.take("a")
    await asyncio.sleep(60)
    b, _, _ = await asyncio.gather(shop.take("b"), shop.look("b"), shop.look("c"))
    return a + b


async def other_order(shop: Shop) -> str:
    a = await shop.take("a")
    await asyncio.sleep(60)
    _, b = await asyncio.gather(shop.look("b"), shop.take("b"))
    return a + b


async def no_timer(shop: Shop) -> str:
    a = await shop.take("a")
    b, _ = await asyncio.gather(shop.take("b"), shop.look("b"))
    return a + b


async def another_timer(shop: Shop) -> str:
    a = await shop.take("a")
    async with asyncio.timeout(100):
        await asyncio.sleep(60)
    b, _ = await asyncio.gather(shop.take("b"), shop.look("b"))
    return a + b


async def ends_early(shop: Shop) -> str:
    return await shop.take("a")


async def raises(shop: Shop) -> str:
    await shop.take("a")
    raise ValueError("a bug that was not there")


MISMATCHES = {
    "a step renamed": (renamed, "event 2", "step 1: shop.take", "step 1: shop.lend"),
    "a step removed": (removed, "event 2", "step 1: shop.take", "timer 1 started"),
    "a step added": (added, "event 2", "step 1: shop.take", "step 1: shop.look"),
    "a step added at the end": (added_at_the_end, "event 8", "nothing more", "step 4: shop.look"),
    "another order": (other_order, "event 6", "step 2: shop.take", "step 2: shop.look"),
    "a timer removed": (no_timer, "event 4", "timer 1 started", "step 2: shop.take"),
    "a timer added": (another_timer, "event 5", "nothing more before TimerFired", "timer 2 started"),
    "ends early": (ends_early, "event 4", "timer 1 started", "asks for nothing"),
    "raises": (raises, "event 4", "timer 1 started", "asks for nothing"),
}


def half_way() -> SagaDriver:
    return SagaDriver(code(original)).start().succeeds(1, "A").passes(60_000).expects("shop.take", "shop.look")


@pytest.mark.parametrize("name", MISMATCHES)
def test_code_that_does_not_fit_parks(name: str) -> None:
    """Nothing is sent and nothing lost; the message shows expected, found, where, and the version."""
    body, where, expected, found = MISMATCHES[name]
    driver = half_way().deploys(code(body)).wake().expects().is_("parked")
    message = driver.parked_message
    assert "errand version 1 does not fit" in message
    assert f"Expected ({where} of the history): {expected}." in message
    assert found in message.partition("Found: ")[2]


@pytest.mark.parametrize("name", MISMATCHES)
def test_code_that_does_not_fit_does_not_go_on(name: str) -> None:
    """Not even when it would only ask for more: that is for code that stopped at a bug."""
    driver = half_way().deploys(code(MISMATCHES[name][0])).wake()
    assert driver.unchanged_by(driver.resume)
    assert isinstance(driver.verdict, Conflict)
    assert "does not fit" in driver.verdict.message


@pytest.mark.parametrize("name", MISMATCHES)
def test_the_right_code_goes_on(name: str) -> None:
    """Once the code fits again, the saga is as if nothing had been; what came meanwhile is taken in."""
    driver = half_way().deploys(code(MISMATCHES[name][0])).succeeds(2, "B").is_("parked")
    driver.deploys(code(original)).resume().is_("running").expects()
    assert driver.new_events == ["SagaResumed", "StepSucceeded"]
    driver.restarts().succeeds(3, 1).is_("completed")
    assert driver.result == "AB"


def test_it_may_be_cancelled_in_the_wrong_code() -> None:
    """Undoing needs no code."""
    driver = half_way().deploys(code(renamed)).cancel().expects("undo shop.take").is_("compensating")
    driver.succeeds("undo 2").succeeds("undo 1").is_("compensated")


def test_a_version_that_is_not_deployed() -> None:
    """Another version does not do: the saga waits for its own."""
    driver = half_way().deploys(code(mended, version=2)).wake().expects().is_("parked")
    assert "Version 1 of errand is not deployed" in driver.parked_message
    assert driver.unchanged_by(driver.resume)
    driver.deploys(code(original), code(mended, version=2)).resume().is_("running")
    driver.succeeds(2, "B").succeeds(3, 1).is_("completed")


def test_each_saga_stays_with_its_version() -> None:
    """A newer version beside it changes nothing."""
    driver = half_way().deploys(code(mended, version=2), code(original)).succeeds(2, "B").succeeds(3, 1)
    assert driver.is_("completed").result == "AB"


def test_a_saga_going_back_needs_no_code() -> None:
    """Its definition may be gone altogether: which undo goes where stands in the history."""
    driver = half_way().cancel().deploys(saga(version=1, name="other")(code(mended).function))
    driver.succeeds("undo 2").expects("undo shop.take").succeeds("undo 1").is_("compensated")


@pytest.mark.parametrize("body", [renamed, raises])
def test_an_ended_saga_needs_no_code(body: Body) -> None:
    """It stays as it ended."""
    driver = half_way().succeeds(2, "B").succeeds(3, 1).is_("completed").deploys(code(body)).is_("completed")
    assert driver.unchanged_by(driver.wake)
    assert driver.result == "AB"


def test_parked_by_whatever_comes_first() -> None:
    """A mismatch is written with the next fact, whatever that is; also with one that would change nothing."""
    driver = half_way().deploys(code(renamed)).resume().is_("parked")
    assert isinstance(driver.verdict, Conflict)
    again = half_way().deploys(code(renamed)).succeeds(1, "A").is_("parked")
    assert again.new_events == ["SagaParked"]


def test_arguments_may_change() -> None:
    """A step is known by its place and its command: what it is given may differ, and what was sent counts."""

    async def other_arguments(shop: Shop) -> str:
        a = await shop.take("another item")
        await asyncio.sleep(5)
        b, _ = await asyncio.gather(shop.take("b"), shop.look("b"))
        return a + b

    driver = half_way().deploys(code(other_arguments)).succeeds(2, "B").succeeds(3, 1).is_("completed")
    assert bytes(driver.of(StepIssued)[0].arguments) == b'{"item":"a"}'
    assert len(driver.of(StepSucceeded)) == 3
    assert driver.of(SagaResumed) == []
