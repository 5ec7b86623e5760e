"""Long work on the event loop, in slices: others have their turns in between."""

import asyncio
import time
from collections.abc import Generator
from typing import TypeVar

Done = TypeVar("Done")
_SLICE_S = 0.005


async def in_slices(work: Generator[None, None, Done], slice_s: float = _SLICE_S) -> Done:
    """What the work comes to. It is closed when whoever waits for it goes away."""
    try:
        while True:
            until = time.perf_counter() + slice_s
            next(work)
            while time.perf_counter() < until:
                next(work)
            await asyncio.sleep(0)
    except StopIteration as end:
        return end.value
    finally:
        work.close()
