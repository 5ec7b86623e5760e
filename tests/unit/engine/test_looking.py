"""Queries that are answered a bit at a time: the same answer, and nothing left of one that is broken off."""

import msgspec
import pytest

from coordinator.engine.looking import Answered, NoAnswer, look, looking
from coordinator.saga import Definitions, Query, saga
from tests.sagas import SagaDriver, Shop
from tests.unit.engine.stories import errand

NULL = msgspec.Raw(b"null")
left: list[str] = []


@saga(version=1)
async def counting(shop: Shop, count: Query[None, int]) -> int:
    """Says how far it is; and when it is thrown away."""
    done = 0

    @count.answer
    def _() -> int:
        return done

    try:
        for _ in range(10):
            await shop.take("a")
            done += 1
        return done
    finally:
        left.append("thrown away")


DEFINITIONS = Definitions([counting, errand])


def driven(steps: int) -> SagaDriver:
    driver = SagaDriver(counting).start()
    for step in range(1, steps + 1):
        driver.succeeds(step, "A")
    return driver


@pytest.mark.parametrize("steps", [0, 3, 10])
def test_an_event_at_a_time(steps: int) -> None:
    """Others have a turn at each event, twice: once to see how far the code is heard, once to call it again."""
    driver = driven(steps)
    work = looking(driver.saga_id, driver.history, DEFINITIONS, "count", NULL)
    turns = 0
    while True:
        try:
            next(work)
            turns += 1
        except StopIteration as end:
            answer = end.value
            break
    assert answer == look(driver.saga_id, driver.history, DEFINITIONS, "count", NULL)
    assert isinstance(answer, Answered)
    assert bytes(answer.answer) == str(steps).encode()
    assert turns >= 2 * (len(driver.history) - 1)


@pytest.mark.parametrize("turns", range(1, 16))
def test_one_that_is_broken_off(turns: int) -> None:
    """Whoever asked has gone: the code is thrown away, wherever it stood, and the saga never hears of it."""
    driver = driven(3)
    left.clear()
    work = looking(driver.saga_id, driver.history, DEFINITIONS, "count", NULL)
    for _ in range(turns):
        next(work, None)
    begun = turns > len(driver.history)
    work.close()
    assert left == (["thrown away"] if begun else [])
    driver.succeeds(4, "A").is_("running")


def test_other_sagas_have_their_turns_in_between() -> None:
    """Their code runs while that of the query stands still."""
    driver, other = driven(5), SagaDriver(errand).start()
    work = looking(driver.saga_id, driver.history, DEFINITIONS, "count", NULL)
    for _ in range(12):
        next(work)
    other.succeeds("shop.take", "a").succeeds("shop.lend", "b").succeeds("shop.pay", 3)
    answer: object = None
    while answer is None:
        try:
            next(work)
        except StopIteration as end:
            answer = end.value
    assert answer == look(driver.saga_id, driver.history, DEFINITIONS, "count", NULL)
    other.succeeds("shop.ship", "sent").is_("completed")


def test_code_that_does_not_fit() -> None:
    """It is said as ever."""

    @saga(version=1, name="counting")
    async def other(shop: Shop, count: Query[None, int]) -> int:
        return len(await shop.lend("b"))

    driver = driven(3)
    answer = look(driver.saga_id, driver.history, Definitions([other]), "count", NULL)
    assert isinstance(answer, NoAnswer)
    assert "does not fit this saga's history" in answer.message
