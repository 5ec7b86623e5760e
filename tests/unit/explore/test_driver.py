"""One saga in hand: answered, woken, cancelled, crashed and forked."""

import asyncio

import msgspec
import pytest

from contracts.answers import Success
from contracts.failures import Problem
from contracts.values import UnreadableValue
from coordinator.catalogue.book_trip import book_trip
from coordinator.engine.facts import Accepted, Conflict, Ignored, Known
from coordinator.explore.driver import Driver
from coordinator.saga import Refused, Signal, saga
from tests.sagas import Shop

TRIP = {"trip_id": "1", "traveller": "Ada", "destination": "Lisbon", "card": "4242", "pause": 60}
ONE, TWO, THREE = (f"book_trip:explored:{step}" for step in (1, 2, 3))


def booked() -> Driver:
    """A trip with its flight and its hotel."""
    driver = Driver(book_trip)
    driver.start(TRIP)
    driver.succeed(ONE, {"ref": "F", "price": 100})
    driver.succeed(TWO, {"ref": "H", "price": 200})
    return driver


def test_from_start_to_end() -> None:
    """Commands wait until they are answered, and a sleep until the clock is moved."""
    driver = booked()
    assert not driver.out
    driver.wake()
    assert [send.type for send in driver.out.values()] == ["payments.charge"]
    driver.succeed(THREE, {"charge": "C", "amount": 300})
    driver.succeed(f"{THREE[:-1]}4", {"number": "T"})
    assert driver.outcome == {"result": {"flight": "F", "hotel": "H", "charge": "C", "ticket": "T"}}


def test_going_back() -> None:
    """A refusal is followed by the undos, in reverse."""
    driver = booked()
    driver.wake()
    driver.refuse(THREE, "card_declined")
    assert list(driver.out) == [f"{TWO}:undo"]
    driver.succeed(f"{TWO}:undo")
    driver.succeed(f"{ONE}:undo")
    assert driver.status == "compensated"


def test_a_late_answer() -> None:
    """A command that timed out is answered late: its undo was sent, and nothing changes."""
    driver = Driver(book_trip)
    driver.start(TRIP)
    driver.pass_time(3_600_000)
    assert list(driver.late) == [ONE]
    decision = driver.succeed(ONE, {"ref": "F", "price": 100})
    assert isinstance(decision.verdicts[0], Ignored)
    assert not driver.late
    assert list(driver.out) == [f"{ONE}:undo"]


def test_an_attempt_that_failed_waits_for_the_clock() -> None:
    """Between two attempts nothing is out; the next one is sent when it is due."""
    driver = Driver(book_trip)
    driver.start(TRIP)
    driver.fail(ONE, retryable=True)
    assert not driver.out
    driver.wake()
    assert driver.out[ONE].attempt == 2


def test_a_pending_command_has_no_deadline() -> None:
    """Accepted for later: nothing is due, and it is still waited for."""
    driver = Driver(book_trip)
    driver.start(TRIP)
    driver.pend(ONE)
    assert driver.wake() is None
    assert list(driver.out) == [ONE]


def test_a_crash_changes_nothing() -> None:
    """After a crash the saga stands where it stood, and goes on."""
    driver = booked()
    before = driver.state
    driver.crash()
    assert driver.state == before
    driver.wake()
    assert list(driver.out) == [THREE]


def test_a_fork_goes_its_own_way() -> None:
    """What happens to the twin does not happen to the driver."""
    driver = booked()
    twin = driver.fork()
    twin.cancel()
    assert list(twin.out) == [f"{TWO}:undo"]
    assert driver.status == "running"
    assert not driver.out


def test_a_driver_begins_from_a_history() -> None:
    """The rows of one driver are enough for another: also what was sent and what has its answer."""
    driver = booked()
    driver.wake()
    again = Driver(book_trip, rows=driver.rows, now=driver.now)
    assert again.state == driver.state
    assert again.out == driver.out
    assert again.commands == driver.commands


def test_other_code_is_deployed() -> None:
    """A saga whose code no longer fits is parked by whatever comes next."""

    @saga(version=1)
    async def errand(shop: Shop) -> None:
        await shop.take("a")

    @saga(version=1, name="errand")
    async def changed(shop: Shop) -> None:
        raise Refused("closed")

    driver = Driver(errand)
    driver.start()
    driver.deploy(changed).wake()
    assert driver.state.parked_for == "code"


def test_the_same_answer_twice() -> None:
    """An answer may come again: the second one changes nothing."""
    driver = booked()
    assert isinstance(driver.succeed(TWO, {"ref": "H", "price": 200}).verdicts[0], Ignored)


def test_a_command_that_was_never_sent() -> None:
    """The error names what was sent."""
    driver = booked()
    with pytest.raises(LookupError, match=f"never sent. Sent were: {ONE}, {TWO}"):
        driver.succeed("book_trip:explored:9")


def test_an_input_that_does_not_fit() -> None:
    """A saga begins with an input of its type only."""
    with pytest.raises(UnreadableValue, match="missing required field"):
        Driver(book_trip).start({})


def test_several_facts_at_once() -> None:
    """Answers that waited together are one activation, taken in one by one."""
    driver = Driver(book_trip)
    driver.start(TRIP)
    reply = driver.reply(ONE, Success(msgspec.Raw(b'{"ref":"F","price":1}')))
    decision = driver.advance(reply, reply)
    assert isinstance(decision.verdicts[0], Accepted)
    assert isinstance(decision.verdicts[1], Ignored)
    assert len(driver.rows) == 2


def test_what_took_longer() -> None:
    """The same history at later times: timers that were started are due later, the deadline of the saga is not."""

    @saga(version=1, deadline="1h")
    async def slow(shop: Shop) -> None:
        await shop.take("a")
        await asyncio.sleep(60)

    driver = Driver(slow)
    driver.start()
    driver.succeed("slow:explored:1", "A")
    driver.take_longer(3_590_000)
    driver.wake()
    assert driver.status == "compensating"
    assert driver.state.cause == Problem("deadline_exceeded", "The saga did not end by its deadline.")


@saga(version=1)
async def listens(note: Signal[str]) -> list[str]:
    """Two of them."""
    return [await note, await note]


def test_signals_come_one_by_one() -> None:
    """Each under an id of its own; the same id again is the same signal."""
    driver = Driver(listens)
    driver.start()
    driver.signal("note", "a", id="signal-2")
    assert driver.signal("note", "a", id="signal-2").verdicts == (Known(),)
    driver.crash().signal("note", msgspec.Raw(b'"b"'))
    assert driver.outcome == {"result": ["a", "b"]}


def test_a_signal_that_nobody_takes_any_more() -> None:
    """The decision says why."""
    driver = Driver(listens)
    driver.start()
    driver.cancel()
    assert isinstance(driver.signal("note", "a").verdicts[0], Conflict)


def test_a_signal_that_does_not_fit() -> None:
    """A name and a value of the definition's only."""
    driver = Driver(listens)
    driver.start()
    with pytest.raises(LookupError, match=r"<saga listens v1> takes no signal 'notes': did you mean note\?"):
        driver.signal("notes", "a")
    with pytest.raises(LookupError, match=r"<saga listens v1> takes no signal 'x': it takes note\."):
        driver.signal("x", "a")
    with pytest.raises(UnreadableValue, match="The signal note cannot bring 7: Expected `str`, got `int`"):
        driver.signal("note", 7)
    assert len(driver.rows) == 1
