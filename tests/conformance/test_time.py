"""The store's clock: one for all who ask."""

import time

from coordinator.runtime.ports import SagaStore


async def test_it_says_what_time_it_is(store: SagaStore) -> None:
    """In ms since 1970, and never back."""
    first, second = await store.time(), await store.time()
    assert first <= second
    assert abs(second - time.time() * 1e3) < 60_000
