"""A saga that listens: recorded with signals, and with what people do."""

import asyncio

import msgspec

from contracts.answers import Success
from coordinator.engine.facts import ConfirmUndo, GiveResult, Resume, RetryStep
from coordinator.saga import Signal, saga
from tests.sagas import SagaDriver, Shop


@saga(version=1)
async def listen(shop: Shop, word: Signal[str]) -> list[str]:
    """Takes what it is told, one thing after another; never change it: give a change a new version."""
    heard: list[str] = []
    while True:
        try:
            async with asyncio.timeout(60):
                said = await word
        except TimeoutError:
            said = "nothing"
        if said == "stop":
            break
        heard.append(await shop.take(said))
    await shop.lend("bag")
    await shop.pay(len(heard))
    return heard


def hears() -> SagaDriver:
    """Signals before, during and after a wait, one in two sendings, and none in time."""
    driver = SagaDriver(listen, key="golden").start().signals("word", "milk").signals("word", "tea")
    driver.signals("word", "tea", id="signal-2").succeeds("shop.take", "MILK").succeeds("shop.take", "TEA")
    driver.passes(60_000).succeeds("shop.take", "NOTHING").signals("word", "stop").succeeds("shop.lend", "BAG")
    return driver.succeeds("shop.pay", 3)


def is_paused() -> SagaDriver:
    """With an answer and a signal in the pause, and a second pause that a cancel ends."""
    driver = SagaDriver(listen, key="golden").start().signals("word", "milk").pauses().passes(5_000_000)
    driver.succeeds("shop.take", "MILK").signals("word", "tea").advance(Resume("it rains no more"))
    return (
        driver.pauses().passes(1_000).succeeds("shop.take", "TEA").cancel("rain").succeeds("undo 2").succeeds("undo 1")
    )


def is_repaired() -> SagaDriver:
    """A step is tried again and answered for; of two undos one is confirmed and one is skipped."""
    driver = SagaDriver(listen, key="golden").start().signals("word", "milk")
    driver.advance(RetryStep(1, undo=False, reason="hurry"))
    driver.advance(GiveResult(1, msgspec.Raw(b'"MILK"'), "seen on the table"))
    driver.signals("word", "stop").succeeds("shop.lend", "BAG").refuses("shop.pay").refuses("undo shop.lend")
    driver.advance(RetryStep(2, undo=True, reason="once more")).refuses("undo shop.lend")
    return driver.advance(ConfirmUndo(1, "drunk, and paid for")).is_("parked").skips(2, "keep the bag")


def is_terminated() -> SagaDriver:
    """While its code is stopped, with a signal and an answer kept."""

    @saga(version=1, name="listen")
    async def other(shop: Shop, word: Signal[str]) -> None:
        await shop.look("elsewhere")

    driver = SagaDriver(listen, key="golden").start().signals("word", "milk").deploys(other).wake().is_("parked")
    driver.answers("shop.take", Success(msgspec.Raw(b'"MILK"'))).signals("word", "tea")
    return driver.terminates("the shop is closed")
