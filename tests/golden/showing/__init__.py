"""A saga that shows how it stands, and by what it is found."""

from coordinator.saga import attributes, saga, status
from tests.sagas import SagaDriver, Shop


@saga(version=1)
async def show_progress(shop: Shop) -> str:
    """Never change it: give a change a new version."""
    status("taking the first")
    attributes(customer="C-7", amount=120, share=0.5, urgent=True)
    first = await shop.take("first")
    status("taking the second")
    attributes(amount=121, urgent=None)
    second = await shop.take("second")
    status(None)
    return first + second


def begun() -> SagaDriver:
    """The first step was answered; whoever started it gave it an attribute."""
    return SagaDriver(show_progress, key="golden").start(attributes={"shop": "Bonn"}).succeeds(1, "A")


def goes_through() -> SagaDriver:
    return begun().succeeds(2, "B")


def goes_back() -> SagaDriver:
    return begun().refuses(2).succeeds("undo 1")


def waits() -> SagaDriver:
    return begun()


STORIES = (goes_through, goes_back, waits)
