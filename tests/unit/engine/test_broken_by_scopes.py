"""Defects found by trying to break scopes."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import pytest

from contracts import Refused
from coordinator.engine.facts import Conflict
from coordinator.history.steps import StepIssued
from coordinator.history.undos import UndoIssued
from coordinator.saga import SagaDefinition, Update, saga, scope
from tests.sagas import SagaDriver, Shop, code


def test_a_scope_that_another_coroutine_leaves() -> None:
    """It is undone like any other; it was a bug whose message differed with every replay."""

    async def body(shop: Shop) -> str:
        stack = AsyncExitStack()
        await stack.enter_async_context(scope())
        await shop.take("a")

        async def leave() -> None:
            async with stack:
                raise Refused("no")

        try:
            await asyncio.ensure_future(leave())
        except Refused as no:
            return no.problem.type
        return "all"

    saga = SagaDriver(code(body)).start().succeeds(1, "A").expects("undo shop.take").restarts()
    saga.succeeds("undo 1").is_("completed")
    assert saga.result == "no"


def test_scopes_left_in_the_order_in_which_they_were_entered() -> None:
    """What is asked for in the second belongs to it, also behind the end of the first."""

    async def body(shop: Shop) -> None:
        first, second = AsyncExitStack(), AsyncExitStack()
        await first.enter_async_context(scope())
        await second.enter_async_context(scope())
        await first.aclose()
        await shop.take("a")
        await second.aclose()

    saga = SagaDriver(code(body)).start()
    assert [event.scope for event in saga.of(StepIssued)] == [2]
    saga.succeeds(1, "A").is_("completed")


@pytest.mark.parametrize("end", ["cancel", "terminates", "pauses", "nobody"])
def test_coroutines_that_wait_for_each_other(end: str) -> None:
    """Such a saga could not end, nor be ended: to cancel one of them never came to an end."""

    async def body(shop: Shop) -> None:
        started: list[asyncio.Future[Any]] = []

        async def waits(for_the: int) -> None:
            await asyncio.gather(started[for_the])

        started.extend(asyncio.ensure_future(waits(other)) for other in (1, 0))
        await shop.take("a")

    saga = SagaDriver(code(body)).start()
    if end == "nobody":
        saga.succeeds(1, "A").is_("completed")
    else:
        getattr(saga, end)()
        assert saga.accepted


async def lends(shop: Shop) -> None:
    async with scope():
        await shop.lend("a")
        raise Refused("no")


@saga(version=1, name="errand", deadline="30d")
async def with_a_deadline(shop: Shop) -> None:
    """It may be long until then."""
    await lends(shop)


@saga(version=1, name="errand")
async def with_updates(shop: Shop, ask: Update[int, int]) -> None:
    """They may never come."""

    @ask.handle
    async def _(number: int) -> int:
        return number

    await lends(shop)


@pytest.mark.parametrize("definition", [with_a_deadline, with_updates], ids=["deadline", "updates"])
def test_an_undo_that_is_given_up_waits_for_a_person_whatever_else_may_come(definition: SagaDefinition) -> None:
    """The saga went on running, among none that need a person, and could not be resumed."""
    saga = SagaDriver(definition).start().succeeds(1, "x").refuses("undo 1").is_("parked")
    assert "An undo was given up" in saga.parked_message
    saga.restarts().resume().expects("undo shop.lend").succeeds("undo 1").is_("compensated")


def test_the_deadline_comes_while_an_undo_waits_for_a_person() -> None:
    """The saga goes back, and waits for the same person."""
    saga = SagaDriver(with_a_deadline).start().succeeds(1, "x").refuses("undo 1").is_("parked")
    saga.passes(31 * 86_400_000).is_("parked").skips(1).is_("partially_compensated")


def test_updates_while_an_undo_waits_for_a_person() -> None:
    """Are refused with that reason."""
    saga: Any = SagaDriver(with_updates).start().succeeds(1, "x").refuses("undo 1").is_("parked")
    assert saga.unchanged_by(lambda: saga.updates("ask", 1))
    assert isinstance(saga.verdict, Conflict)
    assert "parked" in saga.verdict.message


def test_what_is_asked_for_while_a_scope_is_undone_stands() -> None:
    """A coroutine that the scope left behind goes on in it: what was done so far is undone, and nothing later."""

    async def body(shop: Shop) -> str:
        gone = asyncio.Event()
        async with scope() as trial:

            async def outlives() -> str:
                await gone.wait()
                return await shop.take("late")

            late = asyncio.ensure_future(outlives())
            await shop.take("a")
            gone.set()
            await trial.undo()
        return await late

    for early in (True, False):
        saga = SagaDriver(code(body)).start().succeeds(1, "A")
        assert [send.direction for send in saga.sent[1:]] == ["forward", "undo"]
        first, second = ("undo 1", 2) if not early else (2, "undo 1")
        for each in (first, second):
            saga.succeeds(each, "LATE" if each == 2 else None).restarts()
        assert saga.is_("completed").result == "LATE"
        assert [event.step for event in saga.of(UndoIssued)] == [1]
