"""Signals in a test: planned, sent by hand, too late, or forgotten."""

import asyncio

import msgspec
import pytest

from contracts.values import UnreadableValue
from coordinator.history.signals import SignalReceived
from coordinator.saga import Refused, Signal
from coordinator.saga import saga as declared
from coordinator.testing import DoesNotFit, SagaTest, Unreached, Unsent
from tests.sagas import Shop


class Approval(msgspec.Struct, frozen=True):
    """A person's answer."""

    by: str
    approved: bool = True


@declared(version=1, key="{item}")
async def buy(item: str, shop: Shop, approval: Signal[Approval]) -> str:
    """Takes, asks for a day at most, pays."""
    await shop.take(item)
    async with asyncio.timeout(86_400):
        decision = await approval
    if not decision.approved:
        raise Refused("not_approved")
    await shop.pay(1)
    return decision.by


@declared(version=1)
async def collects(shop: Shop, note: Signal[str]) -> str:
    """Hears notes until it is told to stop."""
    heard = ""
    async for each in note:
        if each == "stop":
            break
        heard += each
        await shop.look(each)
    return heard


@declared(version=1)
async def patient(shop: Shop, approval: Signal[Approval]) -> str:
    """Waits for as long as it takes."""
    await shop.take("a")
    return (await approval).by


async def test_a_signal_comes_when_it_is_waited_for(saga: SagaTest) -> None:
    """No time passes, and the run tells what was taken."""
    saga.signal("approval").comes(Approval("Ann"))
    before = saga.clock.now
    run = await saga.run(buy, "a")
    assert run.result == "Ann"
    assert run.signals == [("approval", Approval("Ann"))]
    assert saga.clock.now == before
    saga.check_reached()


async def test_a_signal_that_is_a_no(saga: SagaTest) -> None:
    """What was done is undone."""
    saga.signal("approval").comes({"by": "Ann", "approved": False})
    run = await saga.run(buy, "a")
    assert run.status == "compensated"
    assert run.undone == [Shop.give_back]


async def test_a_signal_comes_after_a_while(saga: SagaTest) -> None:
    """The clock jumps to it, if nothing is due before."""
    saga.stub(Shop.take).replies_late(after="1s")
    saga.signal("approval").comes(Approval("Ann"), after="23h")
    run = await saga.run(buy, "a")
    assert run.result == "Ann"
    (came,) = (event for event in run.history if isinstance(event, SignalReceived))
    assert came.at - run.history[0].at == 23 * 3_600_000 + 1_000


async def test_a_signal_that_comes_too_late(saga: SagaTest) -> None:
    """The timeout was there before it."""
    saga.signal("approval").comes_too_late(Approval("Ann"), after="25h")
    run = await saga.run(buy, "a")
    assert run.status == "compensated"
    assert run.problem is not None
    assert run.problem.type == "timeout"
    saga.check_reached()


async def test_no_signal(saga: SagaTest) -> None:
    """Time passes."""
    run = await saga.run(buy, "a")
    assert (run.status, run.signals) == ("compensated", [])


async def test_signals_follow_each_other(saga: SagaTest) -> None:
    """One for each wait, in the order of the plan; each saga of the test is sent them anew."""
    saga.signal("note").comes("a").comes("b", after="1h").comes("stop")
    assert [(await saga.run(collects)).result for _ in range(2)] == ["ab", "ab"]
    saga.check_reached()


async def test_the_next_signal_waits_for_its_wait(saga: SagaTest) -> None:
    """Whatever else happens while one is on its way: the next one's time counts from when the code waits for it."""

    @declared(version=1)
    async def hears_two(shop: Shop, note: Signal[str]) -> None:
        async def listen() -> None:
            await note
            await note

        await asyncio.gather(listen(), shop.look("a"))

    saga.stub(Shop.look).replies_late(after="1s")
    saga.signal("note").comes("a", after="1h").comes("b", after="1h")
    run = await saga.run(hears_two)
    came = [event.at - run.history[0].at for event in run.history if isinstance(event, SignalReceived)]
    assert came == [3_600_000, 2 * 3_600_000]


async def test_a_plan_that_goes_on(saga: SagaTest) -> None:
    """A saga that waits already is sent what is added."""
    saga.signal("note").comes("a")
    run = await (await saga.start(collects)).until(Shop.look)
    await run.until("note")
    saga.signal("note").comes("stop", after="1h")
    await saga.clock.advance("59m")
    assert run.status == "running"
    await saga.clock.advance("1m")
    assert run.result == "a"
    saga.check_reached()


async def test_signals_by_hand(saga: SagaTest) -> None:
    """What comes before it is waited for is kept, and the same id again is the same signal."""
    run = await saga.start(collects)
    assert run.waiting_for_signals == ["note"]
    for value, id in [("a", "1"), ("b", "2"), ("b", "2"), ("stop", None)]:
        await run.signal("note", value, id=id)
    assert run.waiting_for_signals == []
    assert (await run.finish()).result == "ab"


async def test_what_by_hand_cannot_be(saga: SagaTest) -> None:
    """A name, a value or an id that does not fit, and a saga that takes no more."""
    run = await saga.start(patient)
    with pytest.raises(LookupError, match=r"did you mean approval\?"):
        await run.signal("aproval", Approval("Ann"))
    with pytest.raises(UnreadableValue, match="The signal approval cannot bring 7: Expected `object`"):
        await run.signal("approval", 7)
    with pytest.raises(AssertionError, match="1 to 200 printable characters"):
        await run.signal("approval", Approval("Ann"), id="")
    await run.cancel()
    with pytest.raises(AssertionError, match="The saga goes back: it takes no signals any more"):
        await run.signal("approval", Approval("Ann"))


