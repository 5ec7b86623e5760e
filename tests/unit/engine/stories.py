"""Sagas that end in every way there is: between them they make every move of the tables."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import msgspec

from contracts import AwaitSignal, Problem, Refused, Retry
from coordinator.engine.facts import Start, UndoChild
from coordinator.history.started import Parent
from coordinator.saga import ContinueAsNew, child, saga
from tests.sagas import SagaDriver, Shop


@saga(version=1)
async def errand(shop: Shop) -> str:
    """Take two things, pay, have them sent."""
    await shop.take("a")
    await shop.lend("b")
    await shop.pay(3)
    return await shop.ship("a")


@saga(version=1)
async def hasty(shop: Shop) -> str:
    """Does not wait long for what it takes, and goes on without."""
    for item in "ab":
        try:
            async with asyncio.timeout(7):
                return await shop.take(item)
        except TimeoutError:
            continue
    raise Refused("nobody_answers")


@saga(version=1)
async def buggy(shop: Shop) -> None:
    """Has a bug behind its first step."""
    await shop.take("a")
    raise KeyError("seat")


@saga(version=1)
async def regretful(shop: Shop) -> None:
    """Says no when it is too late."""
    await shop.pay(1)
    raise Refused("too_late")


@saga(version=1)
async def lending(shop: Shop) -> str:
    """Another saga's step."""
    return await shop.lend("a")


@saga(version=1)
async def ordering(shop: Shop) -> str:
    """Has a saga as a step."""
    lent = await child(lending)
    await shop.take("b")
    return lent


def completes() -> SagaDriver:
    driver = SagaDriver(errand).start().succeeds("shop.take", "a").progresses("shop.lend").succeeds("shop.lend", "b")
    return driver.succeeds("shop.pay", 3).succeeds("shop.ship", "sent").is_("completed")


def is_refused() -> SagaDriver:
    return SagaDriver(errand).start().refuses("shop.take").is_("failed")


def is_undone() -> SagaDriver:
    driver = SagaDriver(errand).start().succeeds("shop.take", "a").refuses("shop.lend")
    return driver.succeeds("undo shop.take").is_("compensated")


def answers_between_two_attempts() -> SagaDriver:
    driver = SagaDriver(errand).start().fails("shop.take").succeeds("shop.take", "a")
    return driver.refuses("shop.lend").succeeds("undo shop.take").is_("compensated")


def is_refused_between_two_attempts() -> SagaDriver:
    return SagaDriver(errand).start().fails("shop.take").refuses("shop.take").is_("failed")


def fails_for_good() -> SagaDriver:
    driver = SagaDriver(errand).start().fails("shop.take").passes(1_000).fails("shop.take", retryable=False)
    driver.expects("undo shop.take").fails("undo shop.take").succeeds("undo shop.take")
    return driver.is_("compensated")


def never_answers() -> SagaDriver:
    driver = SagaDriver(errand).start().passes(60_000)
    return driver.succeeds("undo shop.take").is_("compensated")


def is_abandoned() -> SagaDriver:
    """Once while an attempt is out, once between two."""
    driver = (
        SagaDriver(hasty).start().will_answer_later("shop.take").passes(7_000).fails("shop.take", retry_after_ms=60_000)
    )
    return driver.passes(7_000).succeeds("undo 1").succeeds("undo 2").is_("compensated")


def is_given_up_and_resumed() -> SagaDriver:
    driver = SagaDriver(errand).start().succeeds("shop.take", "a").succeeds("shop.lend", "b").refuses("shop.pay")
    driver.fails("undo shop.lend").passes(1_000).fails("undo shop.lend").is_("parked")
    driver.succeeds("undo shop.take").is_("parked").resume().expects("undo shop.lend")
    return driver.succeeds("undo shop.lend").is_("compensated")


def is_given_up_and_answered_late() -> SagaDriver:
    driver = SagaDriver(errand).start().succeeds("shop.take", "a").succeeds("shop.lend", "b").refuses("shop.pay")
    driver.refuses("undo shop.lend").succeeds("undo shop.lend")
    return driver.succeeds("undo shop.take").is_("compensated")


def is_cancelled_while_parked() -> SagaDriver:
    driver = SagaDriver(buggy).start().succeeds("shop.take", "a").is_("parked").cancel()
    return driver.succeeds("undo shop.take").is_("compensated")


def says_no_too_late() -> SagaDriver:
    return SagaDriver(regretful).start().succeeds("shop.pay", 1).is_("parked")


def is_parked_twice() -> SagaDriver:
    """For an undo that was given up, and then for its code."""

    @saga(version=1)
    async def stubborn(shop: Shop) -> None:
        try:
            await shop.lend("a")
        except Exception:
            await shop.take("b")

    @saga(version=1, name="stubborn")
    async def changed(shop: Shop) -> None:
        await shop.take("b")

    driver = SagaDriver(stubborn).start().fails("shop.lend", retryable=False).refuses("undo shop.lend")
    driver.succeeds("shop.take", "b").is_("parked")
    return driver.deploys(changed).cancel().succeeds("undo shop.take").is_("parked")


def is_paused_and_cancelled() -> SagaDriver:
    driver = SagaDriver(errand).start().succeeds("shop.take", "a").pauses().is_("paused").cancel()
    return driver.is_("compensating").pauses().resume().succeeds("undo 2").succeeds("undo 1").is_("compensated")


