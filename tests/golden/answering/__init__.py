"""A saga that answers: recorded with updates and with what people do."""

import msgspec

from coordinator.engine.facts import Start
from coordinator.engine.facts import Update as Asked
from coordinator.saga import Query, Refused, Signal, Update, saga
from tests.sagas import SagaDriver, Shop


@saga(version=1)
async def answer(shop: Shop, close: Signal[str], add: Update[str, list[str]], added: Query[None, list[str]]) -> int:
    """Takes what it is asked for until it is closed; never change it: give a change a new version."""
    taken: list[str] = []
    closed = False

    @add.check
    def _(item: str) -> None:
        if closed:
            raise Refused("closed")

    @add.handle
    async def _(item: str) -> list[str]:
        if item in taken:
            raise Refused("twice", f"There is a {item} already.")
        if item.isupper():
            item = f"{item} and {await close}"
        taken.append(await shop.take(item))
        return taken

    @added.answer
    def _() -> list[str]:
        return taken

    await close
    closed = True
    await shop.lend("bag")
    await shop.pay(len(taken))
    return len(taken)


def begun() -> SagaDriver:
    return SagaDriver(answer, key="golden").start()


def answers() -> SagaDriver:
    """Two at once, one refused by its handler, one by its step, one by the check, one in two sendings."""
    driver = begun().updates("add", "milk").updates("add", "tea").succeeds(2, "tea").succeeds(1, "milk")
    driver.updates("add", "tea").updates("add", "jam").refuses("shop.take", "sold_out")
    driver.updates("add", "jam", id="update-4").updates("add", "JAM").signals("close", "now")
    driver.signals("close", "honey").updates("add", "salt").succeeds("shop.take", "jam and honey")
    return driver.succeeds("shop.lend", "BAG").succeeds("shop.pay", 3)


def is_paused() -> SagaDriver:
    """With an update under way, whose step is answered in the pause; another is refused there, and one comes after."""
    driver = begun().updates("add", "milk").pauses().passes(5_000_000).succeeds("shop.take", "milk")
    driver.updates("add", "tea").resume().updates("add", "tea").signals("close", "now").succeeds("shop.take", "tea")
    return driver.succeeds("shop.lend", "BAG").succeeds("shop.pay", 2)


def goes_back() -> SagaDriver:
    """With one answered and one that never will be; it began with the first."""
    start = Start("answer", 1, msgspec.Raw(b"null"), sent=Asked("add", "with-start", msgspec.Raw(b'"milk"')))
    driver = SagaDriver(answer, key="golden").advance(start).succeeds("shop.take", "milk").updates("add", "tea")
    return driver.cancel("not hungry").succeeds("undo 2").succeeds("undo 1")


def is_mended() -> SagaDriver:
    """It is parked by a bug of a handler; mended code answers."""

    @saga(version=1, name="answer")
    async def broken(shop: Shop, close: Signal[str], add: Update[str, list[str]]) -> int:
        @add.handle
        async def _(item: str) -> list[str]:
            return [str(1 // 0)]

        await close
        return 0

    driver = SagaDriver(broken, key="golden").start().updates("add", "milk").is_("parked").deploys(answer).resume()
    driver.succeeds("shop.take", "milk").signals("close", "now").succeeds("shop.lend", "BAG")
    return driver.succeeds("shop.pay", 1)


STORIES = (answers, is_paused, goes_back, is_mended)
