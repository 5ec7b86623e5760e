"""Rows of the replay matrix: the code waits for other sagas."""

import asyncio
from typing import Any

from contracts import Refused
from coordinator.saga import child, detach, saga, scope
from tests.sagas import Shop
from tests.unit.engine.rows import Act, Rows, passes, succeeds

CHILDREN = Rows()
saga_row = CHILDREN.row


@saga(version=1, key="{item}")
async def send(item: str, shop: Shop) -> str:
    """What the rows call."""
    return await shop.take(item)


def has_begun(step: int | str) -> Act:
    return lambda saga: saga.will_answer_later(step)


def refuses(step: int) -> Act:
    return lambda saga: saga.refuses(step, "sold_out")


@saga_row("saga.send", answers=[has_begun(1), succeeds(1, "A")], result="A")
async def a_child(shop: Shop) -> str:
    return await child(send, "a")


@saga_row("saga.send", answers=[has_begun(1), refuses(1)], result="no: sold_out")
async def a_child_that_goes_back(shop: Shop) -> str:
    try:
        return await child(send, "a")
    except Refused as no:
        return f"no: {no.problem.type}"


@saga_row("saga.send", answers=[passes(33_000), has_begun(1), succeeds(1, "A")], result="A")
async def a_child_that_is_asked_for_twice(shop: Shop) -> str:
    return await child(send, "a")


@saga_row(
    "saga.send", "saga.send", answers=[has_begun(2), has_begun(1), succeeds(2, "B"), succeeds(1, "A")], result="AB"
)
async def children_side_by_side(shop: Shop) -> str:
    return "".join(await asyncio.gather(*(child(send, item) for item in "ab")))


@saga_row(
    "saga.send",
    answers=[has_begun(1), passes(4_000), has_begun("undo 1"), lambda saga: saga.succeeds("undo 1")],
    result="too late",
)
async def a_child_that_is_waited_for_no_longer(shop: Shop) -> str:
    try:
        async with asyncio.timeout(4):
            return await child(send, "a")
    except TimeoutError:
        return "too late"


@saga_row(
    "saga.send",
    answers=[succeeds(1, "A"), refuses(2), has_begun("undo 1"), lambda saga: saga.succeeds("undo 1"), succeeds(3, "B")],
    result="B",
)
async def a_child_in_a_scope(shop: Shop) -> Any:
    try:
        async with scope():
            await child(send, "a")
            await shop.take("a")
    except Refused:
        return await child(send, "b", key="another")
    return None


@saga_row("detached.send", answers=[succeeds(1, "send:a")], result="send:a")
async def a_detached_saga(shop: Shop) -> str:
    return await detach(send, "a")
