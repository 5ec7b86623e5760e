"""The replay matrix's rows: every awaitable, as a body that a saga awaits before its last step.

A new awaitable is not finished before its row stands here, or in one of ``awaited_….py``.
"""

import asyncio
from typing import Any

from contracts import Failed, Refused, TimedOut
from coordinator.saga import attributes, status
from tests.sagas import Shop
from tests.unit.engine.awaited_children import CHILDREN
from tests.unit.engine.awaited_local import LOCAL
from tests.unit.engine.awaited_messages import MESSAGES
from tests.unit.engine.awaited_policies import POLICIES
from tests.unit.engine.awaited_rounds import ROUNDS
from tests.unit.engine.awaited_scopes import SCOPES
from tests.unit.engine.awaited_undos import UNDOS
from tests.unit.engine.rows import Rows, passes, succeeds

ROWS = Rows([*LOCAL, *MESSAGES, *SCOPES, *POLICIES, *ROUNDS, *CHILDREN, *UNDOS])
saga_row = ROWS.row


@saga_row("shop.take", answers=[succeeds(1, "A")], result="A")
async def a_step(shop: Shop) -> str:
    return await shop.take("a")


@saga_row("shop.take", answers=[lambda saga: saga.refuses(1, "sold_out")], result="no: sold_out")
async def a_step_refused(shop: Shop) -> str:
    try:
        return await shop.take("a")
    except Refused as no:
        return f"no: {no.problem.type}"


@saga_row(
    "shop.take",
    answers=[lambda saga: saga.fails(1, retryable=False), succeeds(2, "B"), lambda saga: saga.succeeds("undo 1")],
    result="broken, B",
)
async def a_step_failed(shop: Shop) -> str:
    try:
        return await shop.take("a")
    except Failed as failure:
        return f"{failure.problem.type}, {await shop.take('b')}"


@saga_row("shop.lend", answers=[passes(5_000), lambda saga: saga.succeeds("undo 1")], result="timeout")
async def a_step_timed_out(shop: Shop) -> str:
    try:
        return await shop.lend("a")
    except TimedOut as silence:
        return silence.problem.type


@saga_row("shop.take", answers=[lambda s: s.fails(1), passes(1_000), succeeds(1, "A")], result="A")
async def a_step_retried(shop: Shop) -> str:
    return await shop.take("a")


@saga_row("shop.take", "shop.take", answers=[succeeds(2, "B"), succeeds(1, "A")], result=["A", "B"])
async def gather(shop: Shop) -> list[str]:
    return await asyncio.gather(shop.take("a"), shop.take("b"))


@saga_row(
    "shop.take", "shop.take", answers=[lambda saga: saga.refuses(2), succeeds(1, "A")], result=["A", "Refused('no')"]
)
async def gather_with_a_no(shop: Shop) -> list[str]:
    results = await asyncio.gather(shop.take("a"), shop.take("b"), return_exceptions=True)
    return [each if isinstance(each, str) else repr(each) for each in results]


@saga_row("shop.take", "shop.take", answers=[succeeds(2, "B"), succeeds(1, "A")], result="AB")
async def group_of_coroutines(shop: Shop) -> str:
    async with asyncio.TaskGroup() as both:
        one, other = both.create_task(shop.take("a")), both.create_task(shop.take("b"))
    return one.result() + other.result()


@saga_row(
    "shop.take",
    "shop.take",
    "shop.take",
    answers=[succeeds(3, "C"), lambda saga: saga.refuses(2), lambda saga: saga.succeeds("undo 1")],
    result="no",
)
async def group_that_aborts(shop: Shop) -> str:
    try:
        async with asyncio.TaskGroup() as group:
            for item in "abc":
                group.create_task(shop.take(item))
    except ExceptionGroup as no:
        return str(no.exceptions[0])
    return "yes"


@saga_row("shop.take", answers=[succeeds(1, "A"), succeeds(2, "B")], result="AB")
async def a_step_while_something_is_shown(shop: Shop) -> str:
    status("taking a")
    attributes(item="a")
    one = await shop.take("a")
    status("taking b")
    other = await shop.take("b")
    attributes(item=None, done=True)
    return one + other


@saga_row(answers=[passes(60_000)], result="rested")
async def sleep(shop: Shop) -> str:
    return await asyncio.sleep(60, "rested")


@saga_row("shop.look", answers=[], result="at once")
async def sleep_no_time(shop: Shop) -> str:
    return await asyncio.sleep(0, "at once")


@saga_row("shop.take", answers=[passes(1_000), succeeds(1, "A")], result="A")
async def timeout_in_time(shop: Shop) -> str:
    async with asyncio.timeout(4):
        return await shop.take("a")


@saga_row("shop.take", answers=[passes(4_000), lambda saga: saga.succeeds("undo 1")], result="too late")
async def timeout_too_late(shop: Shop) -> str:
    try:
        async with asyncio.timeout(4):
            return await shop.take("a")
    except TimeoutError:
        return "too late"


