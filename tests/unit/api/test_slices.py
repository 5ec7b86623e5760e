"""Long work on the event loop gives way."""

import asyncio
from collections.abc import Generator

import pytest

from coordinator.api.slices import in_slices


def work(turns: int, closed: list[int]) -> Generator[None, None, str]:
    done = 0
    try:
        while done < turns:
            done += 1
            yield
    finally:
        closed.append(done)
    return "done"


@pytest.mark.parametrize(("slice_s", "expected"), [(0.0, [0]), (60.0, [])])
async def test_others_have_their_turns(slice_s: float, expected: list[int]) -> None:
    """Where slices are short, before it is through; where they are long it is through before."""
    closed: list[int] = []
    turns: list[int] = []
    asyncio.get_running_loop().call_soon(lambda: turns.append(len(closed)))
    assert await in_slices(work(20, closed), slice_s) == "done"
    assert (closed, turns) == ([20], expected)


async def test_what_it_raises_comes_through() -> None:
    """As from a call."""

    def broken() -> Generator[None, None, str]:
        yield
        raise KeyError("seat")

    with pytest.raises(KeyError, match="seat"):
        await in_slices(broken())


async def test_it_is_closed_when_nobody_waits_any_more() -> None:
    """A client has hung up."""
    closed: list[int] = []
    task = asyncio.create_task(in_slices(work(1_000_000_000, closed), 0.0))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(closed) == 1
