"""Undos that a saga registers itself: their place among the others, and what becomes of them."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest

from contracts import AwaitSignal, Problem, Refused, Retry
from contracts.answers import Pending, Progress, Success
from contracts.ids import undo_id
from contracts.values import NULL
from coordinator.engine.facts import ConfirmUndo, Ignored, Reply, Start, UndoChild
from coordinator.engine.lifecycle import Back, Forward
from coordinator.history.started import Parent
from coordinator.history.undos import UndoGivenUp, UndoHeld, UndoIssued, UndoRegistered, UndoSucceeded
from coordinator.saga import ContinueAsNew, Query, on_undo, saga, scope
from coordinator.saga.runtime import OutsideOfSaga
from tests.sagas import SagaDriver, Shop, code
from tests.unit.engine.desk import Desk


def running(body: Callable[[Shop], Awaitable[Any]]) -> SagaDriver:
    return SagaDriver(code(body)).start()


async def careful(shop: Shop) -> None:
    on_undo(shop.ship, "first")
    await shop.take("a")
    on_undo(shop.look, "second")
    await shop.take("b")


def passes(driver: SagaDriver) -> SagaDriver:
    """Time, until what is due next."""
    assert driver.in_ms is not None
    return driver.passes(driver.in_ms)


def test_it_stands_in_the_order_of_the_undos() -> None:
    """What was done after it is undone before; it is an ordinary command, under the step's own id."""
    driver = running(careful).expects("shop.take").succeeds(2, "A").expects("shop.take")
    driver.refuses(4).expects("shop.look").succeeds(3, 1).expects("undo shop.take").succeeds("undo 2")
    driver.expects("shop.ship")
    send = driver.send(1)
    assert (send.command_id, send.direction, send.registered) == ("errand:1:1", "forward", True)
    assert (driver.value("shop.ship"), driver.in_ms) == ({"item": "first"}, 5_000)
    driver.succeeds(1, "sent").is_("compensated")
    assert [event.step for event in driver.of(UndoSucceeded)] == [3, 2, 1]


def test_nothing_is_done_where_the_saga_goes_through() -> None:
    """It is in the history, and no more."""
    driver = running(careful).succeeds(2, "A").succeeds(4, "B").is_("completed")
    assert [send.type for send in driver.sent] == ["shop.take", "shop.take"]
    assert {driver.machine.state.steps[number].back for number in (1, 3)} == {Back.NONE}


def test_a_saga_that_did_nothing_else_is_compensated() -> None:
    """What it registered is done, so there was something to undo."""

    async def empty(shop: Shop) -> None:
        on_undo(shop.ship, "sorry")
        raise Refused("no")

    running(empty).expects("shop.ship").is_("compensating").succeeds(1, "sent").is_("compensated")


def test_steps_whose_outcome_is_unknown_come_first() -> None:
    """As before the undos of all that is known."""
    driver = running(careful).passes(60_000)
    assert [event.step for event in driver.of(UndoIssued)] == [2]
    driver.succeeds("undo 2").expects("shop.ship").succeeds(1, "sent").is_("compensated")


def test_it_is_tried_without_end() -> None:
    """With the command's own timeout and backoff: `look` is given up after five attempts on the way forward."""
    driver = running(careful).succeeds(2, "A").refuses(4)
    for attempt in range(1, 12):
        assert driver.send(3).attempt == attempt
        driver.fails(3) if attempt % 2 else passes(driver)
        passes(driver.restarts())
    assert driver.of(UndoGivenUp) == []
    assert "No answer to the undo shop.look within 5 s." in str(driver.history)
    driver.succeeds(3, 1).expects("undo shop.take")


