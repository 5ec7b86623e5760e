"""A saga whose steps are sagas, and such a saga: whose step it was stands in its history."""

import msgspec

from contracts import Problem
from coordinator.engine.facts import Start, UndoChild
from coordinator.history.started import Parent
from coordinator.saga import child, detach, saga
from tests.sagas import SagaDriver, Shop


@saga(version=1)
async def have_children(item: str, shop: Shop) -> str:
    """Never change it: give a change a new version. It calls itself, as it would any other."""
    if item == "leaf":
        return await shop.take(item)
    one = await child(have_children, "leaf")
    await detach(have_children, "leaf", key="left")
    return one + await shop.take("last")


def begun() -> SagaDriver:
    """The child was said to have begun."""
    return SagaDriver(have_children, key="golden").start("root").will_answer_later(1)


def goes_through() -> SagaDriver:
    return begun().passes(86_400_000).passes(1_000).succeeds(1, "A").succeeds(2, "have_children:left").succeeds(3, "B")


def goes_back() -> SagaDriver:
    driver = begun().succeeds(1, "A").succeeds(2, "have_children:left").refuses(3)
    return driver.will_answer_later("undo 1").succeeds("undo 1")


def is_opened_again() -> SagaDriver:
    step = "have_children:root:1"
    start = Start("have_children", 1, msgspec.Raw(b'"leaf"'), parent=Parent("have_children:root", step))
    driver = SagaDriver(have_children, key="golden").advance(start).succeeds(1, "A")
    return driver.advance(UndoChild(step, 1, Problem("no"), None)).succeeds("undo 1")


STORIES = (goes_through, goes_back, is_opened_again)
