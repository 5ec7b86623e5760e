"""Handlers that take long find no place, and perhaps not even room to wait for one."""

import asyncio

import pytest

from contracts.answers import Failure
from participants.sdk import Worker, long_run
from participants.sdk.long_places import Places
from participants.sdk.long_run import LongRun, Why
from tests.unit.participants.archive import Hand, participant_of_archive, said, unwalk, walk
from tests.unit.participants.test_long_without_barrier import Process

ROOM = 1 + 10
"""Of a process with one place."""


async def full() -> Process:
    """It has one place, and as many commands as it takes."""
    one = Process(places=1)
    assert await one.apart.handle([one.call(walk(step=step)) for step in range(1, ROOM + 1)]) == [None] * ROOM
    return one


async def refused(one: Process, attempt: int = 1, step: int = ROOM + 1) -> Failure:
    """The answer to one that was sent away."""
    message = walk(step=step, attempt=attempt)
    (answered,) = await one.apart.handle([one.call(message)])
    assert answered is not None
    assert isinstance(answered.answer, Failure)
    assert said(message, answered.answer) == f"{attempt} failed no_place"
    return answered.answer


async def test_what_comes_beyond_is_sent_away_and_nothing_is_begun() -> None:
    """It is to come again, and that is none of its attempts. What is there already is not sent away."""
    one = await full()
    problem = (await refused(one)).problem
    assert (problem.retryable, problem.counts) == (True, False)
    again = [one.call(walk(step=step, attempt=2)) for step in range(1, ROOM + 1)]
    assert await one.apart.handle(again) == [None] * ROOM
    for _ in range(3 * ROOM):
        one.hand.steps.release()
    assert (await one.said(4 * ROOM))[-1] == "2 succeeded 3"
    assert len(one.hand.lasts) == ROOM


async def test_it_is_taken_when_it_comes_again_and_there_is_room() -> None:
    """As if it had never been there."""
    one = await full()
    await refused(one)
    for _ in range(3):
        one.hand.steps.release()
    assert (await one.said(4))[3] == "1 succeeded 3"
    async with asyncio.timeout(10):
        while one.apart.long._places.full:  # noqa: ASYNC110 (the fact is not an event of anybody's)
            await asyncio.sleep(0)
    assert await one.apart.handle([one.call(walk(step=ROOM + 1, attempt=2))]) == [None]
    await refused(one, step=ROOM + 2)


async def test_an_undo_is_never_sent_away() -> None:
    """Neither of what waits, nor of what was sent away: somebody may have done something."""
    one = await full()
    await refused(one)
    undos = [one.call(unwalk(step=step)) for step in (2, ROOM + 1)]
    assert await one.apart.handle(undos) == [None, None]
    assert await one.said(2) == ["undo 1 succeeded null"] * 2


async def test_whoever_is_sent_away_again_and_again_waits_longer() -> None:
    """For minutes in the end, and not all of them for the same time."""
    one = await full()
    waits = [(await refused(one, attempt)).problem.retry_after_ms or 0 for attempt in range(1, 20)]
    assert all(500 <= wait <= 1_000 for wait in waits[:1])
    assert all(150_000 <= wait <= 300_000 for wait in waits[-10:])
    assert len({(await refused(one, 1, step)).problem.retry_after_ms for step in range(20, 30)}) > 5


async def test_whoever_waits_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that no attempt is given up for it. Once its handler is called, that is for the handler to say."""
    monkeypatch.setattr(long_run, "PATIENCE_S", 0.001)
    one = Process(places=1)
    await one.apart.handle([one.call(walk(1, step=1)), one.call(walk(1, step=2, timeout_ms=3))])
    assert await one.said(2) == ["1 progress null"] * 2
    await one.apart.handle([one.call(walk(1, step=2, attempt=2, timeout_ms=3))])
    async with asyncio.timeout(10):
        while one.replies[-1] != "2 progress null":  # noqa: ASYNC110 (the fact is not an event of anybody's)
            await asyncio.sleep(0)
    one.hand.steps.release()
    one.hand.steps.release()
    async with asyncio.timeout(10):
        while one.replies[-1] != "2 succeeded 1":  # noqa: ASYNC110 (the fact is not an event of anybody's)
            await asyncio.sleep(0)
    assert one.replies[-3:-1] == ["1 succeeded 1", "2 progress 1"]


@pytest.mark.parametrize(("timeout_ms", "every_s"), [(None, None), (60_000, 20.0), (1, long_run.PATIENCE_S)])
def test_so_often(timeout_ms: int | None, every_s: float | None) -> None:
    """Three times while it is waited for, but not without end where that is next to nothing."""
    one = Process()
    assert LongRun(one.call(walk(timeout_ms=timeout_ms)), None, one._reply).patience_s == every_s


async def test_no_place_is_lost_to_who_is_told_to_end() -> None:
    """Also in the moment in which it would have had one."""
    one, places = Process(), Places(1)
    first, second, third = (LongRun(one.call(walk(step=step)), None, one._reply) for step in (1, 2, 3))
    assert await places.take(first)
    for ticks in range(6):
        waiting = asyncio.create_task(places.take(second))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        places.give_back()
        for _ in range(ticks):
            await asyncio.sleep(0)
        second.stop(Why.UNDONE)
        if await waiting:
            places.give_back()
        async with asyncio.timeout(10):
            assert await places.take(third)
        second.why = None


def test_a_worker_needs_a_place() -> None:
    """It would take nothing for ever."""
    with pytest.raises(ValueError, match="long_handlers=0"):
        Worker(participant_of_archive(Hand("one"), barrier=False), kafka="", database=None, long_handlers=0)