def test_a_call_may_give_it_an_end() -> None:
    """Then it is given up like any other undo, which parks the saga, or it waits for a signal."""
    twice = Retry(attempts=2, backoff="1s", jitter=0)
    told = Retry(attempts=1, on_exhausted=AwaitSignal("again"))

    async def hasty(shop: Shop) -> None:
        on_undo(shop.look.using(retry=twice, timeout="2s"), "a")
        on_undo(shop.look.using(retry=told), "b")
        raise Refused("no")

    driver = running(hasty).expects("shop.look").fails(2)
    assert driver.of(UndoHeld)[0].signal == "again"
    driver.signals("again").expects("shop.look").succeeds(2, 1).expects("shop.look")
    assert driver.in_ms == 2_000
    driver.passes(2_000).passes(1_000).passes(2_000).is_("parked")
    assert "shop.look (step 1)" in driver.parked_message
    driver.resume().expects("shop.look").succeeds(1, 1).is_("compensated")


def given_up() -> SagaDriver:
    driver = running(careful).succeeds(2, "A").refuses(4).refuses(3).expects("undo shop.take")
    return driver.succeeds("undo 2").succeeds(1, "sent").is_("parked")


def test_a_no_needs_a_person() -> None:
    """The other undos go on, and so does whatever the person says."""
    driver = given_up().retries(3, undo=True).expects("shop.look")
    assert driver.send(3).attempt == 2
    driver.succeeds(3, 1).is_("compensated")
    assert given_up().advance(ConfirmUndo(3, "called them")).is_("compensated").accepted
    assert given_up().skips(3).is_("partially_compensated").accepted


def test_it_cannot_be_seen_to_as_a_step() -> None:
    """It has no way forward: there is nothing to try again, and no result to give."""
    driver = running(careful)
    assert driver.unchanged_by(lambda: driver.retries(1))
    assert "shop.ship (step 1) is registered" in driver.verdict.message
    assert driver.unchanged_by(lambda: driver.retries(1, undo=True))
    assert driver.unchanged_by(lambda: driver.skips(1))


def test_answers_that_belong_to_nothing() -> None:
    """Before it is sent, under the id of an undo, of an older attempt, and once more."""
    driver = running(careful).succeeds(2, "A")
    early = Reply("errand:1:1", 1, Success(NULL))
    assert driver.unchanged_by(lambda: driver.advance(early))
    driver.refuses(4).fails(3).passes(2_000)
    for stray in (Reply(undo_id("errand:1", 3), 2, Success(NULL)), driver.reply(3, Pending(), 1)):
        assert driver.unchanged_by(lambda stray=stray: driver.advance(stray))
        assert isinstance(driver.verdict, Ignored)
    driver.succeeds(3, 1, attempt=1).expects("undo shop.take")
    assert driver.unchanged_by(lambda: driver.succeeds(3, 1))


def test_it_may_be_answered_later() -> None:
    """By the command's id, as long as the participant said; after that it is asked again."""
    driver = running(careful).succeeds(2, "A").refuses(4).answers(3, Pending(60_000))
    assert driver.in_ms == 60_000
    driver.passes(60_000).passes(10_000).expects("shop.look").will_answer_later(3)
    assert driver.in_ms is None
    driver.advance(Reply("errand:1:3", 0, Success(msgspec.Raw(b"1")))).expects("undo shop.take")
    assert driver.accepted


def test_how_far_it_got() -> None:
    """Said with a progress, it is handed to the next attempt, as on the way forward."""
    driver = running(careful).succeeds(2, "A").refuses(4)
    assert driver.send(3).progress is None
    driver.passes(4_000).progresses(3)
    assert driver.in_ms == 5_000
    driver.answers(3, Progress(NULL)).restarts().fails(3)
    assert passes(driver).send(3).progress == b'{"done":1}'
    driver.succeeds(3, 1).expects("undo shop.take")


