"""What would become of a saga under other code: nothing, or a message with the line."""

import pytest

from contracts import Refused
from coordinator.fit.judge import Judged, judge
from coordinator.saga import Definitions, SagaDefinition
from tests.sagas import SagaDriver, Shop, code


async def first(shop: Shop) -> str:
    taken = await shop.take("a")
    await shop.lend("b")
    return taken


async def other(shop: Shop) -> str:
    await shop.lend("b")
    return await shop.take("a")


async def longer(shop: Shop) -> str:
    taken = await first(shop)
    await shop.look("c")
    return taken


async def broken(shop: Shop) -> str:
    await shop.take("a")
    raise KeyError("seat")


async def unwilling(shop: Shop) -> str:
    await shop.take("a")
    await shop.lend("b")
    raise Refused("no_more")


FIRST, OTHER, LONGER, BROKEN, UNWILLING = map(code, (first, other, longer, broken, unwilling))


def judged(driver: SagaDriver, *definitions: SagaDefinition) -> Judged:
    return judge(Definitions(definitions), driver.saga_id, driver.rows)


def under_way() -> SagaDriver:
    return SagaDriver(FIRST).start().succeeds("shop.take", "A")


def test_the_same_code_fits() -> None:
    """A saga that is under way, one that goes back, and one that has ended."""
    assert judged(under_way(), FIRST) == Judged("fits")
    assert judged(under_way().cancel(), FIRST) == Judged("fits")
    assert judged(under_way().succeeds("shop.lend", "B").is_("completed"), FIRST) == Judged("fits")


def test_a_change_behind_the_place_fits() -> None:
    """A saga that has not come so far goes on with it; one that has ended would not have."""
    assert judged(under_way(), LONGER) == Judged("fits")
    ended = judged(under_way().succeeds("shop.lend", "B"), LONGER)
    assert ended.verdict == "would_be_parked"


def test_a_change_before_the_place_is_shown_with_its_line() -> None:
    """Where in the history, and where in the code."""
    found = judged(under_way(), OTHER)
    assert (found.verdict, found.well) == ("would_be_parked", False)
    for words in ("Expected (event 2 of the history): step 1: shop.take", "test_judge.py:", 'await shop.lend("b")'):
        assert words in found.message


def test_a_saga_that_goes_back_needs_no_code() -> None:
    """Whatever has become of it."""
    assert judged(under_way().cancel(), OTHER) == Judged("needs_no_code")
    assert judged(under_way().cancel()) == Judged("needs_no_code")


def test_a_version_that_is_not_deployed() -> None:
    """It would wait for its code."""
    found = judged(under_way())
    assert found == Judged("would_be_parked", "Version 1 of errand is not deployed.")


def test_code_that_raises_at_once() -> None:
    """A bug parks it; what was parked for a bug goes on with mended code, and not with the same."""
    stopped = SagaDriver(BROKEN).start().succeeds("shop.take", "A").is_("parked")
    assert judged(stopped, BROKEN) == Judged("would_be_parked", "The code raises KeyError: 'seat'.")
    assert judged(stopped, FIRST) == Judged("fits")


def test_code_that_says_no_at_once() -> None:
    """It would go back without anybody having said so."""
    stopped = SagaDriver(BROKEN).start().succeeds("shop.take", "A").is_("parked")

    async def refuses(shop: Shop) -> str:
        await shop.take("a")
        raise Refused("no_more", "sold")

    found = judged(stopped, code(refuses))
    assert (found.verdict, found.well) == ("would_go_back", False)
    assert "no_more" in found.message


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([], "does not begin"),
        (['[{"type":"saga_sang","at":1}]'], "does not know its history"),
        (['[{"type":"timer_fired","timer":1,"at":1}]'], "does not begin"),
    ],
)
def test_what_cannot_be_read(rows: list[str], words: str) -> None:
    """Is said to be so, and stops nothing."""
    found = judge(Definitions([FIRST]), "errand:1", rows)
    assert found.verdict == "unreadable"
    assert words in found.message


def test_code_that_says_no_past_the_point_of_no_return() -> None:
    """Nobody can go back there: it would be parked."""

    async def late(shop: Shop) -> None:
        await shop.pay(1)
        raise Refused("late")

    stopped = SagaDriver(code(late)).start().succeeds("shop.pay", 1).is_("parked")
    assert judged(stopped, code(late)).verdict == "would_be_parked"
