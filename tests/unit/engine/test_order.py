"""Where a command may stand: what can be undone, then the pivot, then what cannot be refused.

What breaks the order is not sent; the saga sees OutOfOrder, goes back, and is told what to change.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from contracts import StepError
from coordinator.engine.order import OutOfOrder
from coordinator.saga import saga
from tests.sagas import SagaDriver, Shop

Body = Callable[[Shop], Awaitable[Any]]


def running(body: Body) -> SagaDriver:
    @saga(version=1)
    async def ordered(shop: Shop) -> Any:
        return await body(shop)

    return SagaDriver(ordered).start()


def out_of_order(driver: SagaDriver, *words: str) -> None:
    """It went back for that reason, and the message says these words."""
    cause = driver.machine.state.cause
    assert cause is not None
    assert cause.type == "out_of_order"
    assert [word for word in words if word not in cause.message] == []


async def after_pivot(shop: Shop) -> None:
    await shop.pay(1)
    await shop.take("a")


async def two_pivots(shop: Shop) -> None:
    await shop.pay(1)
    await shop.pay(2)


async def parallel_with_pivot(shop: Shop) -> None:
    await asyncio.gather(shop.pay(1), shop.take("a"))


async def pivot_in_parallel(shop: Shop) -> None:
    await asyncio.gather(shop.take("a"), shop.pay(1))


async def parallel_pivots(shop: Shop) -> None:
    await asyncio.gather(shop.pay(1), shop.launch())


async def ship_in_parallel(shop: Shop) -> None:
    await asyncio.gather(shop.take("a"), shop.ship("b"))


def test_no_undo_no_step() -> None:
    """A step that can be refused and not be undone is not sent: the saga fails and says what to declare."""
    driver = running(lambda shop: shop.lose("a")).expects().is_("failed")
    out_of_order(driver, "shop.lose", "nothing_to_undo=True")


@pytest.mark.parametrize("body", [after_pivot, two_pivots])
def test_nothing_that_may_be_refused_after_the_pivot(body: Body) -> None:
    """It is too late to go back, so the saga is parked with the words; the command is not sent."""
    driver = running(body).succeeds("shop.pay", 1).expects().is_("parked")
    assert driver.last is not None
    assert driver.last.parked_for == "forward_only"
    assert "point of no return" in driver.parked_message


@pytest.mark.parametrize(
    ("body", "sent", "words"),
    [
        (parallel_with_pivot, "shop.pay", "while a pivot is in flight"),
        (pivot_in_parallel, "shop.take", "while shop.take is in flight"),
        (parallel_pivots, "shop.pay", "while shop.pay is in flight"),
        (ship_in_parallel, "shop.take", "while shop.take is in flight"),
    ],
)
def test_the_point_of_no_return_is_passed_alone(body: Body, sent: str, words: str) -> None:
    """Nothing that could be refused may be under way beside a pivot, nor beside what cannot be undone or refused."""
    driver = running(body).expects(sent, f"undo {sent}").is_("compensating")
    out_of_order(driver, words)


def test_a_look_may_stand_anywhere() -> None:
    """What changes nothing may be beside a pivot and after it."""

    async def looking(shop: Shop) -> None:
        await asyncio.gather(shop.look("a"), shop.pay(1), shop.look("b"))
        await asyncio.gather(shop.ship("c"), shop.look("d"))

    driver = running(looking).expects("shop.look", "shop.pay", "shop.look")
    driver.succeeds(2, 1).succeeds(1, 1).succeeds(3, 1).expects("shop.ship", "shop.look")
    driver.succeeds("shop.ship", "sent").succeeds("shop.look", 1).is_("completed")


def test_many_that_cannot_be_refused_may_go_together() -> None:
    """After the pivot, retriable steps run side by side."""

    async def shipping(shop: Shop) -> list[str]:
        await shop.pay(1)
        return await asyncio.gather(*(shop.ship(item) for item in "abc"))

    driver = running(shipping).succeeds("shop.pay", 1).expects("shop.ship", "shop.ship", "shop.ship")
    driver.succeeds(3, "B").succeeds(4, "C").succeeds(2, "A").is_("completed")
    assert driver.result == ["A", "B", "C"]


def test_a_saga_may_catch_it() -> None:
    """It is a no like any other, and the refused command takes no number."""
    seen: list[BaseException] = []

    async def careful(shop: Shop) -> str:
        try:
            await shop.lose("a")
        except StepError as error:
            seen.append(error)
        return await shop.take("b")

    driver = running(careful).expects("shop.take")
    assert isinstance(seen[0], OutOfOrder)
    assert driver.send("shop.take").command_id.endswith(":1")
    assert driver.restarts().succeeds(1, "B").is_("completed").result == "B"


def test_caught_on_replay_too() -> None:
    """Replayed, the same command is refused its place again, however often it stands there later in its right one."""

    async def insistent(shop: Shop) -> str:
        first = asyncio.create_task(shop.pay(1))
        await asyncio.sleep(0)
        try:
            await shop.take("a")
        except StepError:
            first.cancel()
            await asyncio.wait([first])
        return await shop.take("a")

    driver = running(insistent).expects("shop.pay", "shop.take", "undo shop.pay")
    driver.restarts().succeeds("undo 1").restarts().succeeds(2, "A").is_("completed")
