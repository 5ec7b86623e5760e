"""Who begins when, by a clock that jumps: minutes of mail in a moment."""

import asyncio
from collections.abc import Coroutine, Iterable
from dataclasses import dataclass, field
from random import Random
from typing import Any

import msgspec
import pytest

from coordinator.engine.facts import Accepted, Fact, Signal, Start, WakeUp
from coordinator.runtime.departures import Boxes, Departures
from coordinator.runtime.intake import Intake
from coordinator.runtime.letter import Letter
from coordinator.runtime.limits import Limits
from tests.simulation.loop import SimulationLoop

NULL = msgspec.Raw(b"null")
LIMITS = Limits()
COMMIT_S = 0.004
HOUR_S = 3600.0


def timed(play: Coroutine[Any, Any, None]) -> None:
    """Plays it. Raises StepsSpent when it waits for what never comes."""
    loop = SimulationLoop(Random(1), 1_000_000)
    playing = loop.create_task(play)
    try:
        loop.run_until(playing.done)
        playing.result()
    finally:
        loop.close()


async def jump(seconds: float) -> None:
    """The clock is so much later; no time passes."""
    loop = asyncio.get_running_loop()
    there: asyncio.Future[None] = loop.create_future()
    loop.call_later(max(0.0, seconds), there.set_result, None)
    await there


@pytest.mark.parametrize("seed", range(40))
def test_who_begins_below_the_bound_never_waits(seed: int) -> None:
    """Eight in any 60 ms at most, in whatever bursts, and of none is anything ever heard."""
    random, kept = Random(seed), list[str]()
    eight, patience_s = LIMITS.first_steps, LIMITS.company_wait_ms / 1e3
    times = [0.0]
    while len(times) < 500:
        earliest = times[-eight] + patience_s * 1.001 if len(times) >= eight else 0.0
        times.append(max(times[-1] + random.choice((0.0, 0.0, 0.002, 0.01, 0.05)) * random.random(), earliest))

    async def play() -> None:
        departures = Departures(LIMITS, lambda company: kept.extend(company))
        begun = asyncio.get_running_loop().time()
        for number, at in enumerate(times):
            await jump(begun + at - asyncio.get_running_loop().time())
            if departures.keeps(f"{number}", Letter(WakeUp(), lambda verdict: None)):
                kept.append(f"{number} at {at}")
        assert len(departures.under_way) <= eight

    timed(play())
    assert kept == []


def test_who_waits_waits_no_longer_than_the_bound() -> None:
    """Though nothing is ever heard of anybody, and few or many come."""
    came: dict[str, float] = {}
    waits: list[float] = []

    async def play() -> None:
        now = asyncio.get_running_loop().time

        def depart(company: Boxes) -> None:
            waits.extend(now() - came[saga] for saga in company)

        departures = Departures(LIMITS, depart)
        random, rate = Random(7), 0
        for number in range(20_000):
            saga, rate = f"{number}", random.choice((20, 200, 2_000)) if number % 100 == 0 else rate
            came[saga] = now()
            departures.keeps(saga, Letter(WakeUp(), lambda verdict: None))
            await jump(random.expovariate(rate))
        await jump(1.0)
        assert not departures.gathered

    timed(play())
    assert len(waits) > 5_000
    assert max(waits) <= LIMITS.company_wait_ms / 1e3 + 1e-6


def test_a_company_counts_from_when_it_leaves() -> None:
    """For the door behind it as for the patience of the next one, and the time of the one before comes to nothing."""
    left: dict[str, float] = {}

    async def play() -> None:
        began = asyncio.get_running_loop().time()

        def leave(sagas: Iterable[str]) -> None:
            at_ms = round((asyncio.get_running_loop().time() - began) * 1e3)
            left.update(dict.fromkeys(sagas, at_ms))

        departures = Departures(Limits(first_steps=1, company_sagas=2), leave)
        for saga, at_ms in (("a", 0), ("b", 30), ("c", 40), ("d", 41), ("e", 50)):
            await jump(began + at_ms / 1e3 - asyncio.get_running_loop().time())
            if not departures.keeps(saga, Letter(WakeUp(), lambda verdict: None)):
                leave([saga])
        await jump(1.0)

    timed(play())
    assert left == {"a": 0, "b": 40, "c": 40, "d": 41, "e": 100}


@dataclass
class Post:
    """An intake, whoever empties it, and every letter by its number."""

    random: Random
    intake: Intake
    sent: dict[str, list[int]] = field(default_factory=dict[str, list[int]])
    """By saga, in the order handed in."""
    read: dict[str, list[int]] = field(default_factory=dict[str, list[int]])
    """Likewise, in the order committed."""
    begun: set[str] = field(default_factory=set[str])

    def send(self, saga_id: str, fact: Fact) -> None:
        """Hands a letter in, as the client does who sends it."""
        number = sum(map(len, self.sent.values()))
        self.sent.setdefault(saga_id, []).append(number)
        answer = self.intake.verdict(saga_id, fact)
        answer.add_done_callback(lambda _: self.read.setdefault(saga_id, []).append(number))

    def wake(self) -> None:
        """There is something to take."""
        asyncio.get_running_loop().call_soon(self.work)

    def work(self) -> None:
        """Takes what there is; its commit takes a while, and may come to nothing."""
        batch = self.intake.take(self.random.choice((1, 5, 500)))
        asyncio.get_running_loop().call_later(self.random.random() * 2 * COMMIT_S, self._committed, batch)

    def _committed(self, batch: list[tuple[str, list[Letter]]]) -> None:
        for saga_id, letters in batch:
            if self.random.random() < 0.1:
                self.intake.put_back(saga_id, letters)
                continue
            for letter in letters:
                letter.done(Accepted())
            asks = saga_id not in self.begun and self.random.random() < 0.8
            self.begun.add(saga_id)
            self.intake.release(saga_id, asks)
            if asks and self.random.random() < 0.9:
                asyncio.get_running_loop().call_later(self.random.expovariate(50), self.send, saga_id, WakeUp())
        if self.intake.sagas_waiting:
            self.work()


@pytest.mark.parametrize("seed", range(30))
def test_nothing_is_lost_and_nothing_overtaken(seed: int) -> None:
    """Starts at any rate, sent again, with mail at their heels, commits that come to nothing, first steps of which
    nothing is heard: every letter is committed once, each saga's in their order, and the counts come out even."""
    random = Random(seed)
    few, most = random.choice((1, 2, 8)), random.choice((1, 2, 3, 48))
    limits = Limits(first_steps=few, company_sagas=most, company_door_ms=random.choice((0, 0, 3)))
    stops_at = random.choice((None, None, random.randrange(1_000)))

    async def play() -> None:
        post = Post(random, Intake(limits))
        post.intake.on_mail = post.wake
        for number in range(1_000):
            saga_id = f"{number}"
            post.send(saga_id, Start("trip", 1, NULL))
            for after in range(random.choice((0, 0, 1, 3))):
                again = Start("trip", 1, NULL) if random.random() < 0.3 else Signal("hello", f"{after}", NULL)
                asyncio.get_running_loop().call_later(random.random() * 0.05, post.send, saga_id, again)
            if number == stops_at:
                post.intake.close()
            await jump(random.expovariate(random.choice((50, 500, 5_000))))
        await jump(HOUR_S)
        assert post.read == post.sent
        assert (post.intake.size, post.intake.idle, list(post.intake.gathered)) == (0, True, [])

    timed(play())
