"""Undos that a saga registers itself, explored."""

from contracts import Refused
from coordinator.engine.status import Status
from coordinator.explore.driver import Driver
from coordinator.explore.exploration import Exploration, explore
from coordinator.explore.findings import Kinds
from coordinator.explore.graph import Edge
from coordinator.history.undos import UndoSucceeded
from coordinator.saga import on_undo, saga, scope
from tests.sagas import Body, Shop, code


def explored(body: Body) -> Exploration:
    return explore(code(body))


@saga(version=1)
async def put_right(item: str, shop: Shop) -> None:
    """An undo with a logic of its own."""
    await shop.ship(item)


async def careful(shop: Shop) -> None:
    on_undo(put_right, "a")
    await shop.take("a")
    on_undo(shop.ship, "sorry")
    await shop.take("b")


def test_it_is_among_what_is_undone() -> None:
    """In its place, on each way back and on no other; a person may be needed for it."""
    found = explored(careful)
    assert (found.findings, found.complete) == ((), True)
    refused = [
        each for each in found.outcomes if [str(one) for one in each.happened] == ["shop.take (step 4) is refused"]
    ]
    well = [each for each in refused if each.ends is Status.COMPENSATED]
    assert [each.undone for each in well] == [("by shop.ship", "shop.take", "by saga.put_right")]
    assert "the undo shop.ship (step 3) succeeds" in well[0].path
    assert {each.given_up for each in refused if each.ends is Status.PARKED} >= {
        ("by shop.ship",),
        ("by saga.put_right",),
    }
    (through,) = [each for each in found.outcomes if each.ends is Status.COMPLETED]
    assert (through.undone, through.remains) == ((), ("shop.take", "shop.take"))


def test_it_is_drawn() -> None:
    """As an undo, by the name of what is done."""
    found = explored(careful)
    assert Edge("undo_3_shop_ship", "undo_2_shop_take", True) in found.graph.edges
    labels = {node.id: node.label for node in found.graph.nodes}
    assert labels["undo_3_shop_ship"] == "shop.ship"
    assert "step_3_shop_ship" not in labels


def test_findings_know_their_lines() -> None:
    """Steps are counted with what is registered between them."""

    async def leaves_something(shop: Shop) -> None:
        on_undo(shop.look, "a")
        await shop.take.using(undo=None)("b")
        on_undo(shop.look, "c")
        await shop.pay(1)
        raise Refused("too_late")

    found = explored(leaves_something)
    assert [finding.kind for finding in found.findings] == [Kinds.NO_AFTER_PIVOT]

    async def two_pivots(shop: Shop) -> None:
        on_undo(shop.look, "a")
        await shop.pay(1)
        await shop.pay(2)

    (finding,) = explored(two_pivots).findings
    line = two_pivots.__code__.co_firstlineno + 3
    assert (finding.kind, finding.source.endswith(f"test_own_undos.py:{line}")) == (Kinds.REFUSABLE_AFTER_PIVOT, True)


def test_a_scope_goes_another_way() -> None:
    """Nothing is left of what was registered in it."""

    async def another_way(shop: Shop) -> None:
        try:
            async with scope():
                on_undo(shop.ship, "sorry")
                await shop.look("a")
        except Refused:
            await shop.look("b")

    found = explored(another_way)
    assert found.findings == ()
    assert {each.undone for each in found.outcomes if each.ends is Status.COMPLETED} == {(), ("by shop.ship",)}


def test_a_driver_that_goes_on_from_a_history() -> None:
    """Knows which undos are out, and which were answered."""
    driver = Driver(code(careful))
    driver.start()
    driver.succeed("errand:explored:2", "A")
    driver.refuse("errand:explored:4")
    (sent,) = driver.out.values()
    assert (sent.in_words, sent.undoes, driver.undo_of(3)) == ("the undo shop.ship", True, sent)
    assert driver.undo_of(4) is None
    twin = Driver(code(careful), rows=driver.rows)
    assert list(twin.out) == list(driver.out) == ["errand:explored:3"]
    twin.succeed(sent, "sent")
    again = Driver(code(careful), rows=twin.rows)
    assert list(again.out) == ["errand:explored:2:undo"]
    assert [each.type for each in again.late.values()] == []
    assert len([each for each in again.history if isinstance(each, UndoSucceeded)]) == 1
