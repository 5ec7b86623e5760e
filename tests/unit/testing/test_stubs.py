"""What stubs can do, by the demo's saga and by small ones."""

import pytest

from contracts import Failed, Refused
from contracts.travel import Flights, Hotels, Payments
from contracts.travel.flights import FlightHold, IssueTicket, ReserveFlight, Ticket
from contracts.travel.hotels import HotelHold, ReserveHotel
from contracts.travel.payments import ChargeCard, Receipt
from contracts.values import UnreadableValue
from coordinator.catalogue.book_trip import Itinerary, book_trip
from coordinator.testing import SagaTest, Unstubbed
from tests.sagas import Shop, code
from tests.unit.testing.conftest import TRIP


async def test_commands_without_stubs_answer_with_examples(saga: SagaTest) -> None:
    """Enough for a saga to go through."""
    run = await saga.run(book_trip, TRIP)
    assert run.status == "completed"
    assert isinstance(run.result, Itinerary)


async def test_returns(saga: SagaTest) -> None:
    """The saga is given this very result."""
    saga.stub(Flights.reserve).returns(FlightHold("F1", 100))
    saga.stub(Hotels.reserve).returns(HotelHold("H1", 200))
    saga.stub(Payments.charge).calls(lambda request: Receipt(request.card, request.amount))
    saga.stub(Flights.issue_ticket).returns(Ticket("T1"))
    run = await saga.run(book_trip, TRIP)
    assert run.result == Itinerary("F1", "H1", "4242", "T1")
    assert run.commands[2].arguments == {"request": ChargeCard("4242", 300)}


async def test_a_refusal(saga: SagaTest) -> None:
    """It is undone in reverse."""
    saga.stub(Payments.charge).refuses("card_declined", "No cover.", limit=5)
    run = await saga.run(book_trip, TRIP)
    assert run.status == "compensated"
    assert run.undone == [Hotels.release, Flights.release]
    assert run.problem is not None
    assert (run.problem.type, run.problem.details) == ("card_declined", {"limit": 5})


async def test_answers_later(saga: SagaTest) -> None:
    """Long after the attempt's timeout; what comes twice is told so twice."""
    saga.stub(Hotels.reserve).answers_later(after="2d", result=HotelHold("H1", 200))
    before = saga.clock.now
    run = await saga.run(book_trip, TRIP)
    assert (run.status, run.result.hotel) == ("completed", "H1")
    assert run.commands[1].attempts == 1
    assert (saga.clock.now - before).days == 2
    report = await saga.crash_everywhere(book_trip, TRIP)
    assert report.ended["running"] == ("the reply to hotels.reserve (step 2) is lost",)  # it is waited for, for ever
    assert any("the pending reply to hotels.reserve" in point for point in report.points)


async def test_an_undo_does_not_answer_later(saga: SagaTest) -> None:
    """It is answered when it is done."""
    with pytest.raises(TypeError, match="is an undo"):
        saga.stub(Hotels.release).answers_later(after="2d")


async def test_what_is_answered_later_is_undone_meanwhile(saga: SagaTest) -> None:
    """The answer then comes to nothing."""
    saga.stub(Hotels.reserve).answers_later(after="2d")
    run = await (await saga.start(book_trip, TRIP)).until(Hotels.reserve)
    await run.step()
    await run.cancel("changed my mind")
    await run.finish()
    assert (run.status, run.undone) == ("compensated", [Hotels.release, Flights.release])


async def test_fails_some_times(saga: SagaTest) -> None:
    """So many attempts fail, the next one succeeds."""
    saga.stub(Hotels.reserve).fails(times=2).returns(HotelHold("H1", 200))
    run = await saga.run(book_trip, TRIP)
    assert run.status == "completed"
    assert [(each, each.attempts) for each in run.commands][1] == (Hotels.reserve, 3)
    assert run.result.hotel == "H1"


async def test_fails_too_often(saga: SagaTest) -> None:
    """More than the contract allows."""
    saga.stub(Hotels.reserve).fails("no_power", times=9)
    run = await saga.run(book_trip, TRIP)
    assert run.status == "compensated"
    assert run.commands[1].attempts == 5


async def test_fails_for_good(saga: SagaTest) -> None:
    """One attempt is enough."""
    saga.stub(Hotels.reserve).fails("no_such_town")
    run = await saga.run(book_trip, TRIP)
    assert run.commands[1].attempts == 1
    assert run.problem is not None
    assert run.problem.type == "no_such_town"


async def test_never_replies(saga: SagaTest) -> None:
    """Nobody knows whether it happened, so it is undone; the undo is told that nothing is known."""
    saga.stub(Payments.charge).never_replies()
    run = await saga.run(book_trip, TRIP)
    assert run.undone == [Payments.refund, Hotels.release, Flights.release]
    assert run.undone[0].result is None
    assert run.undone[0].cause is not None
    assert run.undone[0].cause.type == "timeout"


async def test_replies_after_silence(saga: SagaTest) -> None:
    """The second attempt is heard of."""
    saga.stub(Payments.charge).never_replies(times=1).returns(Receipt("C2", 1))
    run = await saga.run(book_trip, TRIP)
    assert run.result.charge == "C2"


async def test_replies_late(saga: SagaTest) -> None:
    """When all attempts were given up: it is undone, and the late success changes nothing."""
    saga.stub(Hotels.reserve).replies_late(after="5m", result=HotelHold("H1", 200))
    run = await saga.run(book_trip, TRIP)
    assert run.status == "compensated"
    assert run.undone == [Hotels.release, Flights.release]


