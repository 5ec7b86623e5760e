"""A saga that goes back to save-points: recorded with what people do while it does."""

import asyncio

from coordinator.engine.facts import ConfirmUndo
from coordinator.saga import Refused, Signal, saga, scope
from tests.sagas import SagaDriver, Shop


@saga(version=1)
async def choose(shop: Shop, ask: Signal[str]) -> list[str]:
    """Tries one thing after another; never change it: give a change a new version."""
    kept = [await shop.take("bag")]
    for item in ("milk", "tea"):
        try:
            async with scope():
                kept.append(await shop.take(item))
                async with scope(parallel_undo=True), asyncio.timeout(60):
                    await asyncio.gather(shop.take(f"{item} jug"), shop.lend(f"{item} cup"))
                    if await ask != item:
                        raise Refused("not_that")
            break
        except Refused:
            kept.pop()
    async with scope() as trial:
        kept.append(await shop.take("spoon"))
        if len(kept) == 2:
            await trial.undo()
            kept.append(await shop.take("fork"))
    await shop.pay(len(kept))
    return kept


def begun() -> SagaDriver:
    """Milk, a jug and a cup."""
    driver = SagaDriver(choose, key="golden").start().succeeds(1, "BAG").succeeds(2, "MILK")
    return driver.succeeds(4, "CUP").succeeds(3, "JUG")


def takes_another_way() -> SagaDriver:
    """Neither milk nor tea, and no spoon: one undo is tried again, two go at once, and one scope is undone by hand."""
    driver = begun().signals("ask", "tea").succeeds("undo 3").fails("undo 4").passes(1_000).succeeds("undo 4")
    driver.succeeds("undo 2").succeeds(5, "TEA").refuses(7).succeeds("undo 6").succeeds("undo 5")
    return driver.succeeds(8, "SPOON").succeeds("undo 8").succeeds(9, "FORK").succeeds("shop.pay", 3)


def keeps_what_it_did() -> SagaDriver:
    """Nothing is undone."""
    return begun().signals("ask", "milk").succeeds("shop.take", "SPOON").succeeds("shop.pay", 3)


def is_paused() -> SagaDriver:
    """While a scope is undone; an undo is done in the pause."""
    driver = begun().signals("ask", "tea").succeeds("undo 4").pauses().passes(5_000_000).succeeds("undo 3")
    driver.resume().succeeds("undo 2").succeeds(5, "TEA").succeeds(6, "JUG").succeeds(7, "CUP").signals("ask", "tea")
    return driver.succeeds("shop.take", "SPOON").succeeds("shop.pay", 3)


def has_undos_given_up() -> SagaDriver:
    """One is skipped and the code goes on, another is confirmed; the scopes around are undone behind them."""
    driver = begun().signals("ask", "tea").refuses("undo 4").is_("running").succeeds("undo 3").is_("parked")
    driver.skips(4, "keep the cup").succeeds("undo 2").succeeds(5, "TEA").succeeds(7, "CUP").refuses(6)
    driver.refuses("undo 7").is_("parked").advance(ConfirmUndo(7, "seen on the shelf")).succeeds("undo 5")
    return driver.succeeds(8, "SPOON").succeeds("undo 8").succeeds(9, "FORK").succeeds("shop.pay", 3)


def is_cancelled() -> SagaDriver:
    """While a scope is undone: what is under way is not sent again, and the rest follows."""
    driver = begun().signals("ask", "tea").succeeds("undo 3").cancel("not hungry").is_("compensating")
    return driver.succeeds("undo 4").succeeds("undo 2").succeeds("undo 1")


STORIES = (takes_another_way, keeps_what_it_did, is_paused, has_undos_given_up, is_cancelled)
