"""What somebody who had not written it broke: signals, ends and repairs at moments that nobody had thought of."""

import asyncio
from typing import Annotated, Any

import msgspec
import pytest

from contracts import Problem, Refused
from contracts.answers import Refusal
from coordinator.engine.facts import (
    ConfirmUndo,
    Conflict,
    Fact,
    GiveResult,
    RetryStep,
    Signal,
    SkipUndo,
    Start,
    Terminate,
)
from coordinator.history.signals import SignalReceived
from coordinator.saga import Signal as Signals
from coordinator.saga import saga
from tests.sagas import SagaDriver, Shop, code
from tests.unit.engine.stories import errand


def raw(text: str) -> msgspec.Raw:
    return msgspec.Raw(text.encode())


def parked_for_undo() -> SagaDriver:
    driver = SagaDriver(errand).start().succeeds("shop.take", "a").succeeds("shop.lend", "b").refuses("shop.pay")
    return driver.refuses("undo shop.lend").succeeds("undo 1").is_("parked")


def test_what_is_parked_for_undo_is_terminated() -> None:
    """The saga that most needs a person can be ended by one."""
    parked_for_undo().terminates().is_("terminated")


def test_terminated_right_behind_an_undo_that_is_given_up() -> None:
    """In one activation."""
    driver = SagaDriver(errand).start().succeeds("shop.take", "a").succeeds("shop.lend", "b").refuses("shop.pay")
    refusal = driver.reply("undo shop.lend", Refusal(Problem("no")))
    driver.advance(refusal, Terminate("enough")).is_("terminated")


@pytest.mark.parametrize("answer", ["succeeds", "refuses", "fails"])
def test_an_undo_is_answered_after_the_end(answer: str) -> None:
    """What was under way is not waited for: its answer changes nothing, and no further undo is sent."""
    driver = SagaDriver(errand).start().succeeds("shop.take", "a").succeeds("shop.lend", "b").refuses("shop.pay")
    driver.terminates().is_("terminated")
    assert driver.unchanged_by(lambda: getattr(driver, answer)("undo 2"))


@pytest.mark.parametrize("fact", [RetryStep(2, undo=True), ConfirmUndo(2, "x"), SkipUndo(2, "x")])
def test_nobody_sees_to_an_undo_of_a_saga_that_was_terminated(fact: Fact) -> None:
    """It has ended."""
    driver = SagaDriver(errand).start().succeeds("shop.take", "a").succeeds("shop.lend", "b").refuses("shop.pay")
    driver.terminates()
    assert driver.unchanged_by(lambda: driver.advance(fact))
    assert isinstance(driver.verdict, Conflict)


@pytest.mark.parametrize("fact", [RetryStep(1, undo=False), GiveResult(1, raw('"a"'), "x")])
def test_nobody_sees_to_a_step_of_a_saga_that_was_terminated(fact: Fact) -> None:
    """It has ended."""
    driver = SagaDriver(errand).start().terminates()
    assert driver.unchanged_by(lambda: driver.advance(fact))
    assert isinstance(driver.verdict, Conflict)


@saga(version=1)
async def at_once(shop: Shop, note: Signals[str]) -> int:
    """Needs no signal."""
    return 1


def test_a_signal_of_a_start_is_kept_though_the_saga_ends_at_once() -> None:
    """Accepted means that the history has it; and sent again, it is known."""
    start = Start("at_once", 1, raw("null"), sent=Signal("note", "one", raw('"x"')))
    driver = SagaDriver(at_once).advance(start)
    assert driver.accepted
    assert len(driver.of(SignalReceived)) == 1
    assert driver.unchanged_by(lambda: driver.advance(start))
    assert not isinstance(driver.verdict, Conflict)


def test_signals_as_they_complete() -> None:
    """A list of signals is as good as one of coroutines."""

    @saga(version=1)
    async def both(first: Signals[int], second: Signals[int]) -> Any:
        return [await each for each in asyncio.as_completed([first, second])]

    driver = SagaDriver(both).start().is_("running").signals("second", 2).restarts().signals("first", 1)
    assert driver.is_("completed").result == [2, 1]


