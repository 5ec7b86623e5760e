"""A saga that goes on as new: the rows that are kept of it begin with its last round."""

from collections.abc import Sequence

from contracts import Refused
from coordinator.saga import ContinueAsNew, Signal, Update, saga, scope
from tests.sagas import SagaDriver, Shop


@saga(version=1, deadline="365d")
async def collect(taken: Sequence[str], shop: Shop, wish: Signal[str], price: Update[str, int]) -> Sequence[str]:
    """Never change it: give a change a new version."""

    @price.handle
    async def _(item: str) -> int:
        return await shop.look(item)

    wanted = await wish
    if wanted == "no more":
        return taken
    try:
        async with scope():
            got = await shop.take(wanted)
            await shop.lend(wanted)
    except Refused:
        got = await shop.take("something else")
    raise ContinueAsNew([*taken, got])


def begun() -> SagaDriver:
    """In its second round; two wishes have come, and one price was asked for, and is remembered."""
    driver = SagaDriver(collect, key="golden").start([], traceparent=f"00-{1:032x}-{2:016x}-01")
    driver.updates("price", "a").succeeds(1, 7).signals("wish", "a").signals("wish", "b")
    return driver.succeeds(2, "A").succeeds(3, "LENT")


def ends_in_its_third_round() -> SagaDriver:
    driver = begun().succeeds(4, "B").refuses(5).succeeds("undo 4").updates("price", "x").succeeds(6, "C")
    return driver.refuses(7).signals("wish", "no more")


def goes_back_in_its_second_round() -> SagaDriver:
    driver = begun().succeeds(4, "B").will_answer_later(5).passes(365 * 86_400_000)
    return driver.fails("undo 5").passes(1_000).succeeds("undo 5").succeeds("undo 4")


def is_paused_in_its_second_round() -> SagaDriver:
    return begun().succeeds(4, "B").pauses().signals("wish", "c").passes(60_000)


STORIES = (ends_in_its_third_round, goes_back_in_its_second_round, is_paused_in_its_second_round)
