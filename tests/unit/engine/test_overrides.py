"""Policies of one call: in the history, and so the same for every replay, coordinator and later release."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from contracts import PIVOT, RETRIABLE, Contract, Refused, Retry, command
from contracts.overrides import Override
from coordinator.history.people import StepSeenTo
from coordinator.history.steps import StepAttemptFailed, StepFailed, StepIssued, StepTimedOut
from coordinator.history.undos import UndoGivenUp, UndoIssued, UndoRetried
from coordinator.saga import saga, scope
from tests.sagas import SagaDriver, Shop, code


def running(body: Callable[[Shop], Awaitable[Any]]) -> SagaDriver:
    return SagaDriver(code(body)).start()


async def hasty(shop: Shop) -> None:
    await shop.take.using(timeout="1s", retry=Retry(attempts=2, backoff="2s", jitter=0))("a")


def test_a_call_has_its_own_timeout_and_attempts() -> None:
    """Those of the contract do not count; the next call has the contract's again."""

    async def once_and_again(shop: Shop) -> None:
        await hasty(shop)
        await shop.take("b")

    driver = running(once_and_again)
    assert driver.in_ms == 1_000
    driver.passes(1_000).expects().passes(2_000).expects("shop.take").succeeds(1, "A").expects("shop.take")
    assert driver.in_ms == 5_000
    given = [event.override for event in driver.of(StepIssued)]
    assert given == [Override(timeout_ms=1_000, retry=Retry(attempts=2, backoff="2s", jitter=0)), None]


def test_its_budget_ends_by_itself() -> None:
    """Two attempts, where the contract has three."""
    driver = running(hasty).passes(1_000).passes(2_000).passes(1_000)
    assert len(driver.of(StepTimedOut)) == 1
    assert "within 1 s" in driver.of(StepAttemptFailed)[0].problem.message


def test_it_holds_under_code_that_says_otherwise() -> None:
    """A saga that is under way keeps what its calls had when they were made, and the replay has nothing against it."""

    async def patient(shop: Shop) -> None:
        await shop.take("a")

    driver = running(hasty).deploys(code(patient)).passes(1_000).passes(2_000).passes(1_000)
    assert len(driver.of(StepTimedOut)) == 1
    late = running(patient).deploys(code(hasty)).passes(1_000)
    assert late.of(StepAttemptFailed) == []


def test_another_undo() -> None:
    """It is asked for by its name, tried as it says, and given up as it says; every attempt asks for the same."""

    async def wasteful(shop: Shop) -> None:
        await shop.take.using(undo=Shop.throw_away)("a")
        await shop.take("b")

    driver = running(wasteful).succeeds(1, "A").refuses(2).expects("undo shop.take")
    assert (driver.send("undo 1").undo, driver.in_ms) == ("throw_away", 3_000)
    driver.restarts().fails("undo 1").passes(1_000).expects("undo shop.take")
    assert driver.send("undo 1").undo == "throw_away"
    driver.fails("undo 1").is_("parked").resume().expects("undo shop.take")
    assert [send.undo for send in driver.sent if send.direction == "undo"] == ["throw_away"] * 3
    driver.succeeds("undo 1").is_("compensated")


def test_an_undo_that_is_not_deployed_any_more() -> None:
    """The history says which it was: the participant is asked for it, as long as that takes."""

    class Smaller(Contract, name="shop"):
        @command()
        async def take(self, item: str) -> str: ...  # pyright: ignore[reportReturnType]

        @take.undo()
        async def give_back(self, item: str, taken: str | None) -> None: ...

    @saga(version=1, name="errand")
    async def smaller(shop: Smaller) -> None:
        await shop.take("a")

    async def wasteful(shop: Shop) -> None:
        await shop.take.using(undo=Shop.throw_away)("a")

    driver = running(wasteful).deploys(smaller).cancel().expects("undo shop.take")
    assert driver.send("undo 1").undo == "throw_away"
    for _ in range(5):
        driver.fails("undo 1")
        driver.passes(driver.in_ms or 0).expects("undo shop.take")
    driver.succeeds("undo 1").is_("compensated")


def test_the_declared_undo_with_another_budget() -> None:
    """One attempt of one second."""

    async def impatient(shop: Shop) -> None:
        await shop.take.using(undo_timeout="1s", undo_retry=Retry.never())("a")
        raise Refused("no")

    driver = running(impatient).succeeds(1, "A").expects("undo shop.take")
    assert (driver.send("undo 1").undo, driver.in_ms) == (None, 1_000)
    driver.passes(1_000).is_("parked")
    assert (len(driver.of(UndoGivenUp)), len(driver.of(UndoRetried))) == (1, 0)


@pytest.mark.parametrize("answer", ["succeeds", "fails", "never"])
def test_what_is_not_undone(answer: str) -> None:
    """Neither what it did nor what it may have done; what else there is, is undone."""

    async def keeping(shop: Shop) -> None:
        await shop.take("a")
        await shop.take.using(undo=None)("b")
        raise Refused("no")

    driver = running(keeping).succeeds(1, "A")
    match answer:
        case "succeeds":
            driver.succeeds(2, "B")
        case "fails":
            driver.fails(2, retryable=False)
        case _:
            driver.passes(60_000)
    driver.is_("compensating").succeeds("undo 1").is_("compensated")
    assert [event.step for event in driver.of(UndoIssued)] == [1]


