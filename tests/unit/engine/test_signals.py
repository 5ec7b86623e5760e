"""Signals: kept until they are taken, each taken once, in order, and none lost."""

import asyncio
from typing import Any

import msgspec
import pytest

from contracts.answers import Success
from coordinator.engine.facts import Accepted, Conflict, Known, Signal, Unfit
from coordinator.history.parking import SagaResumed
from coordinator.history.signals import (
    SignalAbandoned,
    SignalAwaited,
    SignalDeferred,
    SignalReceived,
    SignalTaken,
)
from coordinator.saga import SagaDefinition, saga
from coordinator.saga import Signal as Signals
from coordinator.saga.runtime import OutsideOfSaga
from tests.sagas import SagaDriver, Shop


class Approval(msgspec.Struct):
    """A person's answer."""

    by: str
    approved: bool = True


@saga(version=1)
async def buy(shop: Shop, approval: Signals[Approval]) -> str:
    """Takes, asks, pays."""
    taken = await shop.take("a")
    decision = await approval
    await shop.pay(1)
    return f"{taken} by {decision.by}"


def at_the_wait() -> SagaDriver:
    return SagaDriver(buy).start().succeeds("shop.take", "A").expects()


def test_a_saga_waits_for_a_signal_with_nothing_due() -> None:
    """It is neither parked nor woken: only the signal moves it."""
    saga = at_the_wait().is_("running")
    assert saga.in_ms is None
    saga.signals("approval", {"by": "Ann"}).expects("shop.pay").succeeds("shop.pay", 1).is_("completed")
    assert saga.result == "A by Ann"


def test_the_history_says_who_waited_and_what_was_taken() -> None:
    """A wait, what came, and which of it ended the wait."""
    saga = at_the_wait().signals("approval", {"by": "Ann"}, id="one")
    assert saga.of(SignalAwaited) == [SignalAwaited(1, "approval", saga.now)]
    received = SignalReceived(1, "approval", "one", msgspec.Raw(b'{"by":"Ann"}'), saga.now)
    assert saga.of(SignalReceived) == [received]
    assert saga.of(SignalTaken) == [SignalTaken(1, saga.now, 1)]


def test_a_signal_before_the_wait_is_kept() -> None:
    """It is taken when the code asks, and the code does not wait."""
    saga = SagaDriver(buy).start().signals("approval", {"by": "Ann"}).expects()
    saga.restarts().succeeds("shop.take", "A").expects("shop.pay")
    assert saga.of(SignalAwaited) == []


def test_the_same_id_is_the_same_signal() -> None:
    """Sent again before or after it was taken, it changes nothing."""
    saga = SagaDriver(buy).start().signals("approval", {"by": "Ann"}, id="one")
    for _ in range(2):
        assert saga.unchanged_by(lambda: saga.signals("approval", {"by": "Bob"}, id="one"))
        assert saga.verdict == Known()
        saga.restarts().succeeds("shop.take", "A")
    assert len(saga.of(SignalReceived)) == 1


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    """Nothing is written, and the message says what was probably meant."""
    saga = at_the_wait()
    assert saga.unchanged_by(lambda: saga.signals("aproval", {"by": "Ann"}))
    assert saga.verdict == Unfit("buy version 1 takes no signal 'aproval': did you mean approval?", "name")


def test_a_value_that_does_not_fit_is_refused() -> None:
    """Nothing is written, and the message says where it does not fit."""
    saga = at_the_wait()
    assert saga.unchanged_by(lambda: saga.signals("approval", {"by": 7}))
    assert saga.verdict == Unfit("Expected `str`, got `int` - at `$.by`")


@pytest.mark.parametrize("id", ["a" * 201, "a\x00b", "a\nb"])
def test_an_id_that_cannot_be_kept_is_refused(id: str) -> None:
    """Postgres could not hold it, or nobody could read it."""
    saga = at_the_wait()
    assert saga.unchanged_by(lambda: saga.signals("approval", {"by": "Ann"}, id=id))
    assert saga.verdict == Unfit("A signal's id has 1 to 200 printable characters.", "id")


def test_nobody_signals_a_saga_that_goes_back_or_has_ended() -> None:
    """Nobody would take it."""
    saga = at_the_wait().cancel().is_("compensating")
    assert saga.unchanged_by(lambda: saga.signals("approval", {"by": "Ann"}))
    assert saga.verdict == Conflict("The saga goes back: it takes no signals any more.")
    saga.succeeds("undo shop.take").is_("compensated").signals("approval", {"by": "Ann"})
    assert saga.verdict == Conflict("The saga has ended: it is compensated. It takes no signals any more.")


def stuck(fails: bool, type_: Any = str) -> SagaDefinition:
    @saga(version=1, name="stuck")
    async def stuck(shop: Shop, note: Signals[type_]) -> Any:  # pyright: ignore[reportInvalidTypeForm]
        await shop.take("a")
        if fails:
            raise RuntimeError("a bug")
        return [await note, await note]

    return stuck


def parked() -> SagaDriver:
    return SagaDriver(stuck(fails=True)).start().signals("note", "first").succeeds("shop.take", "A").is_("parked")


def test_what_comes_while_the_code_is_stopped_is_taken_in_when_it_goes_on() -> None:
    """In the order in which it came, behind what was kept before."""
    saga = parked().signals("note", "second").is_("parked")
    assert len(saga.of(SignalDeferred)) == 1
    assert saga.unchanged_by(lambda: saga.signals("note", "second", id="signal-2"))
    assert saga.verdict == Known()
    saga.deploys(stuck(fails=False)).resume().is_("completed")
    assert saga.result == ["first", "second"]


