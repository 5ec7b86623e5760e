"""Sagas that are steps of other sagas."""

import asyncio
from typing import Any

import pytest

from coordinator.history.steps import StepProgressed
from coordinator.saga import child, detach, saga
from tests.family import Family
from tests.sagas import Shop
from tests.unit.engine.parcels import Parcel, begun, gone_through, order, send


def test_a_child_runs_and_its_result_has_its_type() -> None:
    """One saga for each call; the parent goes on when all have gone through."""
    family = begun("a", "b")
    one = family["send:p-a"].is_("running")
    assert one.machine.state.parent is not None
    assert one.machine.state.parent.command_id == "order:1:2"
    one.succeeds(1, "A").succeeds(2, "x").is_("completed")
    family.deliver()
    family["order:1"].is_("running").expects()
    family["send:p-b"].succeeds(1, "B").succeeds(2, "y")
    family.deliver()
    assert family["order:1"].expects("shop.take").succeeds(4, "l").is_("completed").result == ["A", "B"]


def test_a_child_that_has_begun_may_last_for_years() -> None:
    """It is asked now and then how it stands."""
    family = begun("a")
    parent = family["order:1"]
    for attempt in range(1, 6):
        assert (parent.in_ms, parent.machine.state.steps[2].attempt) == (86_400_000, attempt)
        parent.passes(86_400_000)
        assert parent.in_ms is not None
        parent.passes(parent.in_ms)
        family.deliver()
    parent.is_("running")


def test_a_refused_child_raises_its_cause() -> None:
    """It has left nothing, so nothing of it is undone; the other is."""
    family = begun("a", "b")
    family["send:p-a"].succeeds(1, "A")
    family["send:p-b"].succeeds(1, "B").refuses(2, "sold_out").succeeds("undo 1").is_("compensated")
    family.deliver()
    parent = family["order:1"].is_("compensating")
    assert parent.cause == "sold_out"
    family["send:p-a"].is_("compensating").succeeds("undo 2").succeeds("undo 1").is_("compensated")
    family.deliver()
    parent.expects("undo shop.take").succeeds("undo 1").is_("compensated")
    assert not parent.machine.state.steps[3].undo_attempt, "a child that was refused has left nothing"


def test_each_word_twice_changes_nothing() -> None:
    """Calls, undos and answers that come twice are one."""
    family = Family(order, send)
    family.start("order:1", ["a"]).succeeds("shop.take", "f")
    family.deliver(2)
    family["send:p-a"].succeeds(1, "A").succeeds(2, "x")
    family.deliver(2)
    family["order:1"].refuses("shop.take")
    family.deliver(2)
    family["send:p-a"].succeeds("undo 2").succeeds("undo 1").is_("compensated")
    family.deliver(2)
    family["order:1"].succeeds("undo 1").is_("compensated")


@saga(version=1)
async def alone() -> str:
    """A child, and then nothing for a long time."""
    sent = await child(send, Parcel("p", "a"))
    await asyncio.sleep(365 * 86_400)
    return sent.lent


@pytest.mark.parametrize("lost", range(6))
def test_whatever_word_is_lost_is_asked_for_again(lost: int) -> None:
    """The call, that it has begun, its end, its undo, that it goes back, that it is undone."""
    family = Family(alone, send)
    said = 0

    def waits() -> None:
        nonlocal said
        for _ in range(5):
            while family.words:
                word = family.words.popleft()
                said += 1
                if said - 1 != lost:
                    family[word.to].advance(word.fact)
            parent.passes(min(parent.in_ms or 0, 86_400_000))

    parent = family["alone:1"]
    parent.start()
    waits()
    family["send:p"].succeeds(1, "A").succeeds(2, "x")
    waits()
    assert parent.machine.state.steps[1].result != b"null"
    parent.cancel()
    waits()
    family["send:p"].succeeds("undo 2").succeeds("undo 1").is_("compensated")
    waits()
    parent.is_("compensated")
    assert said > lost


def test_a_saga_that_another_step_has_begun_is_refused() -> None:
    """A saga has one parent at most; it stands as it was."""
    family = gone_through("a")
    other = family.start("order:2", ["a"]).succeeds("shop.take", "f")
    family.deliver()
    assert other.is_("compensating").cause == "exists_already"
    other.expects("undo shop.take").succeeds("undo 1").is_("compensated")
    family["send:p-a"].is_("completed")


@saga(version=1)
async def leaving(shop: Shop) -> str:
    left = await detach(send, Parcel("p", "a"))
    await shop.take("b")
    return left


def test_a_detached_saga_goes_its_own_way() -> None:
    """Its parent goes back, and it goes on; nobody hears of its end."""
    family = Family(leaving, send)
    parent = family.start("leaving:1").expects("shop.take")
    parent.refuses("shop.take").is_("failed")
    one = family["send:p"].is_("running").succeeds(1, "A").succeeds(2, "x").is_("completed")
    assert one.last is not None
    assert one.last.answers == ()


def test_a_detached_saga_that_is_there_with_another_input_is_refused() -> None:
    """It is not what was asked for."""
    family = Family(leaving, send)
    family.start("send:p", {"id": "p", "item": "b"})
    assert family.start("leaving:1").is_("failed").cause == "exists_already"


def test_a_detached_saga_that_is_there_is_the_one() -> None:
    """As for any client that starts it again."""
    family = Family(leaving, send)
    family.start("send:p", {"id": "p", "item": "a"})
    assert family.start("leaving:1").succeeds("shop.take", "b").is_("completed").result == "send:p"


def test_a_call_without_its_input_is_a_bug() -> None:
    """The saga is parked, and says what to write."""

    @saga(version=1)
    async def wrong() -> Any:
        return await child(send)

    assert "takes an input" in Family(wrong, send).start("wrong:1").is_("parked").parked_message


def test_an_input_that_does_not_fit_is_a_bug() -> None:
    """It is found where it is called, before anything is sent."""

    @saga(version=1)
    async def wrong() -> Any:
        return await child(send, "parcel")  # pyright: ignore[reportCallIssue, reportArgumentType]

    assert "Expected `object`" in Family(wrong, send).start("wrong:1").is_("parked").parked_message


def test_it_is_told_once_that_the_child_has_begun() -> None:
    """One row of the history for it, not more."""
    assert len(begun("a")["order:1"].of(StepProgressed)) == 1
