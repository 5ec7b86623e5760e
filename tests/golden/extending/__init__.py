"""A saga with a deadline that asks for more time, and goes one way or another by what it draws."""

from coordinator.saga import extend_deadline, new_uuid, now, random_float, saga
from tests.sagas import SagaDriver, Shop


@saga(version=1, deadline="100s")
async def take_time(shop: Shop) -> str:
    """Never change it: give a change a new version."""
    began = now()
    first = await shop.take("first")
    extend_deadline("90s")
    if random_float() < 0.5:
        await shop.look(f"at {new_uuid()}")
    second = await shop.take("second")
    return f"{first}{second}{(now() - began).total_seconds()}"


def begun() -> SagaDriver:
    """The first step was answered after a minute; it draws a small number, and looks."""
    driver = SagaDriver(take_time, key="golden").start().will_answer_later(1).passes(60_000).succeeds(1, "A")
    return driver.succeeds("shop.look", 1).will_answer_later("shop.take")


def goes_through() -> SagaDriver:
    return begun().passes(60_000).succeeds("shop.take", "B")


def is_too_late() -> SagaDriver:
    return begun().passes(130_000).succeeds("undo 3").succeeds("undo 1")


STORIES = (goes_through, is_too_late)
