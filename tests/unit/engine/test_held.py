"""What becomes of a step, or an undo, whose budget is used up and that is not to be given up."""

import asyncio
from typing import Any

import msgspec
import pytest

from contracts import PIVOT, RETRIABLE, AwaitSignal, Contract, Refused, Retry, command
from coordinator.engine.facts import Conflict, GiveResult, Known, Unfit
from coordinator.history.parking import SagaParked, SagaResumed
from coordinator.history.signals import SignalHeeded, SignalReceived
from coordinator.history.steps import StepFailed, StepHeld, StepRetried, StepTimedOut
from coordinator.history.undos import UndoHeld, UndoRetried
from coordinator.saga import Signal, saga
from tests.sagas import SagaDriver, Shop, code

HOUR = 3_600_000
TOLD = Retry(attempts=2, backoff="1s", jitter=0, on_exhausted=AwaitSignal("bank_is_back"))
PARKS = Retry(attempts=2, backoff="1s", jitter=0, on_exhausted="park")


async def patient(shop: Shop) -> str:
    """Waits for a signal when its budget is used up."""
    return await shop.take.using(retry=TOLD)("a")


async def careful(shop: Shop) -> list[str]:
    """Two steps at once; one waits for a person when its budget is used up."""
    return await asyncio.gather(shop.take.using(retry=PARKS)("a"), shop.take("b"))


def held() -> SagaDriver:
    driver = SagaDriver(code(patient)).start().fails(1).passes(1_000).expects("shop.take").fails(1)
    assert [(event.attempt, event.signal) for event in driver.of(StepHeld)] == [(2, "bank_is_back")]
    return driver


def parked() -> SagaDriver:
    return SagaDriver(code(careful)).start().fails(1).passes(1_000).fails(1).is_("parked")


def test_it_waits_for_the_signal() -> None:
    """As long as it takes, in memory or not; then it has a new budget, with its attempts counted on."""
    driver = held().is_("running")
    assert driver.in_ms is None
    driver.passes(100 * HOUR).restarts().signals("bank_is_back", {"since": "noon"}).expects("shop.take")
    assert (driver.send(1).attempt, driver.in_ms) == (3, 5_000)
    driver.fails(1).passes(1_000).expects("shop.take").fails(1)
    assert [event.attempt for event in driver.of(StepHeld)] == [2, 4]
    driver.signals("bank_is_back").succeeds(1, "A").is_("completed")
    assert [event.id for event in driver.of(SignalHeeded)] == ["signal-1", "signal-2"]


def test_silence_uses_it_up_too() -> None:
    """And the total time, which begins anew."""

    async def hurried(shop: Shop) -> str:
        retry = Retry(attempts=None, backoff="1s", jitter=0, total="8s", on_exhausted=AwaitSignal("bank_is_back"))
        return await shop.take.using(retry=retry)("a")

    driver = SagaDriver(code(hurried)).start().passes(8_000)
    assert [event.problem.type for event in driver.of(StepHeld)] == ["timeout"]
    driver.passes(HOUR).signals("bank_is_back").expects("shop.take").passes(5_000).passes(1_000).expects("shop.take")
    assert driver.in_ms == 2_000
    assert driver.of(StepTimedOut) == []


def test_the_same_signal_again_changes_nothing() -> None:
    """Each id counts once, also when the step is held anew."""
    driver = held().signals("bank_is_back", id="one").fails(1).passes(1_000).fails(1)
    assert driver.unchanged_by(lambda: driver.signals("bank_is_back", id="one"))
    assert driver.verdict == Known()
    assert driver.unchanged_by(lambda: driver.signals("other_bank_is_back", id="two"))
    assert isinstance(driver.verdict, Unfit)


def test_terminated_while_it_waits() -> None:
    """Nobody waits any more: whoever sends the signal is told so."""
    driver = held().terminates()
    assert driver.unchanged_by(lambda: driver.signals("bank_is_back"))
    assert driver.verdict == Conflict("The saga has ended: it is terminated. It takes no signals any more.")


