"""Scopes: undo one, and go another way."""

import asyncio
from typing import Any

import pytest

from contracts import Failed, Refused
from coordinator.history.scopes import ScopeOpened, ScopeUndone, ScopeUndoStarted
from coordinator.history.steps import StepIssued
from coordinator.history.undos import UndoIssued
from coordinator.saga import Scope, Signal, saga, scope
from coordinator.saga.runtime import OutsideOfSaga
from tests.sagas import SagaDriver, Shop, code


async def another_way(shop: Shop) -> str:
    first = await shop.take("a")
    try:
        async with scope():
            await shop.take("b")
            await shop.take("c")
            await shop.take("d")
    except Refused as no:
        return f"{first} then {await shop.take(no.problem.type)}"
    return "all"


def test_a_scope_is_undone_and_the_saga_takes_another_way() -> None:
    """T1 T2 T3, a no, C3 C2, T5: what was before the scope stands."""
    saga = SagaDriver(code(another_way)).start().succeeds(1, "A").succeeds(2, "B").succeeds(3, "C")
    saga.refuses(4, "sold_out").expects("undo shop.take").is_("running")
    assert saga.send("undo 3").value.endswith(b'"cause":{"type":"sold_out"}}')
    assert saga.of(ScopeUndoStarted)[0].cause.type == "sold_out"
    saga.restarts().succeeds("undo 3").expects("undo shop.take").restarts().succeeds("undo 2")
    assert saga.new_events == ["UndoSucceeded", "ScopeUndone", "StepIssued"]
    saga.restarts().succeeds(5, "E").is_("completed")
    assert saga.result == "A then E"
    assert [event.step for event in saga.of(UndoIssued)] == [3, 2]


def test_what_was_done_before_and_after_is_undone_later() -> None:
    """The saga is cancelled after it took the other way: only what stands is undone."""
    saga = SagaDriver(code(another_way)).start().succeeds(1, "A").succeeds(2, "B").refuses(3)
    saga.succeeds("undo 2").expects("shop.take")
    saga.cancel().is_("compensating").succeeds("undo 4").succeeds("undo 1").is_("compensated")
    assert [event.step for event in saga.of(UndoIssued)] == [2, 4, 1]


def test_left_without_a_no_it_belongs_to_what_is_around_it() -> None:
    """And is undone with it, in reverse order of completion."""

    async def body(shop: Shop) -> None:
        async with scope():
            await shop.take("a")
            async with scope():
                await shop.take("b")
            await shop.take("c")
            raise Refused("no")

    saga = SagaDriver(code(body)).start().succeeds(1, "x").succeeds(2, "x").succeeds(3, "x").expects("undo shop.take")
    saga.succeeds("undo 3").succeeds("undo 2").succeeds("undo 1").is_("compensated")
    assert [(event.scope, event.within) for event in saga.of(ScopeOpened)] == [(1, None), (2, 1)]
    assert [event.scope for event in saga.of(StepIssued)] == [1, 2, 1]
    assert [event.step for event in saga.of(UndoIssued)] == [3, 2, 1]


def test_each_pass_of_a_loop_has_its_own() -> None:
    """With its own data; those before stand."""

    async def body(shop: Shop) -> list[str]:
        kept: list[str] = []
        for item in "abc":
            try:
                async with scope():
                    kept.append(await shop.take(item))
                    await shop.look(item)
            except Refused:
                kept.pop()
        return kept

    saga = SagaDriver(code(body)).start()
    saga.succeeds("shop.take", "A").succeeds("shop.look", 1)
    saga.succeeds("shop.take", "B").refuses("shop.look").expects("undo shop.take")
    assert saga.value("undo shop.take")["result"] == "B"
    saga.succeeds("undo shop.take").restarts()
    saga.succeeds("shop.take", "C").succeeds("shop.look", 1).is_("completed")
    assert saga.result == ["A", "C"]