async def test_until_a_signal_is_waited_for(saga: SagaTest) -> None:
    """There, somebody cancels."""
    run = await (await saga.start(buy, "a")).until("approval")
    assert repr(run) == "<buy:a is running; succeeded: shop.take; waiting for: the signal approval>"
    await run.cancel()
    assert (await run.finish()).undone == [Shop.give_back]


async def test_until_a_signal_that_is_never_waited_for(saga: SagaTest) -> None:
    """The error says where the saga stands instead."""
    saga.stub(Shop.take).refuses("sold_out")
    run = await saga.start(buy, "a")
    with pytest.raises(AssertionError, match=r"The signal approval was not waited for\. <buy:a is failed"):
        await run.until("approval")


async def test_a_wait_that_nothing_ends(saga: SagaTest) -> None:
    """It is said what to write, rather than waited for."""
    with pytest.raises(Unsent) as caught:
        await saga.run(patient)
    assert str(caught.value) == (
        "patient:1 waits for the signal approval, and nothing says that one comes. "
        'Write saga.signal("approval").comes(Approval(…)).'
    )


async def test_a_wait_behind_the_last_signal(saga: SagaTest) -> None:
    """It is said what was planned."""
    saga.signal("note").comes("a")
    with pytest.raises(Unsent, match=r'Go on with saga\.signal\("note"\)\.comes\(…\)\.comes\(str\(…\)\)\.'):
        await saga.run(collects)


async def test_a_value_that_does_not_fit(saga: SagaTest) -> None:
    """An error when it is sent."""
    saga.signal("approval").comes("yes")
    with pytest.raises(UnreadableValue, match='The signal approval cannot bring "yes": Expected `object`'):
        await saga.run(buy, "a")


async def unreached(saga: SagaTest) -> str:
    """What the error says."""
    await saga.run(buy, "a")
    with pytest.raises(Unreached) as caught:
        saga.check_reached()
    return str(caught.value)


async def test_a_signal_that_nobody_waits_for(saga: SagaTest) -> None:
    """A test that passes without it says nothing about it."""
    saga.signal("approval").comes(Approval("Ann")).comes(Approval("Bob"))
    assert await unreached(saga) == (
        'The test passed without saga.signal("approval").comes(…).comes(…): no code waited for it, or not for its last '
        "part. Take it out, or find out why."
    )


async def test_a_signal_that_nobody_takes(saga: SagaTest) -> None:
    """If that is meant, it can be said."""
    saga.signal("approval").comes(Approval("Ann"), after="2d")
    assert "it came and no code took it, so it comes too late, which .comes_too_late(…) says" in await unreached(saga)


async def test_a_signal_that_is_not_too_late(saga: SagaTest) -> None:
    """It was meant to be."""
    saga.signal("approval").comes_too_late(Approval("Ann"), after="2h")
    assert ": it was taken after all. " in await unreached(saga)


async def test_a_stub_and_a_signal_that_are_both_unreached(saga: SagaTest) -> None:
    """Both are named."""
    saga.stub(Shop.take).refuses("sold_out")
    saga.stub(Shop.pay).refuses("poor")
    saga.signal("approval").comes_too_late(Approval("Ann"), after="2h")
    assert await unreached(saga) == (
        "The test passed without saga.stub(Shop.pay).refuses('poor'): no command met it, or none its last part; and "
        'without saga.signal("approval").comes_too_late(…): it never came. Take it out, or find out why.'
    )


async def test_a_signal_survives_everything(saga: SagaTest) -> None:
    """Killed before and behind it, sent twice: bought. Come when all else is over, the timeout was before it."""
    saga.signal("approval").comes(Approval("Ann"))
    report = await saga.crash_everywhere(buy, "a")
    assert report.statuses == {"completed", "compensated"}
    assert "the signal approval (number 1) comes twice" in report.ended["completed"]
    assert "a crash before row 3 is kept (signal approval received (number 1))" in report.ended["completed"]
    assert report.ended["compensated"] == ("the signal approval (number 1) comes when all else is over",)


async def test_a_signal_that_makes_a_difference_after_a_crash(saga: SagaTest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Code that depends on more than what came is found out behind its signal."""
    calls: list[int] = []

    @declared(version=1)
    async def forgets(shop: Shop, note: Signal[str]) -> None:
        calls.append(1)
        await note
        await (shop.take("a") if len(calls) % 2 else shop.lend("a"))

    saga.signal("note").comes("x")
    with pytest.raises(AssertionError, match="forgets does not go on after a crash as it would have without"):
        await saga.crash_everywhere(forgets)


async def test_its_own_history_fits_and_others_do_not(saga: SagaTest) -> None:
    """Code that asks for another signal is told so, with its line."""
    saga.signal("approval").comes(Approval("Ann"))
    run = await saga.run(patient)
    assert (await saga.replay(patient, run.history)).result == "Ann"

    @declared(version=1, name="patient")
    async def changed(shop: Shop, approval: Signal[Approval], consent: Signal[Approval]) -> str:
        await shop.take("a")
        return (await consent).by

    with pytest.raises(DoesNotFit) as caught:
        await saga.replay(changed, run.history)
    assert "Found: the code asks for waiting for the signal consent" in str(caught.value)
    assert ": return (await consent).by\n" in str(caught.value)