def test_what_was_deferred_stays_so_while_the_code_stops_again() -> None:
    """A resume that comes to nothing loses nothing."""
    saga = parked().signals("note", "second").resume().is_("parked")
    saga.deploys(stuck(fails=False)).resume().is_("completed")
    assert saga.result == ["first", "second"]


def test_a_deferred_signal_that_the_new_code_cannot_read_parks_it() -> None:
    """It was accepted, so it is not dropped: the message says what to deploy."""
    saga = parked().signals("note", "second").deploys(stuck(fails=False, type_=int)).resume()
    assert isinstance(saga.verdict, Conflict)
    assert "The signal note with the id signal-1 does not fit the type" in saga.verdict.message
    later = SagaDriver(stuck(fails=True)).start().succeeds("shop.take", "A").is_("parked").signals("note", "first")
    later.deploys(stuck(fails=False, type_=int)).resume().is_("parked")
    assert "Deploy code that can read it" in later.parked_message
    later.deploys(stuck(fails=False)).resume().is_("running").signals("note", "last").is_("completed")
    assert (later.result, len(later.of(SagaResumed))) == (["first", "last"], 2)


def test_code_that_asks_for_another_signal_does_not_fit() -> None:
    """The message shows what the history has, and what the code wants."""

    @saga(version=1, name="buy")
    async def changed(shop: Shop, approval: Signals[Approval], consent: Signals[Approval]) -> str:
        await shop.take("a")
        return (await consent).by

    driver = at_the_wait().deploys(changed).wake().is_("parked")
    assert "Expected (event 4 of the history): waiting for the signal approval" in driver.parked_message
    assert "Found: the code asks for waiting for the signal consent" in driver.parked_message


@saga(version=1)
async def crossing(shop: Shop, note: Signals[str]) -> list[str]:
    """Two wait; the first is cancelled when the step is through."""
    waits = [asyncio.create_task(note.next()) for _ in range(2)]
    await shop.take("a")
    waits[0].cancel()
    heard = await asyncio.gather(*waits, return_exceptions=True)
    return ["cancelled" if isinstance(each, BaseException) else each for each in heard]


TAKEN = Success(msgspec.Raw(b'"A"'))


def test_a_signal_and_the_end_of_its_wait_in_one_activation() -> None:
    """Facts are taken in one by one: whoever is still waiting then has the signal."""
    driver = SagaDriver(crossing).start()
    x, y = (Signal("note", each, msgspec.Raw(f'"{each}"'.encode())) for each in "xy")
    driver.advance(x, driver.reply("shop.take", TAKEN), y).is_("completed")
    assert driver.result == ["x", "y"]
    driver = SagaDriver(crossing).start()
    driver.advance(driver.reply("shop.take", TAKEN), x).is_("completed")
    assert driver.result == ["cancelled", "x"]
    assert [event.wait for event in driver.of(SignalAbandoned)] == [1]


def test_a_saga_that_has_all_it_asked_for_ends_with_signals_left() -> None:
    """What nobody took stands in the history."""
    driver = SagaDriver(buy).start().signals("approval", {"by": "Ann"}).signals("approval", {"by": "Bob"})
    driver.succeeds("shop.take", "A").succeeds("shop.pay", 1).is_("completed")
    assert list(driver.machine.state.signals.kept) == [2]


def test_a_coroutine_left_waiting_for_a_signal_keeps_nobody() -> None:
    """As asyncio.run does: what the function leaves behind is cancelled when it returns."""

    @saga(version=1)
    async def leaves(shop: Shop, note: Signals[str]) -> str:
        left = asyncio.create_task(note.next())
        taken = await shop.take("a")
        del left
        return taken

    SagaDriver(leaves).start().succeeds("shop.take", "A").is_("completed")


def test_signals_belong_to_their_saga() -> None:
    """One that was carried out of it raises where it is awaited."""
    stolen: list[Signals[str]] = []

    @saga(version=1)
    async def carries_out(shop: Shop, note: Signals[str]) -> None:
        stolen.append(note)
        await shop.take("a")

    SagaDriver(carries_out).start()
    with pytest.raises(OutsideOfSaga, match="The signal note can only be awaited while its saga runs"):
        stolen[0].next().send(None)


def begins(driver: SagaDriver, value: dict[str, Any], id: str = "s") -> SagaDriver:
    return driver.start(sent=Signal("approval", id, msgspec.Raw(msgspec.json.encode(value))))


def test_a_start_with_a_signal() -> None:
    """Both are in the first row, or neither is; asked for again, it is the same saga with the same signal."""
    driver = begins(SagaDriver(buy), {"by": "Ann"})
    assert (driver.verdict, len(driver.rows)) == (Accepted(), 1)
    assert driver.unchanged_by(lambda: begins(driver, {"by": "Ann"}))
    assert driver.verdict == Known()
    assert begins(driver, {"by": "Bob"}, "t").verdict == Accepted(existing=True)
    driver.succeeds("shop.take", "A").succeeds("shop.pay", 1).is_("completed")
    assert driver.result == "A by Ann"


def test_a_start_with_a_signal_that_does_not_fit_starts_nothing() -> None:
    """Not even the saga."""
    driver = begins(SagaDriver(buy), {"by": 7})
    assert (driver.rows, driver.verdict) == ([], Unfit("Expected `str`, got `int` - at `$.by`"))


def test_a_start_with_a_signal_to_a_saga_that_has_ended() -> None:
    """The signal cannot be kept, and nothing is."""
    driver = SagaDriver(buy).start().refuses("shop.take").is_("failed")
    assert driver.unchanged_by(lambda: begins(driver, {"by": "Ann"}))
    assert driver.verdict == Conflict("The saga has ended: it is failed. It takes no signals any more.")
