"""A handler that hangs is cancelled; all others never notice the limit."""

import asyncio

import pytest

from participants.sdk.limit import Limit

SHORT_S = 0.02


async def hang() -> None:
    await asyncio.Event().wait()


async def answer(value: int) -> int:
    await asyncio.sleep(0)
    return value


async def test_a_result_and_an_error_pass() -> None:
    """Within the limit nothing is changed, however many run after one another."""
    limit = Limit(30)
    assert [await limit.run(answer(number)) for number in range(3)] == [0, 1, 2]
    with pytest.raises(LookupError):
        await limit.run(fail())
    assert not limit.expired


async def fail() -> None:
    raise LookupError


async def test_what_hangs_is_cancelled() -> None:
    """And again the next time, since each has the whole limit; the task that awaits them goes on."""
    limit = Limit(SHORT_S)
    for _ in range(2):
        with pytest.raises(TimeoutError):
            await limit.run(hang())
        assert limit.expired
        assert await limit.run(answer(1)) == 1
        assert not limit.expired
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_a_timeout_of_its_own_is_no_expiry() -> None:
    """What the coroutine raises itself is told apart."""
    limit = Limit(30)
    with pytest.raises(TimeoutError):
        await limit.run(asyncio.wait_for(hang(), SHORT_S))
    assert not limit.expired


async def test_a_stop_is_no_expiry() -> None:
    """Whoever cancels the task sees it cancelled."""
    limit = Limit(30)
    begun = asyncio.Event()

    async def run() -> None:
        begun.set()
        await hang()

    task = asyncio.create_task(limit.run(run()))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not limit.expired


async def test_one_that_does_not_let_itself_be_cancelled_leaves_nothing_behind() -> None:
    """The task is not counted as cancelled after it."""
    limit = Limit(SHORT_S)

    async def stubborn() -> int:
        try:
            await hang()
        except asyncio.CancelledError:
            return 7
        return 0

    assert await limit.run(stubborn()) == 7
    assert limit.expired
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
