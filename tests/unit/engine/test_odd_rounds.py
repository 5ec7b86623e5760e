"""Rounds of other versions of the code, and rounds that cannot begin."""

import asyncio
from typing import Any

import msgspec
import pytest

from contracts.answers import Success
from coordinator.history.rounds import SagaContinued
from coordinator.saga import ContinueAsNew, SagaDefinition, Signal, Update, saga
from tests.sagas import SagaDriver, Shop


def begun(driver: SagaDriver) -> SagaContinued:
    return driver.of(SagaContinued)[-1]


def version(number: int, input: Any = int, stays: int | None = None) -> SagaDefinition:
    async def body(passed: Any, shop: Shop) -> str:
        await shop.look(f"v{number}")
        raise ContinueAsNew(1 if passed is None else passed + 1, version=stays)

    body.__annotations__["passed"] = input
    return saga(version=number, name="grows")(body)


def test_a_round_is_of_the_newest_version() -> None:
    """So that a saga without an end does not keep old code alive."""
    driver = SagaDriver(version(1)).start(0).deploys(version(1), version(2)).succeeds(1, 1)
    assert driver.value("shop.look") == {"item": "v2"}
    assert (driver.machine.version, begun(driver).version) == (2, 2)
    driver.deploys(version(2)).succeeds(2, 1).is_("running")


def test_a_round_stays_with_a_version() -> None:
    """If its code says so."""
    driver = SagaDriver(version(1, stays=1)).start(0).deploys(version(1, stays=1), version(2)).succeeds(1, 1)
    assert driver.value("shop.look") == {"item": "v1"}


def test_a_version_that_is_not_there() -> None:
    """Parks the saga until it is; the code at hand goes on then."""
    driver = SagaDriver(version(1, stays=3)).start(0).succeeds(1, 1).is_("parked")
    assert "version 3 of grows, which is not deployed" in driver.parked_message
    assert "same place again" in str(driver.resume().verdict)
    driver.deploys(version(1, stays=3), version(3)).resume().is_("running")
    assert driver.value("shop.look") == {"item": "v3"}


def test_an_input_that_the_newest_version_does_not_take() -> None:
    """Parks the saga, and says where to mend it."""
    driver = SagaDriver(version(1)).start(0).deploys(version(1), version(2, str)).succeeds(1, 1).is_("parked")
    assert "does not fit <saga grows v2>: Expected `str`, got `int`" in driver.parked_message
    assert "same place again: The input" in str(driver.resume().verdict)
    driver.deploys(version(1), version(2, str | int)).resume().is_("running").expects("shop.look")


def test_mended_code_of_a_later_round() -> None:
    """What is replayed is the round, and it goes on from there."""

    def walks(last: int) -> SagaDefinition:
        @saga(version=1, name="walks")
        async def walk(passed: int, shop: Shop) -> int:
            await shop.look("a")
            if passed == 2:
                return 1 // (last - passed)
            raise ContinueAsNew(passed + 1)

        return walk

    driver = SagaDriver(walks(2)).start(0).succeeds(1, 1).succeeds(2, 1).succeeds(3, 1).is_("parked")
    driver.deploys(walks(3)).resume().is_("completed")
    assert driver.result == 1


# --- mistakes


@saga(version=1)
async def restless(passed: int, shop: Shop, note: Signal[str]) -> None:
    """Begins its third round anew at once."""
    if passed != 2:
        await shop.look("a")
    raise ContinueAsNew(passed + 1)


def test_a_round_must_have_waited() -> None:
    """Otherwise there would be no end to it."""
    driver = SagaDriver(restless).start(0).succeeds(1, 1).succeeds(2, 1).is_("parked")
    assert "before it had waited for anything" in driver.parked_message
    assert "same place again" in str(driver.resume().verdict)


@saga(version=1)
async def misplaced(what: str, shop: Shop, ask: Update[str, str]) -> None:
    """Asks for another round where it cannot be."""

    @ask.handle
    async def _(item: str) -> str:
        raise ContinueAsNew(item)

    async def branch() -> None:
        await shop.look("a")
        raise ContinueAsNew("branch")

    async def broken() -> None:
        await shop.look("b")
        raise KeyError("broken")

    if what == "group":
        async with asyncio.TaskGroup() as group:
            group.create_task(branch())
            group.create_task(broken())
    if what == "unwritable":
        await shop.look("a")
        raise ContinueAsNew(object())
    if what == "branch":
        await asyncio.create_task(branch())
    try:
        await shop.look("a")
        raise ContinueAsNew("branch")
    except Exception:
        raise AssertionError("caught") from None


def test_only_the_saga_itself_goes_on_as_new() -> None:
    """The handler of an update does not."""
    driver = SagaDriver(misplaced).start("handler").updates("ask", "x").is_("parked")
    assert "raise ContinueAsNew in the saga's own function" in driver.parked_message


def test_an_input_that_cannot_be_kept() -> None:
    """Is a bug of the code's."""
    driver = SagaDriver(misplaced).start("unwritable").succeeds(1, 1).is_("parked")
    assert "The input of the saga's next round cannot be kept" in driver.parked_message


@pytest.mark.parametrize("what", ["branch", "except"])
def test_it_passes_through_what_waits_for_it(what: str) -> None:
    """A coroutine of the saga's, and ``except Exception``."""
    driver = SagaDriver(misplaced).start(what).succeeds(1, 1).is_("running")
    assert bytes(begun(driver).input) == b'"branch"'


def test_whoever_has_a_bug_beside_it_is_parked() -> None:
    """A group in which something else was raised is not another round."""
    driver = SagaDriver(misplaced).start("group")

    def both(saga: SagaDriver) -> SagaDriver:
        return saga.advance(*(saga.reply(step, Success(msgspec.Raw(b"1"))) for step in (1, 2)))

    both(driver).is_("running")  # the first cancels the second

    @saga(version=1)
    async def collects(shop: Shop) -> None:
        async def branch(error: BaseException) -> None:
            try:
                await shop.look("a")
            finally:
                raise error

        async with asyncio.TaskGroup() as group:
            group.create_task(branch(ContinueAsNew()))
            group.create_task(branch(KeyError("broken")))

    driver = SagaDriver(collects).start().succeeds(1, 1).is_("parked")
    assert "BaseExceptionGroup" in driver.parked_message
