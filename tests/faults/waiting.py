"""Waiting for a fact that can only be looked at."""

import asyncio
from collections.abc import Awaitable, Callable

WITHIN_S = 60.0
_LOOK_S = 0.05


async def until(fact: Callable[[], Awaitable[bool]], within_s: float = WITHIN_S) -> None:
    """Returns once it is so. Raises TimeoutError."""
    async with asyncio.timeout(within_s):
        while True:
            if await fact():
                return
            await asyncio.sleep(_LOOK_S)
