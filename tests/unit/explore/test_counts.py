"""Every outcome, and each once: the numbers are those that were counted by hand, and by other means."""

import asyncio
from collections.abc import Sequence
from itertools import product

import pytest

from coordinator.catalogue.book_trip import book_trip
from coordinator.explore.exploration import Exploration, explore
from coordinator.explore.search import Bound
from coordinator.saga import SagaDefinition, saga
from tests.sagas import Shop

TRIP = {"trip_id": "1", "traveller": "Ada", "destination": "Lisbon", "card": "4242"}


def ends(found: Exploration) -> dict[str, int]:
    """How many ways end how."""
    counted: dict[str, int] = {}
    for outcome in found.outcomes:
        counted[outcome.ends] = counted.get(outcome.ends, 0) + outcome.ways
    return counted


def test_the_demo() -> None:
    """The first step has 11 ways to fail (1 refused; 2 failed; 4 timed out and 4 cancelled, by its late answer and its
    undo), the second twice as many, the third four times; and one way goes through."""
    found = explore(book_trip, TRIP)
    assert found.ways == 11 + 22 + 44 + 1
    assert ends(found) == {"completed": 1, "failed": 1, "compensated": 17, "parked": 59}
    assert found.complete
    assert not found.findings


def test_the_demo_with_a_pause() -> None:
    """A pause is a place to be cancelled at: two undos, each of which may be given up."""
    assert explore(book_trip, {**TRIP, "pause": 60}).ways == 78 + 4


def test_two_at_once() -> None:
    """The second to succeed: 1, refused 2, failed 4, timed out 8, cancelled 8, in both orders. One is refused: 4 ways
    for the other's undo. One fails: 20, for two undos in any order, one with a late answer. One times out, or all is
    cancelled: 56, both with late answers."""

    @saga(version=1)
    async def both(shop: Shop) -> None:
        await asyncio.gather(shop.take("a"), shop.take("b"))

    assert explore(both).ways == 2 * 23 + 2 * 4 + 2 * 20 + 2 * 56 + 56


def test_a_timeout() -> None:
    """The step is cancelled: 4. Or refused: 1. Or fails: 2, or succeeds: 1. Or the timeout comes before the step's own,
    and the saga ends when what it left is undone, late answer or not, given up or not; or is cancelled meanwhile."""

    @saga(version=1)
    async def impatient(shop: Shop) -> str:
        try:
            async with asyncio.timeout(3):
                return await shop.take("a")
        except TimeoutError:
            return "no"

    found = explore(impatient)
    # While the undo is out: done, given up, cancelled (2 more), late; after the late answer the same without late.
    assert found.ways == 4 + 1 + 2 + 1 + (2 + 2 + 2) + (2 + 2)
    assert not found.findings


def test_a_deadline_at_every_await() -> None:
    """It passes at the step as a cancel does; and in the pause, if the step has taken long enough."""

    @saga(version=1, deadline="1h")
    async def slow(shop: Shop) -> None:
        await shop.take("a")
        await asyncio.sleep(60)

    found = explore(slow)
    whats = [str(outcome.happened[0]) for outcome in found.outcomes if outcome.ends == "compensated"]
    assert "the saga passes its deadline at shop.take (step 1)" in whats
    assert "the saga passes its deadline while it waits" in whats
    # At the step: refused, failed 2, timed out 4, cancelled 4, past the deadline 4. In the pause: cancelled 2, past the
    # deadline 2, or on.
    assert found.ways == 1 + 2 + 4 + 4 + 4 + 2 + 2 + 1


def test_a_first_pause_ends_before_the_deadline() -> None:
    """Nothing before it can have taken long: the timer fires first, and the deadline is met at the step."""

    @saga(version=1, deadline="1h")
    async def late(shop: Shop) -> None:
        await asyncio.sleep(60)
        await shop.look("a")

    whats = [str(each) for outcome in explore(late).outcomes for each in outcome.happened]
    assert "the saga passes its deadline at shop.look (step 1)" in whats
    assert "the saga passes its deadline while it waits" not in whats


STEPS = ("take", "look", "pay", "launch", "ship", "sleep")


def errand_of(steps: Sequence[str]) -> SagaDefinition:
    """A saga of these steps, one after the other."""

    @saga(version=1)
    async def errand(shop: Shop) -> None:
        for step in steps:
            match step:
                case "sleep":
                    await asyncio.sleep(1)
                case "pay":
                    await shop.pay(1)
                case "launch":
                    await shop.launch()
                case _:
                    await getattr(shop, step)("a")

    return errand


def in_order(steps: Sequence[str]) -> bool:
    """What may be refused and has an effect stands before the first point of no return."""
    points = [place for place, step in enumerate(steps) if step in ("pay", "launch", "ship")]
    return not points or all(step in ("look", "ship", "sleep") for step in steps[points[0] + 1 :])


