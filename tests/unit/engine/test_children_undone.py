"""Undo reaches into children, wherever they stand."""

import msgspec

from contracts import PIVOT, Failed, Problem, Refused
from contracts.answers import Pending, Success
from coordinator.engine.facts import Ignored, Reply, Start, UndoChild
from coordinator.fit.judge import Judged, judge
from coordinator.history.children import SagaReopened, UndoRequested
from coordinator.history.steps import StepFailed
from coordinator.history.undos import UndoGivenUp, UndoProgressed
from coordinator.saga import ContinueAsNew, Query, child, saga, scope
from tests.family import Family
from tests.sagas import Shop
from tests.unit.engine.parcels import Parcel, begun, gone_through, order, send


def test_a_child_that_has_gone_through_is_undone_in_its_place() -> None:
    """Steps and children in reverse order of completion."""
    family = gone_through("a", "b")
    parent = family["order:1"].refuses("shop.take").expects("undo saga.send")
    assert parent.send("undo saga.send").child == "send:p-b"
    family.deliver()
    child_b = family["send:p-b"].is_("compensating").expects("undo shop.lend")
    assert [type(each) for each in child_b.history if isinstance(each, SagaReopened)] == [SagaReopened]
    assert child_b.cause == "no"
    assert child_b.succeeds("undo 2").succeeds("undo 1").is_("compensated").outcome["problem"]["type"] == "no"
    family["send:p-a"].is_("completed")
    family.deliver()
    family["send:p-a"].is_("compensating").succeeds("undo 2").succeeds("undo 1").is_("compensated")
    family.deliver()
    parent.expects("undo shop.take").succeeds("undo 1").is_("compensated")


def test_a_child_that_is_parked_while_it_is_undone_keeps_its_parent_waiting() -> None:
    """However long a person needs."""
    family = gone_through("a")
    parent = family["order:1"].refuses("shop.take")
    family.deliver()
    one = family["send:p-a"].fails("undo shop.lend").passes(1_000).fails("undo shop.lend").is_("parked")
    one.succeeds("undo shop.take").is_("parked")
    for _ in range(3):
        parent.is_("compensating").passes(parent.in_ms or 0)
        family.deliver()
    one.resume().succeeds("undo shop.lend").is_("compensated")
    family.deliver()
    parent.expects("undo shop.take")


def test_a_cancel_reaches_children_under_way() -> None:
    """All of them at once, and they undo what they did."""
    family = begun("a", "b")
    family["order:1"].cancel()
    family.deliver()
    for item in "ab":
        one = family[f"send:p-{item}"].is_("compensating")
        assert one.cause == "cancelled"
        one.succeeds("undo 1").is_("compensated")
    family.deliver()
    family["order:1"].expects("undo shop.take").succeeds("undo 1").is_("compensated")


def test_the_undo_overtakes_the_call() -> None:
    """The child never begins."""
    family = Family(order, send)
    family.start("order:1", ["a"]).succeeds("shop.take", "f")
    family["order:1"].cancel()
    family.deliver_backwards()
    one = family["send:p-a"].is_("failed")
    assert one.machine.state.steps == {}
    family["order:1"].succeeds("undo 1").is_("compensated")


@saga(version=1)
async def box(shop: Shop, taken: Query[None, int]) -> None:
    """Answers a question."""
    taken.answer(lambda: 1)
    await shop.take("a")


@saga(version=1)
async def boxes() -> None:
    """One child."""
    await child(box)


def test_a_child_that_never_began_is_asked_something() -> None:
    """That is what it says, and not that its code has changed; and the code fits."""
    family = Family(boxes, box)
    family["boxes:1"].start().cancel()
    family.deliver_backwards()
    (one,) = (each for saga_id, each in family.members.items() if saga_id != "boxes:1")
    one.is_("failed")
    assert "never began" in str(one.queries("taken"))
    assert judge(one.definitions, one.saga_id, one.rows) == Judged("fits")


def test_an_answer_to_an_undo_that_is_not_known_here() -> None:
    """Another coordinator has decided on it: this copy is behind, and must not say that it has that."""
    parent = begun("a")["order:1"]
    early = Reply("order:1:2:undo", 1, Pending())
    assert parent.unchanged_by(lambda: parent.advance(early))
    assert isinstance(parent.verdict, Ignored)
    parent.cancel().advance(early)
    assert parent.of(UndoProgressed) != []


def test_the_undo_of_another_step_does_not_touch_it() -> None:
    """That step has begun nothing: so it is told at once."""
    family = gone_through("a")
    one = family["send:p-a"]
    undo = UndoChild("order:2:2", 1, Problem("cancelled"), Start("send", 1, msgspec.Raw(b"{}")))
    assert one.unchanged_by(lambda: one.advance(undo))
    assert one.last is not None
    assert one.last.verdicts[0].answer == Success(msgspec.Raw(b"null"))  # pyright: ignore[reportAttributeAccessIssue]


def test_a_child_that_was_paused_waits_for_its_person() -> None:
    """The undo is kept; it goes back when it is resumed."""
    family = begun("a")
    one = family["send:p-a"].pauses()
    family["order:1"].cancel()
    family.deliver()
    assert one.is_("paused").of(UndoRequested)
    one.resume().is_("compensating").succeeds("undo 1").is_("compensated")
    family.deliver()
    family["order:1"].expects("undo shop.take")


