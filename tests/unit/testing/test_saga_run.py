"""One saga, started, moved on, cancelled, crashed."""

import asyncio
from datetime import timedelta

import pytest

from contracts.travel import Flights, Hotels, Payments
from contracts.values import UnreadableValue
from coordinator.catalogue.book_trip import book_trip
from coordinator.saga import saga as declared
from coordinator.testing import Called, SagaTest
from coordinator.testing.called import side_by_side
from tests.sagas import Shop, code
from tests.unit.testing.conftest import TRIP


async def test_step_by_step(saga: SagaTest) -> None:
    """A started saga waits; each step tells it one thing."""
    run = await saga.start(book_trip, TRIP)
    assert run.waiting_for == [Flights.reserve]
    assert await run.step()
    assert run.waiting_for == [Hotels.reserve]
    await run.step()
    assert run.waiting_for == []
    await run.step()
    assert run.waiting_for == [Payments.charge]
    await run.finish()
    assert not await run.step()


async def test_until_a_command_is_out(saga: SagaTest) -> None:
    """There, somebody cancels."""
    run = await (await saga.start(book_trip, TRIP)).until(Hotels.reserve)
    await run.cancel("changed my mind")
    assert (await run.finish()).status == "compensated"
    assert run.problem is not None
    assert run.problem.type == "cancelled"
    assert run.undone == [Hotels.release, Flights.release]


async def test_until_what_never_comes(saga: SagaTest) -> None:
    """The error says where the saga stands instead."""
    saga.stub(Hotels.reserve).refuses("full")
    run = await saga.start(book_trip, TRIP)
    with pytest.raises(AssertionError, match=r"Payments\.charge was not sent.*book_trip:1 is compensated; cause: full"):
        await run.until(Payments.charge)


async def test_the_clock_jumps(saga: SagaTest) -> None:
    """The pause takes no time, and the clock shows it."""
    before = saga.clock.now
    await saga.run(book_trip, TRIP)
    assert saga.clock.now - before == timedelta(seconds=60)


async def test_the_clock_is_moved(saga: SagaTest) -> None:
    """What is due meanwhile happens, in every saga of the test, and no more."""
    one = await saga.start(book_trip, TRIP)
    await saga.clock.advance("59s")
    two = await saga.start(code(_sleeps_a_week))
    assert (one.waiting_for, two.status) == ([], "running")
    await saga.clock.advance("1s")
    assert one.status == "completed"
    await saga.clock.advance("7d")
    assert two.status == "completed"


async def _sleeps_a_week(shop: Shop) -> None:
    await asyncio.sleep(7 * 86_400)


async def test_a_deadline(saga: SagaTest) -> None:
    """It passes when the clock gets there."""

    @declared(version=1, deadline="1h")
    async def patient(shop: Shop) -> str:
        await shop.take("a")
        await asyncio.sleep(86_400)
        return ""

    run = await saga.run(patient)
    assert run.undone == [Shop.give_back]


async def test_a_crash_in_between(saga: SagaTest) -> None:
    """Nothing changes by it."""
    run = await (await saga.start(book_trip, TRIP)).until(Payments.charge)
    await run.crash()
    assert (await run.finish()).status == "completed"
    assert [each.attempts for each in run.commands] == [1, 1, 1, 1]


async def test_sagas_at_once(saga: SagaTest) -> None:
    """Concurrent steps are all out, and all are answered."""

    async def body(shop: Shop) -> list[str]:
        return await asyncio.gather(*[shop.take(item) for item in "abc"])

    run = await saga.start(code(body))
    assert run.waiting_for == [Shop.take] * 3
    assert (await run.finish()).result == ["example"] * 3


async def test_a_saga_that_never_ends(saga: SagaTest) -> None:
    """Said, rather than waited for."""

    async def body(shop: Shop) -> None:
        while True:
            await shop.look("at the clock")
            await asyncio.sleep(3_600)

    with pytest.raises(AssertionError, match="has not ended after 10,000 messages and timers; it is 2026-05-"):
        await saga.run(code(body))


async def test_a_saga_with_a_bug(saga: SagaTest) -> None:
    """It is parked, and its problem has the exception."""

    async def body(shop: Shop) -> None:
        raise KeyError("seat")

    run = await saga.run(code(body))
    assert run.status == "parked"
    assert run.problem is not None
    assert "KeyError: 'seat'" in run.problem.message
    with pytest.raises(
        AssertionError, match=r"It has no result\. <errand:1 is parked; The saga's code raised KeyError"
    ):
        _ = run.result


async def test_an_input_that_does_not_fit(saga: SagaTest) -> None:
    """Is an error of the test."""
    with pytest.raises(UnreadableValue):
        await saga.run(book_trip, {"trip_id": 1})


async def test_two_sagas_of_one_test_have_keys_of_their_own(saga: SagaTest) -> None:
    """Unless the definition makes them, or the test says."""
    runs = [await saga.run(code(_sleeps_a_week)), await saga.run(code(_sleeps_a_week), key="mine")]
    assert [run.driver.saga_id for run in runs] == ["errand:1", "errand:mine"]
    assert (await saga.run(book_trip, TRIP)).driver.saga_id == "book_trip:1"


async def test_what_was_called_is_shown_as_it_is_written(saga: SagaTest) -> None:
    """A command is equal to itself with the same arguments, and to its contract's."""
    run = await saga.run(book_trip, TRIP)
    flight = run.commands[0]
    assert repr(flight) == (
        "Flights.reserve(request=ReserveFlight(traveller='Ada', destination='Lisbon', price=12000))"
    )
    assert isinstance(flight, Called)
    assert flight == (await SagaTest().run(book_trip, TRIP)).commands[0]
    assert flight != run.commands[1]
    assert flight != Hotels.reserve
    assert len({flight, *run.commands}) == 4


async def test_what_was_called_beside_what_was_expected(saga: SagaTest) -> None:
    """Line by line, what differs marked."""
    run = await saga.run(code(_takes_two))
    assert side_by_side(run.commands, [Shop.take, Shop.pay, Shop.ship]) == [
        "2 called, 3 expected:",
        "  1. Shop.take(item='a'), expected Shop.take",
        "→ 2. Shop.take(item='b'), expected Shop.pay",
        "→ 3. nothing, expected Shop.ship",
    ]


async def _takes_two(shop: Shop) -> None:
    await shop.take("a")
    await shop.take("b")