def test_whether_it_is_waited_for() -> None:
    """What a coordinator asks before it runs a local one."""

    @saga(version=1)
    async def calls(shop: Shop, desk: Desk) -> None:
        on_undo(desk.dial, "1")
        await shop.take("a")

    driver = SagaDriver(calls).start()
    waits = driver.machine.awaits("calls:1:1", 1)
    assert waits is not None
    assert waits.not_yet
    driver.refuses(2).expects("desk.dial")
    assert driver.send(1).local
    waits = driver.machine.awaits("calls:1:1", 1)
    assert waits is not None
    assert waits.deadline == driver.now + 5_000
    assert driver.machine.awaits("calls:1:1:undo", 1) is None
    driver.pauses()
    waits = driver.machine.awaits("calls:1:1", 1)
    assert waits is not None
    assert waits.stands_still
    driver.resume().succeeds(1, "Ann").is_("compensated")
    assert driver.machine.awaits("calls:1:1", 1) is None


def test_past_the_point_of_no_return() -> None:
    """Nothing is undone there, and neither is it; a pivot that is refused leads back."""

    async def pays(shop: Shop) -> None:
        on_undo(shop.look, "before")
        await shop.pay(1)
        on_undo(shop.look, "after")
        await shop.ship("a")

    driver = running(pays).succeeds(2, 1).cancel()
    assert not driver.accepted
    driver.succeeds("shop.ship", "sent").is_("completed")
    running(pays).refuses(2).expects("shop.look").succeeds(1, 1).is_("compensated")


def test_cancelled_and_paused() -> None:
    """In a pause it is not sent; an answer that comes is kept."""
    driver = running(careful).succeeds(2, "A").pauses().cancel("never mind").expects("undo shop.take")
    driver.succeeds("undo 4").expects("shop.look").pauses().succeeds(3, 1).expects().passes(9_000_000)
    driver.resume().expects("undo shop.take").cancel().succeeds("undo 2").expects("shop.ship")
    driver.succeeds(1, "sent").is_("compensated")


def test_going_back_needs_no_code() -> None:
    """Neither the saga's nor the contract: what is to be done is in the history."""
    driver = running(careful).succeeds(2, "A").refuses(4).succeeds(3, 1).deploys().succeeds("undo 2")
    passes(driver.expects("shop.ship").fails(1).restarts()).expects("shop.ship")
    assert driver.in_ms == 20_000
    driver.succeeds(1, "sent").is_("compensated")


def test_a_scope_left_in_peace_hands_it_on() -> None:
    """It belongs to what is around, and is undone with that."""

    async def tries(shop: Shop) -> None:
        async with scope():
            on_undo(shop.look, "inner")
            await shop.take("a")
        await shop.take("b")

    driver = running(tries).succeeds(2, "A").refuses(3).expects("undo shop.take").succeeds("undo 2")
    driver.expects("shop.look").succeeds(1, 1).is_("compensated")


def test_another_round_knows_nothing_of_it() -> None:
    """What a round did stands; numbers go on."""

    @saga(version=1)
    async def again(rounds: int, shop: Shop) -> None:
        on_undo(shop.look, f"round {rounds}")
        await shop.take("a")
        if rounds:
            raise ContinueAsNew(rounds - 1)

    driver = SagaDriver(again).start(1).succeeds(2, "A").refuses(4).expects("shop.look")
    assert (driver.send("shop.look").command_id, driver.value("shop.look")) == ("again:1:3", {"item": "round 0"})
    driver.succeeds(3, 1).is_("compensated")


def test_a_child_that_is_opened_again() -> None:
    """Its parent goes back: what it registered is done, long after it went through."""

    @saga(version=1)
    async def lending(shop: Shop) -> str:
        on_undo(shop.look, "lent")
        return await shop.lend("a")

    start = Start("lending", 1, NULL, parent=Parent("ordering:1", "ordering:1:1"))
    driver = SagaDriver(lending).advance(start).succeeds(2, "a").is_("completed")
    driver.advance(UndoChild("ordering:1:1", 1, Problem("no"), None)).succeeds("undo 2").expects("shop.look")
    driver.succeeds(1, 1).is_("compensated")


