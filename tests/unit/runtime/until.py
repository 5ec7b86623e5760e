"""Waiting for a fact."""

import asyncio
from collections.abc import Callable


async def until(true: Callable[[], object]) -> None:
    """Lets everything else run until that is so."""
    while not true():  # noqa: ASYNC110 (the fact is not an event of anybody's)
        await asyncio.sleep(0)


async def until_soon(true: Callable[[], object], within_s: float = 30.0) -> None:
    """Waits until that is so, where servers take part. Raises TimeoutError when it takes too long."""
    changed = asyncio.Event()
    loop = asyncio.get_running_loop()

    def look() -> None:
        if true():
            changed.set()
        elif not changed.is_set():
            loop.call_later(0.005, look)

    look()
    try:
        async with asyncio.timeout(within_s):
            await changed.wait()
    finally:
        changed.set()
