"""Code that raises inside of a block: what it does while it leaves is none of the saga's business."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from coordinator.history.steps import StepIssued
from coordinator.saga import scope
from tests.sagas import SagaDriver, Shop, code

Block = Callable[[Shop, bool], Awaitable[Any]]


def bug(broken: bool) -> None:
    if broken:
        raise KeyError("oops")


async def in_a_timeout(shop: Shop, broken: bool) -> str:
    async with asyncio.timeout(100):
        await shop.take("a")
        bug(broken)
        return await shop.take("b")


async def in_a_group(shop: Shop, broken: bool) -> str:
    async with asyncio.TaskGroup() as group:
        other = group.create_task(shop.lend("other"))
        await shop.take("a")
        bug(broken)
        result = await shop.take("b")
    assert other.done()
    return result


async def in_a_scope(shop: Shop, broken: bool) -> str:
    async with scope():
        await shop.take("a")
        bug(broken)
        return await shop.take("b")


async def after_an_ask(shop: Shop, broken: bool) -> str:
    await shop.take("a")
    second = asyncio.ensure_future(shop.take("b"))
    await asyncio.sleep(0)
    bug(broken)
    return await second


async def in_a_finally(shop: Shop, broken: bool) -> str:
    try:
        await shop.take("a")
        bug(broken)
        return await shop.take("b")
    finally:
        if broken:
            await shop.take("z")


@pytest.mark.parametrize("block", [in_a_timeout, in_a_group, in_a_scope, after_an_ask])
def test_mended_code_goes_on_from_there(block: Block) -> None:
    """Whatever the block does when it is left: nothing of it is kept, or sent."""

    def version(broken: bool) -> Any:
        async def body(shop: Shop) -> Any:
            return await block(shop, broken)

        return code(body)

    saga = SagaDriver(version(True)).start().succeeds("shop.take", "A").is_("parked").expects()
    assert saga.new_events == ["StepSucceeded", "SagaParked"]
    asked = [event.command for event in saga.of(StepIssued)]
    assert "shop.take" in asked
    saga.restarts().deploys(version(False)).resume().is_("running").expects("shop.take").restarts()
    if "shop.lend" in asked:
        saga.succeeds("shop.lend", "L")
    saga.succeeds("shop.take", "B").is_("completed")
    assert saga.result == "B"


def test_a_bug_that_is_raised_later_parks_it_then() -> None:
    """Its `finally` waits for a step: only when that is answered the bug comes out."""

    def version(broken: bool) -> Any:
        async def body(shop: Shop) -> Any:
            return await in_a_finally(shop, broken)

        return code(body)

    saga = SagaDriver(version(True)).start().succeeds(1, "A").is_("running").succeeds(2, "Z").is_("parked")
    assert "KeyError" in saga.parked_message
    saga.cancel().succeeds("undo 2").succeeds("undo 1").is_("compensated")