def test_what_is_not_undone_may_be_refused_all_the_same() -> None:
    """So it may not stand behind the point of no return, nor beside it: the order of kinds is kept."""

    async def late(shop: Shop) -> None:
        await shop.pay(1)
        await shop.take.using(undo=None)("b")

    driver = running(late).succeeds(1, 1).is_("parked")
    assert "past its point of no return" in driver.parked_message

    async def beside(shop: Shop) -> None:
        await asyncio.gather(shop.pay(1), shop.take.using(undo=None)("b"))

    assert len(running(beside).of(StepIssued)) == 1


def test_a_command_without_undo_may_stand_where_its_call_says_so() -> None:
    """The contract lacks it; the author sees to it."""

    async def losing(shop: Shop) -> None:
        await shop.lose.using(undo=None)("a")

    running(losing).expects("shop.lose").succeeds(1).is_("completed")


def test_a_scope_leaves_what_is_not_undone() -> None:
    """And another undo is the scope's too."""

    async def scoped(shop: Shop) -> str:
        try:
            async with scope():
                await shop.take.using(undo=Shop.throw_away)("a")
                await shop.take.using(undo=None)("b")
                await shop.take("c")
        except Refused:
            return await shop.take("d")
        return "all"

    driver = running(scoped).succeeds(1, "A").succeeds(2, "B").refuses(3).expects("undo shop.take")
    assert driver.send("undo 1").undo == "throw_away"
    driver.succeeds("undo 1").succeeds(4, "D").is_("completed")


def test_policies_may_be_put_on_one_another() -> None:
    """What is said later counts; what is not said again stands."""

    async def twice(shop: Shop) -> None:
        quick = shop.take.using(timeout="1s", undo=None)
        await quick.using(timeout="2s", retry=Retry.never())("a")
        await quick("b")
        await quick.using(undo=Shop.give_back)("c")

    driver = running(twice)
    assert driver.in_ms == 2_000
    driver.succeeds(1, "A").succeeds(2, "B").succeeds(3, "C").is_("completed")
    given = [event.override for event in driver.of(StepIssued)]
    assert given == [
        Override(2_000, Retry.never(), None),
        Override(1_000, undo=None),
        Override(1_000, undo="give_back"),
    ]


def test_a_person_tries_again_within_the_calls_policies() -> None:
    """The attempt by hand has the call's timeout."""
    driver = running(hasty).retries(1).expects("shop.take")
    assert (driver.in_ms, len(driver.of(StepSeenTo))) == (1_000, 1)
    driver.fails(1).passes(2_000).expects("shop.take").fails(1)
    assert len(driver.of(StepFailed)) == 1


class Pad(Contract, name="pad"):
    """What must not be given up."""

    @command(kind=PIVOT, timeout="5s")
    async def launch(self) -> None: ...

    @launch.undo()
    async def abort(self, result: None) -> None: ...

    @command(kind=RETRIABLE)
    async def cheer(self) -> None: ...


@pytest.mark.parametrize(
    ("using", "says"),
    [
        (lambda pad: pad.launch.using(undo=None), "pad.launch is a pivot that may be given up"),
        (lambda pad: pad.launch.using(undo=Shop.give_back), "does not undo pad.launch"),
        (lambda pad: pad.cheer.using(retry=Retry.never()), "pad.cheer is retriable"),
        (lambda pad: pad.cheer.using(timeout="soon"), "not a duration"),
    ],
)
def test_what_a_kind_forbids_is_refused_where_it_is_said(using: Callable[[Pad], Any], says: str) -> None:
    """Nothing is sent: the saga is parked for its code, and the message says what to change."""

    @saga(version=1)
    async def wrong(pad: Pad) -> None:
        await using(pad)()

    driver = SagaDriver(wrong).start().is_("parked").expects()
    assert says in driver.parked_message


def test_a_second_undo_is_declared_as_such() -> None:
    """It does not take the place of the first without a word."""
    with pytest.raises(TypeError, match=r"declare return_it with @buy\.other_undo"):

        class Twice(Contract, name="twice"):  # pyright: ignore[reportUnusedClass]
            @command()
            async def buy(self) -> None: ...

            @buy.undo()
            async def sell(self, result: None) -> None: ...

            @buy.undo()
            async def return_it(self, result: None) -> None: ...


def test_another_undo_fits_its_command_too() -> None:
    """The same parameters, then the result."""
    with pytest.raises(TypeError, match=r"it must take the same parameters"):

        class Odd(Contract, name="odd"):  # pyright: ignore[reportUnusedClass]
            @command()
            async def buy(self, what: str) -> None: ...

            @buy.undo()
            async def sell(self, what: str, result: None) -> None: ...

            @buy.other_undo()
            async def keep(self, result: None) -> None: ...
