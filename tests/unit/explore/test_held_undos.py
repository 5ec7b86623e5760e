"""Undos that wait for a signal when their attempts are used up, explored."""

import msgspec

from contracts import AwaitSignal, Refused, Retry
from coordinator.engine.lifecycle import Back
from coordinator.engine.status import Status
from coordinator.explore.answers import Answers
from coordinator.explore.driver import Driver
from coordinator.explore.exploration import Exploration, explore
from coordinator.explore.moves import IsCancelled, TimesOut, TriedAgain, UndoFails, UndoIsHeld, UndoSucceeds, in_words
from coordinator.explore.play import Play, Sent
from coordinator.explore.search import Bound
from coordinator.explore.sent_values import SentValues
from coordinator.saga import SagaDefinition, Signal, on_undo, saga, scope
from tests.sagas import Shop, code
from tests.unit.testing.test_held import patient as holds_its_step

TOLD = Retry(attempts=2, backoff="1s", on_exhausted=AwaitSignal("again"))
ONCE = Retry(attempts=1, on_exhausted=AwaitSignal("again"))


class Approval(msgspec.Struct):
    """A person's answer."""

    approved: bool


async def patient(shop: Shop) -> None:
    await shop.take.using(undo_retry=TOLD)("a")
    await shop.look("b")


async def impatient(shop: Shop) -> None:
    await shop.take("a")
    await shop.look("b")


def ends(found: Exploration) -> list[tuple[object, ...]]:
    """All outcomes, without the ways to them."""
    return [(each.happened, each.ends, each.problem, each.undone, each.given_up) for each in found.outcomes]


def play() -> Play:
    """The moves, with whatever can be made up."""
    return Play(Answers({}), Sent(SentValues("signal"), 3), Sent(SentValues("update"), 1))


def undoing(definition: SagaDefinition) -> Driver:
    """The saga, whose first step is being undone since its second was refused."""
    driver = Driver(definition)
    driver.start()
    driver.succeed("errand:explored:1", "A")
    driver.refuse("errand:explored:2")
    return driver


def test_what_can_happen_to_it() -> None:
    """Done, given up, or held; then late after all, or out again by the signal."""
    driver = undoing(code(patient))
    assert play().open(driver) == [UndoSucceeds(1), UndoFails(1), UndoIsHeld(1)]
    assert in_words(UndoIsHeld(1), driver.state) == "the undo of shop.take (step 1) uses up its attempts"
    for attempts in (2, 4):
        play().make(driver, UndoIsHeld(1))
        assert (driver.state.steps[1].back, driver.state.steps[1].undo_attempt) == (Back.HELD, attempts)
        assert play().open(driver) == [TriedAgain("again"), UndoSucceeds(1)]
        late = driver.fork()
        play().make(late, UndoSucceeds(1))
        assert late.status is Status.COMPENSATED
        play().make(driver, TriedAgain("again"))
        assert play().open(driver) == [UndoSucceeds(1), UndoFails(1), UndoIsHeld(1)]


def test_without_a_signal_to_wait_for_there_is_no_such_move() -> None:
    """However few its attempts are."""

    async def brief(shop: Shop) -> None:
        await shop.lend("a")
        await shop.look("b")

    assert play().open(undoing(code(brief))) == [UndoSucceeds(1), UndoFails(1)]


def test_it_ends_as_without() -> None:
    """Whatever happens to it while it is held, or behind that."""
    held, plain = explore(code(patient)), explore(code(impatient))
    assert (held.findings, held.cut) == ((), ())
    assert ends(held) == ends(plain)
    # Refused 1. Failed: the undo is done, given up, or done when it was held, 3. Timed out, and cancelled: those, the
    # late answer and those, or held, the late answer and done, 7 each. The second: refused, failed, timed out and
    # cancelled. Or all goes well.
    assert held.ways == 1 + 3 + 7 + 7 + 4 * 3 + 1
    assert plain.ways == 1 + 2 + 4 + 4 + 4 * 2 + 1


def test_ways_are_counted_where_a_signal_leads_back() -> None:
    """The step: succeeds, refused, failed 2, cancelled 4; held: late, cancelled 4. Tried again, it is where it was."""
    assert explore(code(holds_its_step)).ways == 1 + 1 + 2 + 4 + 1 + 4


def test_held_in_a_scope_and_by_a_registered_undo() -> None:
    """The code goes on behind the scope when the signal has come."""

    async def another_way(shop: Shop) -> str:
        try:
            async with scope():
                on_undo(shop.ship.using(retry=ONCE), "sorry")
                await shop.look("a")
        except Refused:
            return "none"
        return "one"

    found = explore(code(another_way))
    assert (found.findings, found.cut) == ((), ())
    assert {each.undone for each in found.outcomes if each.ends is Status.COMPLETED} == {(), ("by shop.ship",)}


def test_at_once() -> None:
    """One is held, the other is undone beside it, or given up: then it is parked, and the signal still counts."""

    async def both(shop: Shop) -> None:
        async with scope(parallel_undo=True):
            await shop.take.using(undo_retry=ONCE)("a")
            await shop.lend("b")
            raise Refused("no")

    found = explore(code(both), bound=Bound(places=2_000))
    assert (found.findings, found.cut) == ((), ())
    assert Status.PARKED in {each.ends for each in found.outcomes}


@saga(version=1, name="errand")
async def approved(shop: Shop, again: Signal[Approval]) -> str:
    """What its steps wait for is also a signal of its code's."""
    await shop.take.using(retry=ONCE, undo_retry=ONCE)("a")
    return "yes" if (await again).approved else "no"


def test_a_signal_that_the_code_takes_too() -> None:
    """It brings a value of its type, whichever, while the code may hear of it; and any on the way back."""
    found = explore(approved)
    assert found.findings == ()
    heard = {str(each) for outcome in found.outcomes for each in outcome.happened}
    assert 'the saga is sent again {"approved":false}' in heard
    driver = Driver(approved)
    driver.start()
    play().make(driver, TimesOut(1))
    assert [each.shown for each in play().open(driver) if isinstance(each, TriedAgain)] == [
        "",
        '{"approved":false}',
    ]
    play().make(driver, IsCancelled())
    play().make(driver, UndoIsHeld(1))
    (again,) = (each for each in play().open(driver) if isinstance(each, TriedAgain))
    play().make(driver, again)
    assert driver.state.steps[1].back is Back.PENDING