def stopped() -> SagaDriver:
    async def fails(shop: Shop) -> Any:
        taken = asyncio.create_task(shop.take("a"))
        await shop.look("b")
        raise KeyError(await taken)

    async def lost(shop: Shop) -> Any:
        taken = asyncio.create_task(shop.take("a"))
        await shop.look("b")
        raise KeyError("a bug", taken)

    return SagaDriver(code(lost)).start().succeeds("shop.look", 1).is_("parked")


@pytest.mark.parametrize("before", ["given", "succeeds", "refuses"])
def test_a_result_for_a_step_whose_outcome_is_kept_already(before: str) -> None:
    """The one that came first counts, so the second is told no; nothing is written."""
    driver = stopped()
    if before == "given":
        driver.advance(GiveResult(2, raw('"first"'), "x"))
    else:
        getattr(driver, before)("shop.take")
    assert driver.unchanged_by(lambda: driver.advance(GiveResult(2, raw('"second"'), "x")))
    assert isinstance(driver.verdict, Conflict)


def test_the_message_names_the_undos_that_were_given_up_since() -> None:
    """And no longer those that somebody has seen to."""

    async def lends_two(shop: Shop) -> None:
        await asyncio.gather(*(asyncio.create_task(shop.lend(each)) for each in "ab"), shop.look("x"))
        raise Refused("no")

    driver = SagaDriver(code(lends_two)).start()
    first, second = (n for n, step in driver.machine.state.steps.items() if step.command == "shop.lend")
    driver.succeeds(first, "a").succeeds(second, "b").succeeds("shop.look", 1)
    driver.refuses(f"undo {second}").refuses(f"undo {first}").is_("parked")
    assert f"(step {first})" in driver.parked_message
    assert f"(step {second})" in driver.parked_message
    driver.advance(ConfirmUndo(second, "by hand")).is_("parked")
    assert f"(step {second})" not in driver.parked_message


@pytest.mark.parametrize(
    "annotation", [Annotated[Signals[int], "doc"], Signals[int] | None, list[Signals[int]], dict[str, Signals[int]]]
)
def test_a_signal_inside_of_something_else_is_refused(annotation: Any) -> None:
    """Nobody could ever start such a saga: it would be its input."""

    async def waits(note: Any) -> None: ...

    waits.__annotations__["note"] = annotation
    if annotation == Annotated[Signals[int], "doc"]:
        assert list(saga(version=1)(waits).signals) == ["note"]
    else:
        with pytest.raises(TypeError, match="note"):
            saga(version=1)(waits)


def test_parameters_by_position_only_are_refused() -> None:
    """The engine gives everything by name."""

    async def waits(note: Signals[int], /) -> None: ...

    with pytest.raises(TypeError, match="name"):
        saga(version=1)(waits)


def test_a_paused_saga_that_was_cancelled_before_goes_back_when_cancelled_again() -> None:
    """As one that is cancelled in its pause for the first time does."""

    async def launches(shop: Shop) -> None:
        await shop.take("a")
        await shop.launch()

    driver = SagaDriver(code(launches)).start().succeeds("shop.take", "a").cancel().pauses().refuses("shop.launch")
    driver.is_("paused").cancel().is_("compensating")


def test_one_id_for_two_names_is_told_apart() -> None:
    """The second one is not swallowed with success."""

    @saga(version=1)
    async def both(first: Signals[int], second: Signals[int]) -> Any:
        return [await first, await second]

    driver = SagaDriver(both).start().signals("first", 1, id="order-7").signals("second", 2, id="order-7")
    assert isinstance(driver.verdict, Conflict) or driver.status == "completed"


def test_a_persons_retries_leave_the_budget_alone() -> None:
    """Three attempts that failed are three, however often somebody tried again in between."""
    driver = SagaDriver(errand).start().advance(RetryStep(1, undo=False)).advance(RetryStep(1, undo=False))
    driver.fails("shop.take").is_("running")