@saga_row("shop.take", answers=[succeeds(1, "A"), passes(4_000), succeeds(2, "B")], result="AB")
async def timeout_rescheduled(shop: Shop) -> str:
    async with asyncio.timeout(3) as limit:
        one = await shop.take("a")
        limit.reschedule(asyncio.get_running_loop().time() + 5)
        await asyncio.sleep(4)
        return one + await shop.take("b")


@saga_row("shop.take", answers=[passes(4_000), lambda saga: saga.succeeds("undo 1")], result="too late")
async def wait_for(shop: Shop) -> str:
    try:
        return await asyncio.wait_for(shop.take("a"), 4)
    except TimeoutError:
        return "too late"


@saga_row("shop.take", "shop.take", answers=[succeeds(2, "B"), succeeds(1, "A")], result=["B", "A"])
async def wait_first(shop: Shop) -> list[str]:
    steps = {asyncio.create_task(shop.take(item)) for item in "ab"}
    done, rest = await asyncio.wait(steps, return_when=asyncio.FIRST_COMPLETED)
    later, _ = await asyncio.wait(rest)
    return [each.result() for each in (*done, *later)]


@saga_row("shop.take", "shop.take", answers=[succeeds(1, "A"), passes(4_000), succeeds(2, "B")], result=[1, 1, "B"])
async def wait_with_timeout(shop: Shop) -> list[Any]:
    steps = [asyncio.create_task(shop.take(item)) for item in "ab"]
    done, rest = await asyncio.wait(steps, timeout=4)
    return [len(done), len(rest), await rest.pop()]


@saga_row(
    "shop.take",
    "shop.take",
    "shop.take",
    answers=[succeeds(3, "C"), succeeds(1, "A"), succeeds(2, "B")],
    result=["C", "A", "B"],
)
async def as_completed(shop: Shop) -> list[str]:
    return [await each for each in asyncio.as_completed([shop.take(item) for item in "abc"])]


@saga_row("shop.take", "shop.take", answers=[succeeds(2, "B"), passes(4_000), succeeds(1, "A")], result=["B", "late"])
async def as_completed_with_timeout(shop: Shop) -> list[str]:
    steps = [asyncio.create_task(shop.take(item)) for item in "ab"]
    got: list[str] = []
    for each in asyncio.as_completed(steps, timeout=4):
        try:
            got.append(await each)
        except TimeoutError:
            got.append("late")
    await steps[0]
    return got


@saga_row("shop.take", answers=[passes(4_000), succeeds(1, "A")], result="late, A")
async def shield(shop: Shop) -> str:
    step = asyncio.create_task(shop.take("a"))
    try:
        async with asyncio.timeout(4):
            return await asyncio.shield(step)
    except TimeoutError:
        return f"late, {await step}"


@saga_row("shop.take", answers=[succeeds(1, "A"), passes(1_000), succeeds(2, "B")], result="AB")
async def nested_coroutines(shop: Shop) -> str:
    async def inner(item: str) -> str:
        return await shop.take(item)

    async def outer() -> str:
        one = await inner("a")
        await asyncio.sleep(1)
        return one + await inner("b")

    return await asyncio.create_task(outer())


@saga_row("shop.take", "shop.look", answers=[succeeds(2, 3), succeeds(1, "A")], result=3)
async def not_awaited(shop: Shop) -> int:
    step = asyncio.create_task(shop.take("a"))
    await asyncio.sleep(0)
    seen = await shop.look("b")
    del step
    return seen


@saga_row("shop.take", "shop.look", "undo shop.take", answers=[lambda s: s.succeeds("undo 1")], result="cancelled")
async def cancelled_by_itself(shop: Shop) -> str:
    step = asyncio.create_task(shop.take("a"))
    await asyncio.sleep(0)
    step.cancel()
    try:
        return await step
    except asyncio.CancelledError:
        return "cancelled"


@saga_row("shop.take", "shop.take", answers=[succeeds(2, "B"), succeeds(1, "A")], result=["B", "A"])
async def queue_and_lock(shop: Shop) -> list[str]:
    queue: asyncio.Queue[str] = asyncio.Queue()
    lock = asyncio.Lock()

    async def put(item: str) -> None:
        taken = await shop.take(item)
        async with lock:
            await queue.put(taken)

    both = [asyncio.create_task(put(item)) for item in "ab"]
    got = [await queue.get(), await queue.get()]
    await asyncio.gather(*both)
    return got


@saga_row("shop.take", answers=[succeeds(1, "A"), succeeds(2, "left")], result="A")
async def async_generator_left_early(shop: Shop) -> str:
    async def items() -> Any:
        try:
            while True:
                yield await shop.take("a")
        finally:
            await shop.take("leaving")

    async for each in items():
        taken = each
        break
    await asyncio.sleep(0)
    return taken