def test_it_can_be_undone_by_hand_and_used_again() -> None:
    """T1, C1, T2, C2, T3."""

    async def body(shop: Shop) -> str:
        async with scope() as trial:
            await shop.take("a")
            await trial.undo()
            await shop.take("b")
            await trial.undo()
            await trial.undo()
            return await shop.take("c")

    saga = (
        SagaDriver(code(body))
        .start()
        .succeeds(1, "x")
        .expects("undo shop.take")
        .succeeds("undo 1")
        .expects("shop.take")
    )
    saga.restarts().succeeds(2, "x").succeeds("undo 2").expects("shop.take").succeeds(3, "C").is_("completed")
    assert saga.result == "C"
    assert len(saga.of(ScopeUndone)) == 3


def branches(parallel: bool) -> Any:
    async def body(shop: Shop) -> str:
        try:
            async with scope(parallel_undo=parallel), asyncio.TaskGroup() as group:
                for item in "abc":
                    group.create_task(shop.take(item))
        except* Refused:
            pass
        return await shop.take("d")

    return body


def test_branches_are_undone_in_reverse_order_of_what_happened() -> None:
    """What was still out is undone first, at once; then what is known, the last completed first."""
    saga = SagaDriver(code(branches(False))).start().succeeds(2, "B").succeeds(1, "A").refuses(3)
    saga.expects("undo shop.take")
    assert [event.step for event in saga.of(UndoIssued)] == [1]
    saga.succeeds("undo 1").succeeds("undo 2").expects("shop.take")
    other = SagaDriver(code(branches(False))).start().succeeds(2, "B").refuses(3)
    assert [event.step for event in other.of(UndoIssued)] == [1]
    other.succeeds("undo 1").restarts().succeeds("undo 2").expects("shop.take").succeeds(4, "x").is_("completed")


def test_parallel_undos_are_sent_at_once() -> None:
    """The code goes on when all are done."""
    saga = SagaDriver(code(branches(True))).start().succeeds(2, "B").succeeds(1, "A").refuses(3)
    saga.expects("undo shop.take", "undo shop.take").restarts().succeeds("undo 2").expects().succeeds("undo 1")
    saga.expects("shop.take").succeeds(4, "x").is_("completed")


def test_parallel_undos_do_not_wait_for_those_of_unknown_outcomes() -> None:
    """All at once means all."""
    saga = SagaDriver(code(branches(True))).start().succeeds(2, "B").refuses(3)
    saga.expects("undo shop.take", "undo shop.take").restarts().succeeds("undo 2").succeeds("undo 1")
    saga.expects("shop.take").succeeds(4, "x").is_("completed")


def test_a_timeout_undoes_it() -> None:
    """A step that is not waited for any more has an unknown outcome."""

    async def body(shop: Shop) -> str:
        try:
            async with asyncio.timeout(3), scope():
                await shop.take("a")
                await shop.take("b")
        except TimeoutError:
            return await shop.take("c")
        return "in time"

    saga = SagaDriver(code(body)).start().succeeds(1, "A").passes(3_000).expects("undo shop.take")
    saga.restarts().succeeds("undo 2").expects("undo shop.take").succeeds("undo 1").expects("shop.take")
    saga.succeeds(3, "C").is_("completed")


def test_steps_of_others_in_the_scope_are_given_up() -> None:
    """Who waits for one hears that the saga went back; what comes later changes nothing."""

    async def body(shop: Shop) -> str:
        async with scope() as trial:
            slow = asyncio.ensure_future(shop.take("slow"))
            await shop.take("a")
            await trial.undo()
        try:
            await slow
        except Refused as no:
            return no.problem.type
        return "slow"

    saga = SagaDriver(code(body)).start().succeeds(1, "A").expects("undo shop.take")
    assert saga.unchanged_by(lambda: saga.succeeds(2, "late"))
    saga.succeeds("undo 2").expects("undo shop.take").restarts().succeeds("undo 1").is_("completed")
    assert saga.result == "scope_undone"


def test_an_undo_that_is_given_up_needs_a_person() -> None:
    """The saga is parked; tried again, or skipped, the code goes on."""

    async def body(shop: Shop) -> str:
        try:
            async with scope():
                await shop.lend("a")
                raise Refused("no")
        except Refused:
            return await shop.take("b")

    saga = SagaDriver(code(body)).start().succeeds("shop.lend", "x").refuses("undo shop.lend").is_("parked")
    assert "An undo was given up" in saga.parked_message
    twin = (
        SagaDriver(code(body))
        .start()
        .succeeds("shop.lend", "x")
        .refuses("undo shop.lend")
        .skips(1)
        .expects("shop.take")
    )
    twin.is_("running").succeeds("shop.take", "B").is_("completed")
    saga.resume().expects("undo shop.lend").is_("running").succeeds("undo shop.lend").expects("shop.take")
    saga.restarts().succeeds("shop.take", "B").is_("completed")


