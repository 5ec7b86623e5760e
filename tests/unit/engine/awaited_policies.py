"""Rows of the replay matrix: steps whose calls have policies of their own."""

from contracts import AwaitSignal, Failed, Retry, TimedOut
from coordinator.saga import scope
from tests.sagas import Shop
from tests.unit.engine.rows import Rows, passes, succeeds

POLICIES = Rows()
saga_row = POLICIES.row


@saga_row("shop.take", answers=[passes(2_000), lambda saga: saga.succeeds("undo 1")], result="timeout")
async def a_step_in_its_own_time(shop: Shop) -> str:
    try:
        return await shop.take.using(timeout="2s", retry=Retry.never())("a")
    except TimedOut as silence:
        return silence.problem.type


@saga_row(
    "shop.lend",
    answers=[lambda saga: saga.fails(1), passes(3_000), lambda saga: saga.fails(1), passes(3_000), succeeds(1, "A")],
    result="A",
)
async def a_step_tried_more_often(shop: Shop) -> str:
    return await shop.lend.using(retry=Retry(backoff="3s", jitter=0))("a")


@saga_row(
    "shop.take",
    answers=[lambda saga: saga.fails(1, retryable=False), lambda saga: saga.succeeds("undo 1"), succeeds(2, "B")],
    result="B",
)
async def a_step_undone_otherwise(shop: Shop) -> str:
    try:
        return await shop.take.using(undo=Shop.throw_away)("a")
    except Failed:
        return await shop.take("b")


@saga_row(
    "shop.take",
    answers=[lambda saga: saga.will_answer_later(1), passes(3_600_000), lambda saga: saga.succeeds("undo 1")],
    result="timeout",
)
async def a_step_that_is_answered_too_late(shop: Shop) -> str:
    try:
        return await shop.take.using(pending_timeout="1h", retry=Retry.never())("a")
    except TimedOut as silence:
        return silence.problem.type


@saga_row("shop.take", answers=[lambda saga: saga.fails(1, retryable=False), succeeds(2, "B")], result="B")
async def a_step_that_is_not_undone(shop: Shop) -> str:
    try:
        return await shop.take.using(undo=None)("a")
    except Failed:
        return await shop.take("b")


@saga_row(
    "shop.take",
    answers=[
        lambda saga: saga.progresses(1),
        passes(6_000),
        lambda s: s.progresses(1, 1, {"done": 2}),
        succeeds(1, "A"),
    ],
    result="A",
)
async def a_step_that_tells_how_far_it_got(shop: Shop) -> str:
    return await shop.take("a")


@saga_row(
    "shop.lend",
    answers=[lambda saga: saga.fails(1), lambda saga: saga.signals("again"), succeeds(1, "A")],
    result="A",
)
async def a_step_that_waits_for_a_signal(shop: Shop) -> str:
    return await shop.lend.using(retry=Retry(attempts=1, on_exhausted=AwaitSignal("again")))("a")


@saga_row(
    "shop.lend",
    answers=[
        *(lambda saga: saga.fails(1, retryable=False), lambda saga: saga.fails("undo 1")),
        *(lambda saga: saga.signals("again"), lambda saga: saga.succeeds("undo 1"), succeeds(2, "B")),
    ],
    result="B",
)
async def a_scope_whose_undo_waits_for_a_signal(shop: Shop) -> str:
    again = Retry(attempts=1, on_exhausted=AwaitSignal("again"))
    try:
        async with scope():
            await shop.lend.using(undo_retry=again)("a")
    except Failed:
        return await shop.take("b")
    return "all"
