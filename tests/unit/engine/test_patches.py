"""Code that changes under sagas that are under way, without a new version."""

from typing import Any

import pytest

from coordinator.history.patches import PatchTaken
from coordinator.saga import patched
from coordinator.saga.runtime import OutsideOfSaga
from tests.sagas import SagaDriver, Shop, code


async def before(shop: Shop) -> str:
    first = await shop.take("a")
    return first + await shop.take("b")


async def changed(shop: Shop) -> str:
    first = await shop.take("a")
    if patched("look_first"):
        await shop.look("b")
    return first + await shop.take("b")


async def without_the_question(shop: Shop) -> str:
    first = await shop.take("a")
    await shop.look("b")
    return first + await shop.take("b")


def test_who_comes_there_later_goes_the_new_way() -> None:
    """Also when the saga began with the old code; and it stays there through crashes."""
    saga = SagaDriver(code(before)).start().deploys(code(changed)).succeeds(1, "A").expects("shop.look")
    assert [event.name for event in saga.of(PatchTaken)] == ["look_first"]
    saga.restarts().succeeds(2, 1).expects("shop.take").restarts().succeeds(3, "B").is_("completed")


def test_who_was_there_goes_the_old_way() -> None:
    """To its end."""
    saga = SagaDriver(code(before)).start().succeeds(1, "A").deploys(code(changed)).is_("running")
    saga.restarts().succeeds(2, "B").is_("completed")
    assert saga.of(PatchTaken) == []


def test_the_question_is_taken_out() -> None:
    """Sagas that went the new way go on; one that went the old way is parked, and finds its code again."""
    new = SagaDriver(code(changed)).start().succeeds(1, "A").deploys(code(without_the_question)).is_("running")
    new.succeeds(2, 1).restarts().succeeds(3, "B").is_("completed")
    old = SagaDriver(code(before)).start().succeeds(1, "A").deploys(code(without_the_question)).wake().is_("parked")
    old.deploys(code(changed)).resume().succeeds(2, "B").is_("completed")


def test_in_a_loop_all_passes_go_one_way() -> None:
    """The first answer counts for the saga."""

    def body(asks: bool) -> Any:
        async def run(shop: Shop) -> list[str]:
            taken: list[str] = []
            for item in "abc":
                if asks and patched("look"):
                    await shop.look(item)
                taken.append(await shop.take(item))
            return taken

        return run

    old = SagaDriver(code(body(False))).start().succeeds(1, "A").deploys(code(body(True))).succeeds(2, "B")
    old.restarts().expects("shop.take").succeeds(3, "C").is_("completed")
    new = SagaDriver(code(body(True))).start().expects("shop.look").succeeds(1, 1).succeeds(2, "A").expects("shop.look")
    assert len(new.restarts().of(PatchTaken)) == 1


def test_several_changes_are_told_apart() -> None:
    """One on top of another; the older one's question is gone."""

    async def both(shop: Shop) -> str:
        first = await shop.take("a")
        await shop.look("b")
        second = await shop.take("b")
        return first + second + (await shop.take("c") if patched("one_more") else "")

    saga = SagaDriver(code(changed)).start().succeeds(1, "A").succeeds(2, 1).deploys(code(both)).succeeds(3, "B")
    saga.expects("shop.take").restarts().succeeds(4, "C").is_("completed")
    assert [event.name for event in saga.of(PatchTaken)] == ["look_first", "one_more"]
    assert saga.result == "ABC"


def test_mended_code_that_is_resumed_goes_the_new_way() -> None:
    """It goes on where the broken code raised, which nobody has been past."""

    def body(broken: bool) -> Any:
        async def run(shop: Shop) -> str:
            first = await shop.take("a")
            if broken:
                raise KeyError("oops")
            return first + (await shop.take("b") if patched("mended") else "")

        return run

    saga = SagaDriver(code(body(True))).start().succeeds(1, "A").is_("parked").deploys(code(body(False))).resume()
    saga.expects("shop.take").restarts().succeeds(2, "B").is_("completed")
    assert len(saga.of(PatchTaken)) == 1


def test_a_name_that_is_none() -> None:
    """Is a bug, with a sentence."""

    async def body(shop: Shop) -> None:
        if patched("Ask Again!"):
            await shop.take("a")

    assert "The patch" in SagaDriver(code(body)).start().is_("parked").parked_message
    with pytest.raises(OutsideOfSaga, match="patched"):
        patched("outside")