def test_the_saga_goes_back_while_a_scope_is_undone() -> None:
    """The undo that is under way is not sent again; the rest follows."""
    saga = SagaDriver(code(another_way)).start().succeeds(1, "A").succeeds(2, "B").succeeds(3, "C").refuses(4)
    saga.cancel().expects().is_("compensating").restarts().succeeds("undo 3").expects("undo shop.take")
    saga.succeeds("undo 2").succeeds("undo 1").is_("compensated")
    assert [event.step for event in saga.of(UndoIssued)] == [3, 2, 1]


def test_behind_the_point_of_no_return_nothing_is_undone() -> None:
    """It is a no of its own, and parks the saga as any other there."""

    async def body(shop: Shop) -> None:
        async with scope():
            await shop.take("a")
            await shop.pay(1)
            raise Refused("no")

    saga = SagaDriver(code(body)).start().succeeds(1, "x").succeeds(2, 1).is_("parked").expects()
    assert "past its point of no return" in saga.parked_message


def test_a_bug_undoes_nothing() -> None:
    """The saga is parked; mended code goes on in the scope."""

    def body(broken: bool) -> Any:
        async def run(shop: Shop) -> str:
            async with scope():
                await shop.take("a")
                if broken:
                    raise KeyError("oops")
                return await shop.take("b")

        return run

    saga = SagaDriver(code(body(True))).start().succeeds(1, "x").is_("parked").expects()
    saga.deploys(code(body(False))).resume().expects("shop.take").succeeds(2, "B").is_("completed")


def test_a_scope_in_a_coroutine_that_is_cancelled() -> None:
    """It is undone before the cancellation goes on; being cancelled again does not hurry it."""

    async def body(shop: Shop) -> str:
        async def part() -> None:
            async with scope():
                await shop.take("a")
                await shop.take("b")

        running = asyncio.ensure_future(part())
        await shop.look("now")
        running.cancel()
        await shop.look("again")
        running.cancel()
        try:
            await running
        except asyncio.CancelledError:
            return "cancelled"
        return "done"

    saga = SagaDriver(code(body)).start().succeeds("shop.take", "A").succeeds("shop.look", 1)
    assert sorted(saga.new_events) == ["ScopeUndoStarted", "StepAbandoned", "StepIssued", "StepSucceeded", "UndoIssued"]
    saga.succeeds("shop.look", 1).restarts().succeeds("undo 3").succeeds("undo 2").is_("completed")
    assert saga.result == "cancelled"


def test_other_code_asks_for_another_scope() -> None:
    """A replay finds out, also that a step is in none any more."""

    async def other(shop: Shop) -> None:
        await shop.take("a")
        await shop.take("b")

    saga = SagaDriver(code(another_way)).start().succeeds(1, "A").deploys(code(other)).wake().is_("parked")
    assert "scope 1 opened" in saga.parked_message


async def test_only_inside_of_a_saga() -> None:
    """Elsewhere there is nothing to undo."""
    with pytest.raises(OutsideOfSaga):
        async with scope():
            pass
    with pytest.raises(RuntimeError, match="async with"):
        await Scope(False).undo()


def test_with_signals_while_it_is_undone() -> None:
    """Another branch goes on meanwhile."""

    @saga(version=1, name="errand")
    async def errand(shop: Shop, note: Signal[str]) -> list[Any]:
        async def part() -> str:
            try:
                async with scope():
                    await shop.take("a")
                    raise Failed("no")
            except Failed:
                return "back"

        return await asyncio.gather(part(), note.next())

    driver = SagaDriver(errand).start().succeeds(1, "x").expects("undo shop.take").signals("note", "x").is_("running")
    driver.restarts().succeeds("undo 1").is_("completed")
    assert driver.result == ["back", "x"]
