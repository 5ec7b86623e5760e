"""Rows of the replay matrix: the code waits until a scope is undone."""

import asyncio
from typing import Any

from contracts import Refused
from coordinator.saga import Signal, scope
from tests.sagas import Shop
from tests.unit.engine.rows import Act, Rows, passes, signals, succeeds

SCOPES = Rows()
saga_row = SCOPES.row


def refuses(step: int) -> Act:
    return lambda saga: saga.refuses(step)


def undone(step: int) -> Act:
    return lambda saga: saga.succeeds(f"undo {step}")


@saga_row("shop.take", answers=[succeeds(1, "A"), succeeds(2, "B")], result="AB")
async def a_scope_that_is_kept(shop: Shop) -> str:
    async with scope():
        one = await shop.take("a")
    return one + await shop.take("b")


@saga_row(
    "shop.take",
    answers=[succeeds(1, "A"), succeeds(2, "B"), refuses(3), undone(2), undone(1), succeeds(4, "D")],
    result="no, D",
)
async def a_scope_refused_inside(shop: Shop) -> str:
    try:
        async with scope():
            for item in "abc":
                await shop.take(item)
    except Refused as no:
        return f"{no.problem.type}, {await shop.take('d')}"
    return "all"


@saga_row("shop.look", answers=[refuses(1)], result="nothing to undo")
async def a_scope_in_which_nothing_was_done(shop: Shop) -> str:
    try:
        async with scope():
            await shop.look("a")
    except Refused:
        return "nothing to undo"
    return "all"


@saga_row(
    "shop.take", answers=[succeeds(1, "A"), undone(1), succeeds(2, "B"), undone(2), succeeds(3, "C")], result="ABC"
)
async def a_scope_undone_by_hand(shop: Shop) -> str:
    async with scope() as trial:
        one = await shop.take("a")
        await trial.undo()
        other = await shop.take("b")
        await trial.undo()
        return one + other + await shop.take("c")


@saga_row(
    "shop.take",
    answers=[
        *(succeeds(1, "A"), succeeds(2, "B"), refuses(3), undone(2)),
        *(succeeds(4, "D"), refuses(5), undone(4), undone(1), succeeds(6, "F")),
    ],
    result=["inner", "F"],
)
async def scopes_within_scopes(shop: Shop) -> list[str]:
    went: list[str] = []
    try:
        async with scope():
            await shop.take("a")
            try:
                async with scope():
                    await shop.take("b")
                    await shop.take("c")
            except Refused:
                went.append("inner")
            async with scope():
                await shop.take("d")
                await shop.take("e")
    except Refused:
        went.append(await shop.take("f"))
    return went


@saga_row(
    "shop.take",
    answers=[succeeds(1, "A"), refuses(2), undone(1), succeeds(3, "C"), succeeds(4, "D")],
    result=["C", "D"],
)
async def a_scope_for_each_pass(shop: Shop) -> list[str]:
    for one, other in ("ab", "cd"):
        try:
            async with scope():
                return [await shop.take(one), await shop.take(other)]
        except Refused:
            continue
    return []


@saga_row(
    "shop.take",
    answers=[succeeds(1, "A"), succeeds(2, "B"), refuses(3), undone(1), undone(2), succeeds(4, "D")],
    result="D",
)
async def a_scope_undone_all_at_once(shop: Shop) -> str:
    try:
        async with scope(parallel_undo=True):
            for item in "abc":
                await shop.take(item)
    except Refused:
        return await shop.take("d")
    return "all"


@saga_row(
    "shop.take",
    "shop.take",
    answers=[succeeds(1, "A"), refuses(3), succeeds(2, "B"), undone(1), succeeds(4, "D")],
    result=["D", "B"],
)
async def a_scope_in_a_branch(shop: Shop) -> list[str]:
    async def tries() -> str:
        try:
            async with scope():
                await shop.take("a")
                await shop.take("c")
        except Refused:
            return await shop.take("d")
        return "both"

    async with asyncio.TaskGroup() as group:
        branch, step = group.create_task(tries()), group.create_task(shop.take("b"))
    return [branch.result(), step.result()]


@saga_row(
    "shop.take",
    "shop.take",
    "shop.take",
    answers=[succeeds(3, "C"), succeeds(1, "A"), refuses(2), undone(1), undone(3)],
    result="no",
)
async def branches_in_a_scope(shop: Shop) -> str:
    try:
        async with scope(), asyncio.TaskGroup() as group:
            for item in "abc":
                group.create_task(shop.take(item))
    except ExceptionGroup as no:
        return str(no.exceptions[0])
    return "all"


@saga_row("shop.take", answers=[succeeds(1, "A"), passes(4_000), undone(2), undone(1), succeeds(3, "C")], result="C")
async def a_timeout_around_a_scope(shop: Shop) -> str:
    try:
        async with asyncio.timeout(4), scope():
            await shop.take("a")
            await shop.take("b")
    except TimeoutError:
        return await shop.take("c")
    return "in time"


@saga_row("shop.take", answers=[succeeds(1, "A"), passes(4_000), undone(2), undone(1), succeeds(3, "C")], result="C")
async def a_timeout_inside_a_scope(shop: Shop) -> str:
    try:
        async with scope(), asyncio.timeout(4):
            await shop.take("a")
            await shop.take("b")
    except TimeoutError:
        return await shop.take("c")
    return "in time"


@saga_row("shop.take", answers=[succeeds(1, "A"), refuses(2), passes(4_000), undone(1)], result="too late")
async def a_timeout_while_a_scope_is_undone(shop: Shop) -> str:
    try:
        async with asyncio.timeout(4):
            async with scope():
                await shop.take("a")
                await shop.take("b")
    except TimeoutError:
        return "too late"
    return "in time"


@saga_row("shop.take", answers=[succeeds(1, "A"), signals("stop"), undone(2), undone(1)], result=["stop", "cancelled"])
async def a_scope_that_is_not_waited_for(shop: Shop, note: Signal[str]) -> list[Any]:
    async def both() -> None:
        async with scope():
            await shop.take("a")
            await shop.take("b")

    branch = asyncio.create_task(both())
    why = await note
    branch.cancel()
    try:
        await branch
    except asyncio.CancelledError:
        return [why, "cancelled"]
    return [why]
