"""Sagas that read a clock: what cannot be gone through is said."""

import asyncio

from coordinator.explore.exploration import explore
from coordinator.saga import saga
from tests.sagas import Shop


def test_a_saga_that_reads_its_clock_is_cut() -> None:
    """It might do something else if the answer took longer: these are not all outcomes, and it is said."""

    @saga(version=1)
    async def hurries(shop: Shop) -> None:
        clock = asyncio.get_running_loop()
        began = clock.time()
        await shop.take("a")
        if clock.time() > began + 3:
            await shop.take("b")

    (cut,) = explore(hurries).cut
    assert "The saga reads its loop's clock" in cut


def test_timers_and_timeouts_are_gone_through() -> None:
    """They read the clock too, and tell the saga; so nothing is cut."""

    @saga(version=1)
    async def waits(shop: Shop) -> None:
        try:
            async with asyncio.timeout(3):
                await asyncio.sleep(1)
                await asyncio.wait_for(shop.take("a"), 1)
            await asyncio.wait([asyncio.create_task(shop.look("a"))], timeout=2)
        except TimeoutError:
            return

    assert explore(waits).complete