def test_nobody_waits_for_it_yet() -> None:
    """A signal that comes before is not kept: it would say nothing about what comes after it."""
    driver = SagaDriver(code(patient)).start()
    assert driver.unchanged_by(lambda: driver.signals("bank_is_back"))
    assert isinstance(driver.verdict, Unfit)


def test_all_that_wait_for_it_are_tried_again() -> None:
    """And nobody else."""

    async def three(shop: Shop) -> list[Any]:
        other = Retry(attempts=1, on_exhausted=AwaitSignal("other"))
        steps = (shop.take.using(retry=TOLD), shop.take.using(retry=other), shop.take.using(retry=TOLD))
        return await asyncio.gather(*(step("a") for step in steps))

    driver = SagaDriver(code(three)).start()
    for step in (1, 2, 3):
        driver.fails(step)
    driver.passes(1_000).fails(1).fails(3).signals("bank_is_back").expects("shop.take", "shop.take")
    assert [event.step for event in driver.of(StepRetried)[-2:]] == [1, 3]


def test_a_signal_of_the_sagas_own_is_for_both() -> None:
    """The code hears of it, and the step is tried again."""

    @saga(version=1)
    async def listening(shop: Shop, bank_is_back: Signal[str]) -> str:
        step = asyncio.create_task(shop.take.using(retry=TOLD)("a"))
        return await bank_is_back + await step

    driver = SagaDriver(listening).start().fails(1).passes(1_000).fails(1)
    assert driver.unchanged_by(lambda: driver.signals("bank_is_back", 7))
    driver.signals("bank_is_back", "yes ").expects("shop.take").succeeds(1, "A").is_("completed")
    assert driver.result == "yes A"
    assert (len(driver.of(SignalHeeded)), len(driver.of(SignalReceived))) == (1, 1)


def test_it_is_kept_in_a_pause() -> None:
    """And heeded when the pause is over."""
    driver = held().pauses().signals("bank_is_back").expects()
    assert driver.unchanged_by(lambda: driver.signals("bank_is_back", id="signal-1"))
    driver.restarts().resume().expects("shop.take").succeeds(1, "A").is_("completed")


def test_a_late_answer_counts() -> None:
    """What an earlier attempt did is done."""
    held().succeeds(1, "late", attempt=1).is_("completed")
    held().refuses(1, attempt=1).is_("failed")
    assert held().unchanged_by(lambda: held().fails(1))


def test_a_person_may_try_it_again() -> None:
    """Without the signal; it has a new budget as well. Or give its result."""
    driver = held().retries(1).expects("shop.take")
    driver.fails(1).passes(1_000).expects("shop.take")
    held().advance(GiveResult(1, msgspec.Raw(b'"given"'), "by phone")).is_("completed")


def test_cancelled_while_held() -> None:
    """It is undone: an attempt may have had its effect."""
    held().cancel().expects("undo shop.take").succeeds("undo 1").is_("compensated")


def test_the_saga_is_parked_for_it() -> None:
    """It stands still: what comes for it is kept. Resumed, the step has a new budget."""
    driver = parked()
    assert driver.machine.state.parked_for == "step"
    assert "shop.take (step 1) was tried as often" in driver.parked_message
    driver.succeeds(2, "B").is_("parked").restarts().passes(HOUR).resume().expects("shop.take").is_("running")
    assert driver.send(1).attempt == 3
    driver.fails(1).passes(1_000).fails(1).is_("parked").resume().succeeds(1, "A").is_("completed")
    assert driver.result == ["A", "B"]
    assert (len(driver.of(SagaParked)), len(driver.of(SagaResumed))) == (2, 2)


def test_to_try_the_step_again_is_to_resume() -> None:
    """Whichever of the two a person says."""
    driver = parked().retries(1, reason="the bank is back").expects("shop.take").is_("running")
    assert [event.reason for event in driver.of(SagaResumed)] == ["the bank is back"]


def test_its_result_given_by_hand() -> None:
    """The saga goes on with it, and nothing is sent."""
    driver = parked().advance(GiveResult(1, msgspec.Raw(b'"A"'), "by phone")).expects().is_("running")
    assert driver.of(StepRetried)[-1].attempt == 2
    driver.succeeds(2, "B").is_("completed")
    assert driver.result == ["A", "B"]


