"""Rows of the replay matrix: undos that the saga registers itself. They go by the step's own id."""

import asyncio

from contracts import AwaitSignal, Refused, Retry
from coordinator.saga import on_undo, saga, scope
from tests.sagas import Shop
from tests.unit.engine.desk import Desk
from tests.unit.engine.rows import Act, Rows, passes, succeeds

UNDOS = Rows()
saga_row = UNDOS.row


@saga(version=1)
async def tidy_up(item: str, shop: Shop) -> str:
    """An undo with a logic of its own."""
    return await shop.ship(item)


def refuses(step: int) -> Act:
    return lambda saga: saga.refuses(step)


def undone(step: int) -> Act:
    return lambda saga: saga.succeeds(f"undo {step}")


@saga_row("shop.take", answers=[succeeds(2, "A")], result="A")
async def a_registered_undo_that_is_not_needed(shop: Shop) -> str:
    on_undo(shop.ship, "sorry")
    return await shop.take("a")


@saga_row("shop.look", answers=[], result="at once")
async def a_registered_undo_and_nothing_else(shop: Shop) -> str:
    on_undo(shop.ship, "sorry")
    return "at once"


@saga_row(
    "shop.take",
    answers=[
        succeeds(1, "A"),
        succeeds(3, "C"),
        refuses(4),
        undone(3),
        succeeds(2, "sent"),
        undone(1),
        succeeds(5, ""),
    ],
    result="undone",
)
async def a_registered_undo_in_a_scope(shop: Shop) -> str:
    try:
        async with scope():
            await shop.take("a")
            on_undo(shop.ship, "sorry")
            await shop.take("c")
            await shop.take("d")
    except Refused:
        await shop.take("e")
        return "undone"
    return "all"


@saga_row(
    "shop.take",
    answers=[
        refuses(2),
        lambda s: s.fails(1),
        passes(1_000),
        lambda s: s.progresses(1),
        succeeds(1, ""),
        succeeds(3, ""),
    ],
    result="undone",
)
async def a_registered_undo_that_is_tried_again(shop: Shop) -> str:
    try:
        async with scope():
            on_undo(shop.look, "once more")
            await shop.take("a")
    except Refused:
        await shop.take("b")
        return "undone"
    return "all"


@saga_row(
    "shop.take",
    answers=[refuses(3), succeeds(2, "Ann"), lambda s: s.will_answer_later(1), succeeds(1, 3), succeeds(4, "")],
    result="undone",
)
async def registered_undos_local_and_answered_later(shop: Shop, desk: Desk) -> str:
    try:
        async with scope():
            on_undo(shop.look, "later")
            on_undo(desk.dial, "1")
            await shop.take("a")
    except Refused:
        await shop.take("b")
        return "undone"
    return "all"


@saga_row(
    "shop.take",
    answers=[
        *(refuses(2), lambda s: s.will_answer_later(1), passes(90_000_000), lambda s: s.will_answer_later(1)),
        *(succeeds(1, "tidy"), succeeds(3, "")),
    ],
    result="undone",
)
async def a_registered_saga(shop: Shop) -> str:
    try:
        async with scope():
            on_undo(tidy_up, "a")
            await shop.take("a")
    except Refused:
        await shop.take("b")
        return "undone"
    return "all"


@saga_row(
    "shop.take",
    answers=[
        *(refuses(2), lambda saga: saga.fails(1), lambda saga: saga.signals("again")),
        *(succeeds(1, "sent"), succeeds(3, "")),
    ],
    result="undone",
)
async def a_registered_undo_that_waits_for_a_signal(shop: Shop) -> str:
    try:
        async with scope():
            on_undo(shop.look.using(retry=Retry(attempts=1, on_exhausted=AwaitSignal("again"))), "a")
            await shop.take("a")
    except Refused:
        await shop.take("b")
        return "undone"
    return "all"


@saga_row(
    "shop.take",
    "shop.take",
    answers=[
        *(succeeds(2, "B"), succeeds(1, "A"), refuses(5)),
        *(succeeds(4, 1), undone(1), succeeds(3, 1), undone(2), succeeds(6, "")),
    ],
    result="undone",
)
async def undos_registered_side_by_side(shop: Shop) -> str:
    async def one(item: str) -> None:
        await shop.take(item)
        on_undo(shop.look, item)

    try:
        async with scope():
            await asyncio.gather(one("a"), one("b"))
            await shop.take("c")
    except Refused:
        await shop.take("d")
        return "undone"
    return "all"
