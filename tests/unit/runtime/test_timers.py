"""Wake-ups at the right time."""

import asyncio
from typing import Any

import pytest

from coordinator.engine.facts import Known, WakeUp
from coordinator.runtime.intake import Intake
from coordinator.runtime.limits import Limits
from coordinator.runtime.timers import Timers
from tests.unit.runtime.recording import Recording


class Hands:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1_000_000

    def __call__(self) -> int:
        return self.now


def timers(**limits: Any) -> tuple[Timers, Intake, Hands]:
    clock, bounds = Hands(), Limits(**limits)
    intake = Intake(bounds)
    return Timers(intake, clock, bounds, Recording()), intake, clock


async def woken(intake: Intake, count: int) -> set[str]:
    """Waits until so many sagas have mail, and takes them."""
    found: set[str] = set()
    while len(found) < count:
        for saga_id, letters in intake.take(1_000):
            found.add(saga_id)
            intake.release(saga_id)
            for letter in letters:
                letter.done(Known())
        await asyncio.sleep(0)
    return found


async def test_what_is_due_wakes_its_saga() -> None:
    """In time order, each once."""
    some, intake, clock = timers()
    some.set("a", clock.now + 5_000, None, 0, clock.now)
    some.set("b", clock.now, None, 0, clock.now)
    assert await woken(intake, 1) == {"b"}
    assert (len(some), some.due("a")) == (1, clock.now + 5_000)


async def test_a_timer_moved_later_does_not_fire_early() -> None:
    """What counts is the last time set."""
    some, intake, clock = timers()
    some.set("a", clock.now, None, 0, clock.now)
    some.set("a", clock.now + 60_000, None, 0, clock.now)
    some.set("b", clock.now, None, 0, clock.now)
    assert await woken(intake, 1) == {"b"}
    assert len(some) == 1
    clock.now += 60_000
    some.set("c", clock.now, None, 0, clock.now)
    assert await woken(intake, 2) == {"a", "c"}


async def test_a_forgotten_timer_does_not_fire() -> None:
    """Nor does one that was set to nothing."""
    some, intake, clock = timers()
    for each in "abc":
        some.set(each, clock.now, None, 0, clock.now)
    some.forget("a")
    some.set("b", None, None, 0, clock.now)
    assert await woken(intake, 1) == {"c"}


async def test_a_hundred_thousand_at_once_do_not_flood_the_mailboxes() -> None:
    """They come as fast as they are through, and no faster: nobody else waits behind more than a few dozen (T2)."""
    some, intake, clock = timers()
    for number in range(100_000):
        some.set(f"nap:{number}", clock.now, None, 0, clock.now)
    most = found = 0
    while found < 100_000:
        await asyncio.sleep(0)
        most = max(most, intake.size)
        for saga_id, letters in intake.take(500):
            found += 1
            intake.release(saga_id)
            letters[0].done(Known())
    assert most <= 50


async def test_half_of_the_time_is_left_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """When more are due than are woken together, the next ones wait for as long as those before them took (T2)."""
    some, intake, clock = timers()
    loop, seconds = asyncio.get_running_loop(), [1_000.0]
    monkeypatch.setattr(loop, "time", lambda: seconds[0])

    async def after(passed: float) -> int:
        seconds[0] += passed
        for _ in range(5):
            await asyncio.sleep(0)
        return intake.size

    for number in range(100):
        some.set(f"nap:{number}", clock.now, None, 0, clock.now)
    assert await after(0) == 50
    taken = intake.take(1_000)
    seconds[0] += 0.1
    for saga_id, letters in taken[:25]:
        intake.release(saga_id)
        letters[0].done(Known())
    some.set("another", clock.now, None, 0, clock.now)
    assert await after(0.09) == 0
    assert await after(0.02) == 25


async def test_wake_ups_wait_while_the_intake_is_full() -> None:
    """They go on when there is room again."""
    some, intake, clock = timers(facts_high=2, facts_low=1)
    for each in "ab":
        intake.offer(each, WakeUp(), lambda _: None)
    some.set("c", clock.now, None, 0, clock.now)
    for _ in range(10):
        await asyncio.sleep(0)
    assert not intake.holds("c")
    assert "c" in await woken(intake, 3)


async def test_what_is_far_ahead_is_left_to_the_table() -> None:
    """A saga that sleeps for a month takes no memory; what was known of it before is forgotten."""
    some, intake, clock = timers()
    some.set("a", clock.now, clock.now, 0, clock.now)
    some.set("a", clock.now + 30 * 86_400_000, clock.now + 30 * 86_400_000, 0, clock.now)
    some.set("b", clock.now + 60_000, None, 0, clock.now)
    some.set("c", clock.now, None, 0, clock.now)
    assert await woken(intake, 1) == {"c"}
    assert (len(some), some.due("a")) == (1, None)


async def test_the_row_that_is_known_does_not_move_the_timer() -> None:
    """A row that is early because it was not worth writing is passed over by the sweep."""
    some, _, clock = timers()
    some.set("a", clock.now + 9_000, clock.now - 1_000, 0, clock.now)
    some.expect("a", clock.now - 1_000, 0)
    assert some.due("a") == clock.now + 9_000


async def test_a_row_that_somebody_else_wrote_is_believed() -> None:
    """Then the saga is woken at the row's time."""
    some, _, clock = timers()
    some.set("a", clock.now + 9_000, clock.now - 1_000, 0, clock.now)
    some.expect("a", clock.now + 2_000, 0)
    assert some.due("a") == clock.now + 2_000


async def test_memory_is_bounded() -> None:
    """What is beyond stays in the table; the sweep sees that there is no room."""
    some, _, clock = timers(timers=2)
    for each in "abc":
        some.set(each, clock.now + 9_000, None, 0, clock.now)
    assert (len(some), some.room) == (2, False)