def test_a_late_answer_while_it_is_parked() -> None:
    """It is kept, and makes another attempt needless."""
    parked().succeeds(1, "late").is_("parked").resume().expects().succeeds(2, "B").is_("completed")


def test_cancelled_while_it_is_parked() -> None:
    """Both are undone."""
    driver = parked().cancel().expects("undo shop.take", "undo shop.take")
    driver.succeeds("undo 1").succeeds("undo 2").is_("compensated")


def test_resumed_by_code_that_does_not_fit() -> None:
    """It stays as it is, whether a person resumes it or gives the result; the result is kept."""

    async def other(shop: Shop) -> int:
        return await shop.look("a")

    driver = parked().deploys(code(other))
    assert driver.unchanged_by(driver.resume)
    assert isinstance(driver.verdict, Conflict)
    driver.advance(GiveResult(1, msgspec.Raw(b'"A"'), "by phone")).is_("parked")
    driver.deploys(code(careful)).resume().expects().succeeds(2, "B").is_("completed")


def test_what_is_final_is_given_up_all_the_same() -> None:
    """The policy is about budgets: a failure that says that trying again would not help ends the step."""
    for driver in (
        SagaDriver(code(patient)).start().fails(1, retryable=False),
        SagaDriver(code(careful)).start().fails(1, retryable=False),
    ):
        assert (len(driver.of(StepFailed)), driver.of(StepHeld)) == (1, [])


def test_an_undo_waits_for_the_signal() -> None:
    """It keeps its place: what was done before it is undone behind it."""

    async def going_back(shop: Shop) -> None:
        await shop.take("a")
        await shop.take.using(undo_retry=TOLD)("b")
        raise Refused("no")

    driver = SagaDriver(code(going_back)).start().succeeds(1, "A").succeeds(2, "B").expects("undo shop.take")
    driver.fails("undo 2").passes(1_000).fails("undo 2").expects().is_("compensating")
    assert [(event.step, event.signal) for event in driver.of(UndoHeld)] == [(2, "bank_is_back")]
    assert driver.in_ms is None
    driver.passes(HOUR).restarts().signals("bank_is_back").expects("undo shop.take")
    assert driver.send("undo 2").attempt == 3
    driver.fails("undo 2").passes(1_000).fails("undo 2").retries(2, undo=True).expects("undo shop.take")
    assert (len(driver.of(UndoHeld)), len(driver.of(UndoRetried))) == (2, 4)
    driver.succeeds("undo 2").expects("undo shop.take").succeeds("undo 1").is_("compensated")


class Pad(Contract, name="pad"):
    """What must not be given up, and is not: somebody is told."""

    @command(kind=PIVOT, timeout="5s", retry=PARKS)
    async def launch(self) -> None: ...

    @command(kind=RETRIABLE, timeout="5s", retry=PARKS)
    async def cheer(self) -> None: ...


def test_what_must_not_be_given_up_may_be_held() -> None:
    """A pivot without an undo, and a retriable command: whatever is answered counts as an attempt of the latter."""

    @saga(version=1)
    async def launching(pad: Pad) -> None:
        await pad.launch()
        await pad.cheer()

    driver = SagaDriver(launching).start().fails(1).passes(1_000).fails(1).is_("parked").cancel().is_("parked")
    driver.resume().expects("pad.launch").succeeds(1).expects("pad.cheer")
    driver.refuses(2).passes(1_000).fails(2, retryable=False).is_("parked").resume().expects("pad.cheer")
    driver.succeeds(2).is_("completed")


@pytest.mark.parametrize("wrong", ["give up", "signal"])
def test_what_is_no_policy_is_refused(wrong: Any) -> None:
    """And the message has those that there are."""
    with pytest.raises(ValueError, match=r"give 'undo', 'park' or AwaitSignal"):
        Retry(on_exhausted=wrong)
    with pytest.raises(ValueError, match="The signal 'Bank is back'"):
        AwaitSignal("Bank is back")
