"""Rows of the replay matrix: the code goes on as new."""

import asyncio
from contextlib import suppress
from typing import Any

from contracts import Refused
from coordinator.saga import ContinueAsNew, Signal, Update, patched, scope
from tests.sagas import Shop
from tests.unit.engine.rows import Rows, passes, signals, succeeds, updates

ROUNDS = Rows()
saga_row = ROUNDS.row


@saga_row("shop.take", answers=[succeeds(1, "A"), succeeds(2, "B"), succeeds(3, "C")], result=["A", "B", "C"])
async def rounds(shop: Shop, passed: Any) -> list[str]:
    taken = [*(passed or []), await shop.take("a")]
    if len(taken) < 3:
        raise ContinueAsNew(taken)
    return taken


@saga_row(answers=[signals("one"), passes(60_000), signals("two"), passes(60_000)], result="one, two")
async def a_signal_for_each_round(shop: Shop, note: Signal[str], passed: Any) -> str:
    said = await note
    await asyncio.sleep(60)
    if passed is None:
        raise ContinueAsNew(said)
    return f"{passed}, {said}"


@saga_row(
    "shop.take", answers=[signals("one"), signals("two"), signals("three"), succeeds(1, "A")], result=["one", "two"]
)
async def signals_that_nobody_has_taken(shop: Shop, note: Signal[str], passed: Any) -> list[str]:
    if passed is None:
        await shop.take("a")
        raise ContinueAsNew([])
    if len(passed) < 2:
        raise ContinueAsNew([*passed, await note])
    return passed


@saga_row(
    "shop.take", answers=[succeeds(1, "A"), succeeds("undo 2", None), succeeds("undo 3", None), passes(9_000)], result=1
)
async def a_round_that_leaves_steps_behind(shop: Shop, passed: Any) -> int:
    if passed is None:
        await shop.take("a")
        left = [asyncio.create_task(shop.take(item)) for item in "bc"]
        await asyncio.sleep(0)
        del left
        raise ContinueAsNew(1)
    await asyncio.sleep(9)
    return passed


@saga_row("shop.take", "shop.take", answers=[succeeds(1, "B"), succeeds("undo 2", None), passes(1_000)], result="B")
async def a_round_ended_in_a_group(shop: Shop, passed: Any) -> str:
    if passed is not None:
        await asyncio.sleep(1)
        return passed
    async with asyncio.TaskGroup() as group:
        group.create_task(shop.take("a"))
        raise ContinueAsNew(await shop.take("b"))


@saga_row("shop.take", answers=[succeeds(1, "A"), succeeds(2, "B")], result="AB")
async def a_round_ended_in_a_scope(shop: Shop, passed: Any) -> str:
    async with scope():
        taken = await shop.take("a")
        if passed is None:
            raise ContinueAsNew(taken)
    return passed + taken


@saga_row(
    "shop.take",
    answers=[updates("one"), succeeds(1, "A"), succeeds(2, 1), updates("two"), succeeds(4, 2), succeeds(3, "B")],
    result="AB",
)
async def updates_in_every_round(shop: Shop, ask: Update[str, int], passed: Any) -> str:
    @ask.handle
    async def _(item: str) -> int:
        return await shop.look(item)

    taken = await shop.take("a")
    if passed is None:
        raise ContinueAsNew(taken)
    return passed + taken


@saga_row("shop.take", answers=[passes(4_000), succeeds("undo 1", None), succeeds(2, "B")], result=[True, "B"])
async def a_round_that_begins_late(shop: Shop, passed: Any) -> list[Any]:
    if passed is None:
        with suppress(TimeoutError):
            async with asyncio.timeout(4):
                await shop.take("a")
        raise ContinueAsNew(patched("late"))
    return [passed, await shop.take("b")]


@saga_row(
    "shop.take",
    answers=[succeeds(1, "A"), lambda saga: saga.refuses(2), succeeds("undo 1", None), succeeds(3, "C")],
    result="C",
)
async def a_round_behind_a_scope_undone(shop: Shop, passed: Any) -> str:
    if passed is not None:
        return await shop.take("c")
    with suppress(Refused):
        async with scope():
            await shop.take("a")
            await shop.take("b")
    raise ContinueAsNew(1)
