"""A saga run again for each thing that can go wrong; what must not pass does not."""

import asyncio
from unittest.mock import Mock

import pytest

from contracts.travel import Hotels, Payments
from coordinator.catalogue.book_trip import book_trip
from coordinator.engine.facts import Fact
from coordinator.testing import SagaTest
from coordinator.testing.faults import Befalls, CrashFault
from tests.sagas import Shop, code
from tests.unit.engine.awaitables import ROWS
from tests.unit.engine.rows import Row
from tests.unit.testing.conftest import TRIP


async def test_the_demos_saga_survives_everything(saga: SagaTest) -> None:
    """Killed at every row, with every message lost, doubled and late: a trip is booked."""
    report = await saga.crash_everywhere(book_trip, TRIP)
    assert report.statuses == {"completed"}
    assert report.unreached == []
    assert len(report.points) == len(set(report.points)) == 1 + 2 * 6 + 8 * len(Befalls)


async def test_the_way_back_survives_everything(saga: SagaTest) -> None:
    """Undos and their replies among the rest."""
    saga.stub(Payments.charge).refuses("card_declined")
    report = await saga.crash_everywhere(book_trip, TRIP)
    assert report.statuses == {"compensated"}
    assert "the reply to the undo of hotels.reserve (step 2) comes when all else is over" in report.points


async def test_attempts_are_messages_too(saga: SagaTest) -> None:
    """A retry that is lost is one more point."""
    saga.stub(Hotels.reserve).fails(times=1)
    report = await saga.crash_everywhere(book_trip, TRIP)
    assert "hotels.reserve (step 2, attempt 2) is lost" in report.points
    assert report.statuses == {"completed"}


async def test_a_step_that_is_tried_once_is_given_up(saga: SagaTest) -> None:
    """The report tells after which points the saga ended how."""

    async def body(shop: Shop) -> str:
        return await shop.lend("a")

    report = await saga.crash_everywhere(code(body))
    assert report.statuses == {"completed", "compensated"}
    assert "the reply to shop.lend (step 1) is lost" in report.ended["compensated"]
    assert "compensated: " in repr(report)


async def test_steps_at_once(saga: SagaTest) -> None:
    """Replies in every order that lateness makes."""

    async def body(shop: Shop) -> str:
        both = await asyncio.gather(shop.take("a"), shop.take("b"))
        return "".join(both)

    assert (await saga.crash_everywhere(code(body))).statuses == {"completed"}


async def test_code_that_depends_on_something_else(saga: SagaTest) -> None:
    """It asks for something else when it is called again: no crash shows that but one at the right moment."""
    calls: list[int] = []

    async def body(shop: Shop) -> None:
        calls.append(1)
        await (shop.take("a") if len(calls) % 2 else shop.lend("a"))
        await shop.look("b")

    with pytest.raises(AssertionError) as caught:
        await saga.crash_everywhere(code(body))
    assert "errand does not go on after a crash as it would have without" in str(caught.value)
    assert "Expected (event 2 of the history): step 1: shop.take. Found: the code asks for step 1: shop.lend" in str(
        caught.value
    )


async def test_a_point_that_is_not_reached(saga: SagaTest) -> None:
    """A test whose stubs do something else each time proves nothing, and fails."""
    calls: list[str] = []

    def take(item: str) -> str:
        calls.append(item)
        return "a" if len(calls) == 1 else "b"

    async def body(shop: Shop) -> None:
        if await shop.take("x") == "a":
            await shop.lend("y")

    saga.stub(Shop.take).calls(take)
    with pytest.raises(AssertionError) as caught:
        await saga.crash_everywhere(code(body))
    assert "points were not reached, so nothing is known of them:" in str(caught.value)
    assert "shop.lend (step 2) is lost" in str(caught.value)


async def test_an_error_says_in_which_run_it_was(saga: SagaTest) -> None:
    """A function of the test that cannot be called twice."""

    def take(item: str, done: list[str] = []) -> str:  # noqa: B006
        done.append(item)
        assert len(done) < 2, "called twice"
        return item

    async def body(shop: Shop) -> str:
        return await shop.take("x")

    saga.stub(Shop.take).calls(take)
    with pytest.raises(AssertionError, match="called twice") as caught:
        await saga.crash_everywhere(code(body))
    assert caught.value.__notes__ == [
        "It was called for Shop.take(item='x'), step 1 of errand:1.",
        "What went wrong in this run: a crash before row 1 is kept (saga started).",
    ]


async def test_the_clock_and_the_runs_of_the_test_stay(saga: SagaTest) -> None:
    """The many runs are nobody's."""
    before = saga.clock.now
    await saga.crash_everywhere(book_trip, TRIP)
    assert (saga.clock.now, saga.runs) == (before, [])


async def test_a_crash_that_never_comes_is_noticed(saga: SagaTest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A planted bug of the kit itself: it does not crash, and says that it has not."""

    def never(self: CrashFault, driver: object, fact: Fact) -> bool:
        return False

    monkeypatch.setattr(CrashFault, "before", never)
    with pytest.raises(AssertionError, match="6 points were not reached"):
        await saga.crash_everywhere(book_trip, TRIP)


def signalled(row: Row) -> list[str]:
    """The values of the signals that the code waits for in this row, and that somebody sends."""
    seen = Mock()
    for act in row.answers:
        act(seen)
    return [call.args[1] for call in seen.signals.call_args_list if len(call.args) > 1]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
async def test_everything_that_a_saga_can_await(saga: SagaTest, row: Row) -> None:
    """No crash changes what the saga does, and every point is reached; its own history fits."""
    saga.stub(Shop.take).fails(times=1)
    for value in signalled(row):
        saga.signal("note").comes(value)
    report = await saga.crash_everywhere(row.definition)
    assert len(report.points) > 10
    await saga.replay(row.definition, (await saga.run(row.definition)).history)