def test_code_that_registers_another() -> None:
    """It does not fit the saga's history, and the message says what was registered."""

    async def changed(shop: Shop) -> None:
        on_undo(shop.look, "first")
        await shop.take("a")

    driver = running(careful).deploys(code(changed)).succeeds(2, "A").is_("parked")
    assert "step 1: shop.ship registered as an undo" in driver.parked_message
    assert "the code asks for step 1: shop.look registered as an undo" in driver.parked_message


def test_its_own_policies_are_no_other_request() -> None:
    """As of every call: the saga under way keeps what it was given."""

    async def hurried(shop: Shop) -> None:
        on_undo(shop.ship.using(timeout="1s"), "first")
        await shop.take("a")
        on_undo(shop.look, "second")
        await shop.take("b")

    driver = running(careful).deploys(code(hurried)).succeeds(2, "A").refuses(4).succeeds(3, 1).succeeds("undo 2")
    assert driver.is_("compensating").in_ms == 5_000


def test_a_bug_forgets_what_it_registered() -> None:
    """Mended code need not register it again."""

    async def broken(shop: Shop) -> None:
        await shop.take("a")
        on_undo(shop.look, "b")
        raise KeyError("seat")

    async def mended(shop: Shop) -> None:
        await shop.take("a")
        on_undo(shop.ship, "c")
        await shop.take("b")

    driver = running(broken).succeeds(1, "A").is_("parked")
    assert driver.of(UndoRegistered) == []
    driver.deploys(code(mended)).resume().expects("shop.take").refuses(3).expects("shop.ship")


@pytest.mark.parametrize(
    ("register", "message"),
    [
        (lambda shop: on_undo(shop.take("a")), "uncalled"),
        (lambda shop: on_undo(lambda: None), "is written as another"),
        (lambda shop: on_undo(shop.take), r"takes \(item\)"),
        (lambda shop: on_undo(shop.take.using(undo=None), "a"), "is not undone itself"),
        (lambda shop: on_undo(shop.take.using(undo_timeout="1s"), "a"), "is not undone itself"),
        (lambda shop: on_undo(put_right), "takes an input"),
    ],
    ids=["called", "function", "no arguments", "undo of an undo", "policy of its undo", "saga without input"],
)
def test_what_cannot_be_registered(register: Callable[[Any], None], message: str) -> None:
    """It is said at once, in the code that wants it."""

    async def wrong(shop: Shop) -> None:
        with pytest.raises(TypeError, match=message):
            register(shop)
        await shop.take("b")

    running(wrong).expects("shop.take").succeeds(1, "B").is_("completed")


@saga(version=1)
async def put_right(item: str, shop: Shop) -> str:
    return await shop.ship(item)


def test_only_a_running_saga_registers() -> None:
    """Outside of one, and while somebody only looks, there is nothing to register it with."""

    @saga(version=1)
    async def asked(shop: Shop, where: Query[None, str]) -> None:
        @where.answer
        def _() -> str:
            on_undo(shop.look, "a")
            return "here"

        await shop.take("a")

    with pytest.raises(OutsideOfSaga):
        on_undo(put_right, "a")
    driver = SagaDriver(asked).start()
    assert "on_undo() can only be called" in str(driver.queries("where"))
    assert driver.machine.state.steps.keys() == {1}


def test_a_saga_as_an_undo() -> None:
    """It begins when its turn comes, and lasts as long as it takes; one that goes back needs a person."""

    async def body(shop: Shop) -> None:
        on_undo(put_right, "a", key="mine")
        await shop.take("b")

    driver = running(body).refuses(2).expects("saga.put_right")
    send = driver.send(1)
    assert (send.child, send.direction, driver.value(1)) == ("put_right:mine", "forward", {"input": "a"})
    passes(passes(driver.will_answer_later(1))).expects("saga.put_right").will_answer_later(1, attempt=2)
    driver.refuses(1, "gone", attempt=2).is_("parked").skips(1).is_("partially_compensated")
    assert driver.machine.state.steps[1].forward is Forward.REGISTERED
    assert [event.step for event in driver.of(UndoIssued)] == [1]