async def test_replies_a_little_late(saga: SagaTest) -> None:
    """In time for another attempt: the first one's reply counts."""
    saga.stub(Hotels.reserve).replies_late(after="8s", result=HotelHold("H1", 200))
    run = await saga.run(book_trip, TRIP)
    assert run.result.hotel == "H1"


async def test_an_undo_that_fails(saga: SagaTest) -> None:
    """For good: it is given up, the other undos go on, and a person has to see to it."""
    saga.stub(Payments.charge).refuses("card_declined")
    saga.stub(Hotels.release).fails("no_such_room")
    run = await saga.run(book_trip, TRIP)
    assert run.status == "parked"
    assert run.undone == [Flights.release]
    assert run.undos == [Hotels.release, Flights.release]
    saga.stub(Hotels.release).returns(None)
    await run.resume()
    assert (await run.finish()).status == "compensated"


async def test_an_undo_that_fails_some_times(saga: SagaTest) -> None:
    """It is tried again."""
    saga.stub(Payments.charge).refuses("card_declined")
    saga.stub(Hotels.release).fails(times=3)
    run = await saga.run(book_trip, TRIP)
    assert run.status == "compensated"
    assert run.undone[0].attempts == 4


async def test_what_is_tried_for_ever_in_vain_is_not_waited_for(saga: SagaTest) -> None:
    """The run stops, and says what the saga waits for."""
    saga.stub(Payments.charge).refuses("card_declined")
    saga.stub(Hotels.release).never_replies()
    run = await saga.run(book_trip, TRIP)
    assert run.status == "compensating"
    assert run.waiting_for == [Hotels.release]


async def test_a_function_that_always_fails(saga: SagaTest) -> None:
    """Nobody can know that it always will: the run is stopped after a while."""
    saga.stub(Payments.charge).refuses("card_declined")
    saga.stub(Hotels.release).calls(_breaks)
    with pytest.raises(AssertionError, match=r"(?s)has not ended after .* waiting for: the undo of hotels\.reserve"):
        await saga.run(book_trip, TRIP)


async def _breaks(request: ReserveHotel, hold: HotelHold | None) -> None:
    raise Failed("still_closed")


async def test_a_function_answers(saga: SagaTest) -> None:
    """Given what a handler is given; it may refuse, be async, and is not called again for what it has done."""
    seen: list[object] = []

    async def reserve(request: ReserveFlight) -> FlightHold:
        seen.append(request)
        if request.destination == "Atlantis":
            raise Refused("no_flights")
        return FlightHold("F1", request.price)

    def release(request: ReserveFlight, hold: FlightHold | None) -> None:
        seen.append(hold)

    saga.stub(Flights.reserve).calls(reserve)
    saga.stub(Flights.release).calls(release)
    saga.stub(Hotels.reserve).refuses("full")
    assert (await saga.run(book_trip, TRIP)).status == "compensated"
    assert seen == [ReserveFlight("Ada", "Lisbon", 12_000), FlightHold("F1", 12_000)]


async def test_a_function_that_breaks_breaks_the_test(saga: SagaTest) -> None:
    """It is the test's own fault."""

    def charge(request: ChargeCard) -> Receipt:
        raise ZeroDivisionError

    saga.stub(Payments.charge).calls(charge)
    with pytest.raises(ZeroDivisionError):
        await saga.run(book_trip, TRIP)


async def test_a_strict_test_wants_every_stub() -> None:
    """The error says what to write."""
    saga = SagaTest(strict=True)
    saga.stub(Flights.reserve).returns(FlightHold("F1", 1))
    with pytest.raises(Unstubbed, match=r"Write saga\.stub\(Hotels\.reserve\)\.returns\(HotelHold\(…\)\)"):
        await saga.run(book_trip, TRIP)


def test_what_cannot_be_is_refused_at_once(saga: SagaTest) -> None:
    """A result that does not fit, a refusal of what cannot be refused, an undo that returns something."""
    with pytest.raises(UnreadableValue, match=r"Flights\.reserve cannot return"):
        saga.stub(Flights.reserve).returns("a seat")  # pyright: ignore[reportArgumentType]
    with pytest.raises(TypeError, match=r"Flights\.issue_ticket cannot be refused"):
        saga.stub(Flights.issue_ticket).refuses("no")
    with pytest.raises(TypeError, match=r"Flights\.release cannot be refused"):
        saga.stub(Flights.release).refuses("no")
    with pytest.raises(UnreadableValue, match="is an undo and returns nothing"):
        saga.stub(Flights.release).returns("x")  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match="give 1 or more"):
        saga.stub(Flights.reserve).fails(times=0)


async def test_behaviours_follow_each_other(saga: SagaTest) -> None:
    """Each for one delivery; the last one stays."""
    saga.stub(Shop.look).returns(1).returns(2)

    async def body(shop: Shop) -> list[int]:
        return [await shop.look("a") for _ in range(4)]

    assert (await saga.run(code(body))).result == [1, 2, 2, 2]


async def test_a_command_that_was_never_done_needs_no_undo_of_the_stub(saga: SagaTest) -> None:
    """As behind a barrier: where all attempts failed, the undo finds nothing to do."""
    saga.stub(Shop.take).fails(times=9)
    saga.stub(Shop.give_back).fails()

    async def body(shop: Shop) -> str:
        return await shop.take("a")

    assert (await saga.run(code(body))).status == "compensated"


async def test_a_ticket_is_issued_in_the_end(saga: SagaTest) -> None:
    """What cannot be refused is tried until it succeeds, however long that takes."""
    saga.stub(Flights.issue_ticket).fails(times=50).returns(Ticket("T1"))
    run = await saga.run(book_trip, TRIP)
    assert run.result.ticket == "T1"
    assert run.commands[-1].arguments == {"request": IssueTicket("example")}
    assert run.commands[-1].attempts == 51
