"""Sagas that call sagas, explored: a child is a step like any other, which goes through, goes back, or is undone."""

from contracts import Refused
from coordinator.explore.exploration import explore
from coordinator.saga import child, detach, saga, scope
from tests.sagas import Shop


@saga(version=1)
async def pack(item: str, shop: Shop) -> str:
    """What is called."""
    return await shop.take(item)


@saga(version=1)
async def send(shop: Shop) -> str:
    """A child, and a step behind it that may be refused."""
    packed = await child(pack, "a")
    await shop.take("label")
    return packed


@saga(version=1)
async def send_otherwise(shop: Shop) -> str:
    """Another way behind a child that goes back; and one that is let go."""
    try:
        async with scope():
            await child(pack, "a")
            await shop.take("label")
    except Refused:
        return await detach(pack, "b")
    return "sent"


def test_a_child_goes_through_goes_back_or_is_undone() -> None:
    """Whatever happens, it stands where its caller has gone through, and nowhere else."""
    found = explore(send)
    assert found.findings == ()
    ends = {(outcome.ends.value, outcome.remains) for outcome in found.outcomes}
    assert ("completed", ("saga.pack", "shop.take")) in ends
    assert {remains for status, remains in ends if status in ("compensated", "failed")} == {()}


def test_one_that_is_let_go_stands() -> None:
    """Nothing else of that way does, the child before it neither; it is none of what could be undone."""
    found = explore(send_otherwise)
    assert found.findings == ()
    ends = {(outcome.ends.value, outcome.remains) for outcome in found.outcomes}
    let_go = [outcome for outcome in found.outcomes if outcome.ends.value == "completed" and not outcome.remains]
    assert let_go
    assert ("completed", ("saga.pack", "shop.take")) in ends
    assert {remains for _, remains in ends} == {(), ("saga.pack", "shop.take")}