def undos_are_skipped() -> SagaDriver:
    """One that was given up, one between two attempts."""
    driver = SagaDriver(errand).start().succeeds("shop.take", "a").succeeds("shop.lend", "b").refuses("shop.pay")
    driver.refuses("undo shop.lend").skips(2).fails("undo shop.take").skips(1)
    return driver.is_("partially_compensated")


def an_undo_that_is_out_is_skipped() -> SagaDriver:
    driver = SagaDriver(errand).start().succeeds("shop.take", "a").cancel().skips(2).expects("undo shop.take")
    return driver.succeeds("undo 1").is_("partially_compensated")


def is_terminated_while_running() -> SagaDriver:
    return SagaDriver(errand).start().terminates().is_("terminated")


def is_terminated_while_paused() -> SagaDriver:
    return SagaDriver(errand).start().pauses().terminates().is_("terminated")


def is_terminated_while_parked() -> SagaDriver:
    return says_no_too_late().terminates().is_("terminated")


def is_terminated_while_compensating() -> SagaDriver:
    return SagaDriver(errand).start().cancel().is_("compensating").terminates().is_("terminated")


def goes_on_as_new() -> SagaDriver:
    """And ends in its second round."""

    @saga(version=1)
    async def again(rounds: int, shop: Shop) -> str:
        taken = await shop.take("a")
        if rounds:
            raise ContinueAsNew(rounds - 1)
        return taken

    return SagaDriver(again).start(1).succeeds(1, "A").succeeds(2, "B").is_("completed")


def is_opened_again_by_its_parent() -> SagaDriver:
    start = Start("lending", 1, msgspec.Raw(b"null"), parent=Parent("ordering:1", "ordering:1:1"))
    driver = SagaDriver(lending).advance(start).succeeds("shop.lend", "a").is_("completed")
    driver.advance(UndoChild("ordering:1:1", 1, Problem("no"), None)).is_("compensating")
    return driver.succeeds("undo shop.lend").is_("compensated")


def waits_for_a_child_to_be_undone() -> SagaDriver:
    driver = SagaDriver(ordering, lending).start().will_answer_later("saga.lending").succeeds("saga.lending", "a")
    driver.refuses("shop.take").will_answer_later("undo saga.lending")
    return driver.succeeds("undo saga.lending").is_("compensated")


@saga(version=1)
async def patient(shop: Shop) -> str:
    """Two steps that are not given up: one waits for a person, one, and its undo, for a signal."""
    told = Retry(attempts=1, on_exhausted=AwaitSignal("again"))
    await shop.take.using(retry=Retry(attempts=1, on_exhausted="park"))("a")
    return await shop.take.using(retry=told, undo_retry=told)("b")


def is_held_and_tried_again() -> SagaDriver:
    driver = SagaDriver(patient).start().fails(1).is_("parked").resume().expects("shop.take").succeeds(1, "A")
    driver.fails(2).is_("running").signals("again").expects("shop.take").fails(2).succeeds(2, "B")
    return driver.is_("completed")


def is_held_and_refused() -> SagaDriver:
    driver = SagaDriver(patient).start().succeeds(1, "A").fails(2).refuses(2).succeeds("undo 1")
    return driver.is_("compensated")


def is_held_and_not_waited_for() -> SagaDriver:
    """Its undo is held, answered late; then tried again; then skipped."""

    @saga(version=1)
    async def hurried(shop: Shop) -> None:
        told = Retry(attempts=1, on_exhausted=AwaitSignal("again"))
        for item in "abc":
            with suppress(TimeoutError):
                async with asyncio.timeout(7):
                    await shop.take.using(retry=told, undo_retry=told)(item)

    driver = SagaDriver(hurried).start().fails(1).passes(7_000).fails("undo 1").succeeds("undo 1")
    driver.fails(2).passes(7_000).fails("undo 2").signals("again").expects("undo shop.take").succeeds("undo 2")
    return driver.fails(3).passes(7_000).fails("undo 3").skips(3).is_("completed")


def tells_late_how_far_it_got() -> SagaDriver:
    """Of the attempt that is over: between two, and while the next one is out."""
    driver = SagaDriver(errand).start().passes(5_000).progresses("shop.take", 1, {"done": 1}).passes(1_000)
    driver.progresses("shop.take", 1, {"done": 2}).succeeds("shop.take", "a")
    return driver.refuses("shop.lend").succeeds("undo shop.take").is_("compensated")


def tells_how_far_it_got_when_it_is_held() -> SagaDriver:
    driver = SagaDriver(patient).start().succeeds(1, "A").fails(2).progresses(2, 1, {"done": 3})
    return driver.signals("again").expects("shop.take").succeeds(2, "B").is_("completed")


STORIES: list[Callable[[], SagaDriver]] = [
    completes,
    is_refused,
    is_undone,
    answers_between_two_attempts,
    is_refused_between_two_attempts,
    fails_for_good,
    never_answers,
    is_abandoned,
    is_given_up_and_resumed,
    is_given_up_and_answered_late,
    is_cancelled_while_parked,
    says_no_too_late,
    is_parked_twice,
    is_paused_and_cancelled,
    undos_are_skipped,
    an_undo_that_is_out_is_skipped,
    is_terminated_while_running,
    is_terminated_while_paused,
    is_terminated_while_parked,
    is_terminated_while_compensating,
    goes_on_as_new,
    is_opened_again_by_its_parent,
    waits_for_a_child_to_be_undone,
    is_held_and_tried_again,
    is_held_and_refused,
    is_held_and_not_waited_for,
    tells_late_how_far_it_got,
    tells_how_far_it_got_when_it_is_held,
]
