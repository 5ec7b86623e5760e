"""A saga that says itself what its undos are: a command, a local step, another saga; recorded with how they go."""

from coordinator.engine.facts import ConfirmUndo
from coordinator.saga import Refused, Retry, on_undo, saga, scope
from tests.sagas import SagaDriver, Shop
from tests.unit.engine.desk import Desk


@saga(version=1)
async def put_right(item: str, shop: Shop) -> str:
    """An undo with a logic of its own; never change it: give a change a new version."""
    return await shop.ship(item)


@saga(version=1)
async def register(shop: Shop, desk: Desk) -> str:
    """Never change it: give a change a new version."""
    on_undo(shop.ship, "sorry")
    await shop.take("bag")
    on_undo(put_right, "bag")
    try:
        async with scope():
            on_undo(desk.dial.using(retry=Retry(attempts=2, backoff="1s")), "1")
            await shop.take("milk")
    except Refused:
        await shop.take("tea")
    on_undo(shop.look, "shelf")
    return await shop.take("spoon")


def begun() -> SagaDriver:
    """In the scope."""
    return SagaDriver(register, key="golden").start().succeeds(2, "BAG")


def in_its_last_step() -> SagaDriver:
    """Milk was refused, so somebody was called."""
    return begun().refuses(5).fails(4).passes(1_000).progresses(4).succeeds(4, "Ann").succeeds(6, "TEA")


def goes_through() -> SagaDriver:
    """The undo of the scope was the only one."""
    return in_its_last_step().succeeds(8, "SPOON")


def goes_back() -> SagaDriver:
    """All the others, the first registered last; one is answered later, one tried again."""
    driver = in_its_last_step().refuses(8).will_answer_later(7).succeeds(7, 3).succeeds("undo 6").will_answer_later(3)
    return driver.succeeds(3, "BAG").succeeds("undo 2").fails(1).passes(2_000).succeeds(1, "sent")


def has_undos_given_up() -> SagaDriver:
    """One in the scope, which the code waits for; a refused one; one that went back itself."""
    driver = begun().refuses(5).fails(4).passes(1_000).fails(4).is_("parked").skips(4, "nobody there")
    driver.succeeds(6, "TEA").refuses(8).refuses(7).succeeds("undo 6").will_answer_later(3).refuses(3, "gone")
    driver.succeeds("undo 2").succeeds(1, "sent").is_("parked").skips(7).advance(ConfirmUndo(3, "done by hand"))
    return driver.is_("partially_compensated")


def is_paused() -> SagaDriver:
    """While a registered undo is out; it is done in the pause."""
    driver = in_its_last_step().cancel("not hungry").succeeds("undo 8").pauses().succeeds(7, 1)
    return driver.passes(5_000_000).resume().succeeds("undo 6")


STORIES = (goes_through, goes_back, has_undos_given_up, is_paused)
