"""Waiting for a fact."""

import asyncio
from collections.abc import Callable


async def until(true: Callable[[], bool]) -> None:
    """Lets everything else run until that is so."""
    while not true():  # noqa: ASYNC110 (the fact is not an event of anybody's)
        await asyncio.sleep(0)
