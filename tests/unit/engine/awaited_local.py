"""The replay matrix's rows of local steps: to a saga's code they are steps like any other."""

import asyncio

from contracts import Refused, TimedOut
from coordinator.saga import scope
from tests.sagas import Shop
from tests.unit.engine.desk import Desk
from tests.unit.engine.rows import Rows, passes, succeeds

LOCAL = Rows()
saga_row = LOCAL.row


@saga_row("desk.dial", answers=[succeeds(1, "Ann")], result="Ann")
async def a_local_step(shop: Shop, desk: Desk) -> str:
    return await desk.dial("1")


@saga_row("desk.dial", answers=[lambda s: s.fails(1), passes(1_000), succeeds(1, "Ann")], result="Ann")
async def a_local_step_retried(shop: Shop, desk: Desk) -> str:
    return await desk.dial("1")


@saga_row("desk.look_up", answers=[passes(5_000)], result="timeout")
async def a_local_step_timed_out(shop: Shop, desk: Desk) -> str:
    try:
        return await desk.look_up("Ann")
    except TimedOut as silence:
        return silence.problem.type


@saga_row(
    "desk.dial",
    "shop.take",
    answers=[lambda saga: saga.refuses(2), lambda saga: saga.succeeds("undo 1"), succeeds(3, "B")],
    result="no, B",
)
async def a_local_step_that_a_scope_undoes(shop: Shop, desk: Desk) -> str:
    try:
        async with scope():
            await asyncio.gather(desk.dial("1"), shop.take("a"))
    except Refused as no:
        return f"{no.problem.type}, {await shop.take('b')}"
    return "nothing was undone"
