"""A saga with local steps: that a step was done here stands in its history."""

from coordinator.saga import Contract, Refused, Retry, command, current_step, saga
from tests.sagas import SagaDriver, Shop


class Outside(Contract, name="outside", local=True):
    """What the coordinator does itself."""

    @command(timeout="5s", retry=Retry(attempts=2, backoff="1s..1s"))
    async def call(self, word: str) -> str:
        """As it says."""
        return f"{word} {current_step().attempt}"

    @call.undo(timeout="5s")
    async def call_off(self, word: str, answer: str | None) -> None:
        """As it says."""
        current_step()


@saga(version=1)
async def call_around(outside: Outside, shop: Shop) -> str:
    """Never change it: give a change a new version."""
    first = await outside.call("first")
    try:
        second = await outside.call("second")
    except Refused:
        second = "none"
    await shop.take(f"{first} {second}")
    return second


def begun() -> SagaDriver:
    """The first call was answered."""
    return SagaDriver(call_around, key="golden").start().succeeds(1, "FIRST")


def goes_through() -> SagaDriver:
    return begun().fails(2, retryable=True).passes(1_000).succeeds(2, "SECOND").succeeds(3, "TAKEN")


def calls_off() -> SagaDriver:
    """The second has nobody answering in time, twice."""
    return begun().passes(20_000).succeeds("undo 2").succeeds("undo 1")


def is_refused() -> SagaDriver:
    return begun().refuses(2).refuses(3).succeeds("undo 1")


STORIES = (goes_through, calls_off, is_refused)