def counted(steps: Sequence[str], undos: int = 0, forward_only: bool = False, cancelled: bool = False) -> int:
    """Ways through the rest, without the engine: ``undos`` steps have succeeded and would be undone one by one."""
    if not steps:
        return 1
    step, rest = steps[0], steps[1:]
    back = 2**undos
    unanswered = 4 * back  # its undo is done or given up, with a late answer or without
    match step:
        case "ship":
            return counted(rest, undos, True)
        case "sleep":
            return counted(rest, undos, forward_only) + (0 if forward_only else back)
        case "look":
            no = 1 if forward_only else back
            return counted(rest, undos, forward_only) + 3 * no + (0 if forward_only else back)
        case "take":
            return counted(rest, undos + 1) + back + 2 * back + 2 * unanswered
        case "pay":
            return counted(rest, undos, True) + back + 2 * back + 2 * unanswered
        case "launch":  # cancelled while it is out, the saga waits to see what becomes of it
            settled = counted(rest, undos, True) + 3 * back
            return settled if cancelled else settled + counted(steps, undos, cancelled=True)
        case _:
            raise AssertionError(step)


@pytest.mark.parametrize("length", [1, 2, 3])
def test_sagas_in_a_row(length: int) -> None:
    """All sagas of so many steps in a row have as many ways as a count that knows nothing of the engine."""
    for steps in filter(in_order, product(STEPS, repeat=length)):
        assert explore(errand_of(steps)).ways == counted(steps), steps


def counted_at_once(out: int, done: int = 0) -> int:
    """Ways through so many steps at once, without the engine: ``done`` of them have succeeded."""
    if not out:
        return 1
    refused, failed, timed_out = undone(out - 1, 0), undone(out - 1, 1), undone(out, 0)
    back = out * (refused + failed + timed_out) + timed_out  # or all is cancelled
    return out * counted_at_once(out - 1, done + 1) + back * 2**done


def undone(unanswered: int, answered: int) -> int:
    """Ways to undo so many unknown steps, in any order, those without an answer being answered late or not."""
    if not unanswered + answered:
        return 1
    ways = 2 * answered * undone(unanswered, answered - 1) if answered else 0
    if unanswered:
        ways += unanswered * (2 * undone(unanswered - 1, answered) + undone(unanswered - 1, answered + 1))
    return ways


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_sagas_at_once(steps: int) -> None:
    """So many steps at once, answered in every order, have as many ways as a count that knows nothing of the engine."""

    @saga(version=1)
    async def at_once(shop: Shop) -> None:
        await asyncio.gather(*(shop.take(item) for item in "abc"[:steps]))

    assert explore(at_once).ways == counted_at_once(steps)


def test_results_are_outcomes() -> None:
    """Each result given is a way of its own, and takes the branch it takes."""

    @saga(version=1)
    async def branching(shop: Shop) -> str:
        if await shop.look("a") > 5:
            return await shop.ship("a")
        return "nothing"

    given = {"shop.look": [1, 9], "shop.ship": ["sent"]}
    found = explore(branching, results=given)
    # Refused, failed, timed out, cancelled; or one of two results.
    assert found.ways == 4 + 2
    assert sorted(outcome.remains for outcome in found.outcomes if outcome.ends == "completed") == [(), ("shop.ship",)]


def test_refusals_are_outcomes() -> None:
    """Each type of refusal given is a way of its own."""
    given = {"payments.charge": {"refusals": ["card_declined", "card_expired"]}}
    found = explore(book_trip, TRIP, results=given)
    assert found.ways == 78 + 4
    assert "payments.charge (step 3) is refused (card_expired)" in [
        str(one) for each in found.outcomes for one in each.happened
    ]


def test_an_endless_saga_is_cut() -> None:
    """A saga that loops is followed for so many moves, and the cut is named."""

    @saga(version=1)
    async def endless(shop: Shop) -> None:
        while True:
            await shop.look("a")

    found = explore(endless, bound=Bound(moves=5))
    assert not found.complete
    assert "beyond 5 moves" in found.cut[0]
    assert found.ways == 5 * 4


@saga(version=1)
async def wide(shop: Shop) -> None:
    """Four steps at once."""
    await asyncio.gather(*(shop.take(item) for item in "abcd"))


def test_beyond_the_bound_ways_are_drawn() -> None:
    """Past the places it may look at, exploring draws ways by chance: the same ones for the same seed."""
    bound = Bound(places=20, samples=20)
    found = explore(wide, bound=bound)
    assert not found.complete
    assert "20 ways from there were drawn by chance" in found.cut[0]
    assert sum(ends(found).values()) == 20, "no way ends within so few places: all that ended were drawn"
    assert explore(wide, bound=bound) == found
    assert explore(wide, bound=bound, seed=1).digest != found.digest


def test_the_same_every_time() -> None:
    """Exploring again finds the same, in the same order."""
    assert explore(book_trip, TRIP) == explore(book_trip, TRIP)