@saga(version=1)
async def final(shop: Shop) -> str:
    """Has a point of no return."""
    await shop.take("a")
    await shop.pay(3)
    return await shop.ship("a")


@saga(version=1)
async def buying(shop: Shop) -> str:
    await shop.take("first")
    bought = await child(final)
    await shop.take("last")
    return bought


def test_a_child_past_its_point_of_no_return_cannot_be_undone() -> None:
    """The parent is parked and says why."""
    family = Family(buying, final)
    family.start("buying:1").succeeds(1, "f")
    family.deliver()
    family["final:buying:1:2"].succeeds(1, "A").succeeds(2, 3).succeeds(3, "s").is_("completed")
    family.deliver()
    parent = family["buying:1"].refuses("shop.take")
    family.deliver()
    parent.is_("parked")
    family["final:buying:1:2"].is_("completed")
    parent.skips(2).succeeds("undo 1").is_("partially_compensated")


def test_a_pivot_that_succeeds_after_all_is_told_to_whoever_undoes() -> None:
    """The parent does not wait for its end in vain."""

    @saga(version=1, name="final")
    async def launched(shop: Shop) -> str:
        await shop.launch()
        return await shop.ship("a")

    family = Family(buying, launched)
    family.start("buying:1").succeeds(1, "f")
    family.deliver()
    one = family["final:buying:1:2"].is_("running")
    family["buying:1"].cancel()
    family.deliver()
    one.is_("running").succeeds("shop.launch")
    family.deliver()
    family["buying:1"].is_("parked")
    one.succeeds("shop.ship", "s").is_("completed")
    assert not family.words


def test_a_pivot_may_be_a_saga() -> None:
    """From its success on, the parent only goes forward."""

    @saga(version=1)
    async def paying(shop: Shop) -> str:
        await shop.take("first")
        await child(final, kind=PIVOT)
        return await shop.ship("all")

    family = Family(paying, final)
    family.start("paying:1").succeeds(1, "f")
    family.deliver()
    family["final:paying:1:2"].succeeds(1, "A").succeeds(2, 3).succeeds(3, "s")
    family.deliver()
    assert family["paying:1"].expects("shop.ship").machine.state.forward_only


def test_a_terminated_child_has_failed() -> None:
    """What it had done stands, so its undo needs a person."""

    @saga(version=1)
    async def catching(shop: Shop) -> str:
        try:
            await child(send, Parcel("p", "a"))
        except Failed as failed:
            return failed.problem.type
        return "sent"

    family = Family(catching, send)
    family.start("catching:1")
    family["send:p"].terminates()
    family.deliver()
    parent = family["catching:1"].is_("parked")
    assert [each.problem.type for each in parent.of(StepFailed)] == ["terminated"]
    assert [each.problem.type for each in parent.of(UndoGivenUp)] == ["terminated"]
    assert parent.skips(1).is_("completed").result == "terminated"


def test_a_scope_undoes_the_children_in_it() -> None:
    """And the saga takes another way, with another child."""

    @saga(version=1)
    async def trying(shop: Shop) -> str:
        try:
            async with scope():
                await child(send, Parcel("p", "a"))
                await shop.take("b")
        except Refused:
            return (await child(send, Parcel("q", "a"))).lent
        return "first"

    family = Family(trying, send)
    family.start("trying:1")
    family["send:p"].succeeds(1, "A").succeeds(2, "x")
    family.deliver()
    family["trying:1"].refuses("shop.take")
    family.deliver()
    family["send:p"].succeeds("undo 2").succeeds("undo 1").is_("compensated")
    family.deliver()
    family["send:q"].succeeds(1, "A").succeeds(2, "y")
    family.deliver()
    assert family["trying:1"].is_("completed").result == "y"


def test_children_of_children_are_undone_through_them() -> None:
    """Each undoes its own."""

    @saga(version=1)
    async def grand(shop: Shop) -> None:
        await child(middle)
        await shop.take("last")

    @saga(version=1)
    async def middle(shop: Shop) -> str:
        return (await child(send, Parcel("p", "a"))).taken

    family = Family(grand, middle, send)
    family.start("grand:1")
    family["send:p"].succeeds(1, "A").succeeds(2, "x")
    family.deliver()
    family["middle:grand:1:1"].is_("completed")
    family["grand:1"].refuses("shop.take")
    family.deliver()
    family["middle:grand:1:1"].is_("compensating")
    family["send:p"].succeeds("undo 2").succeeds("undo 1").is_("compensated")
    family.deliver()
    family["middle:grand:1:1"].is_("compensated")
    family["grand:1"].is_("compensated")


def test_a_child_that_goes_on_as_new_still_answers_its_parent() -> None:
    """Its last round is the one that ends, and the one that is undone."""

    @saga(version=1, name="final")
    async def again(shop: Shop) -> str:
        taken = await shop.take("a")
        if taken == "more":
            raise ContinueAsNew
        return taken

    family = Family(buying, again)
    family.start("buying:1").succeeds(1, "f")
    family.deliver()
    one = family["final:buying:1:2"].succeeds(1, "more").succeeds(2, "A").is_("completed")
    family.deliver()
    family["buying:1"].refuses("shop.take")
    family.deliver()
    one.is_("compensating").succeeds("undo 2").is_("compensated")
    family.deliver()
    family["buying:1"].succeeds("undo 1").is_("compensated")
