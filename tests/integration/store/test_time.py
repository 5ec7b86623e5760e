"""Postgres tells the time, and a test may move it."""

from coordinator.store.connection import Pool, connect
from coordinator.store.saga_store import PostgresStore

MONTH_MS = 30 * 24 * 3_600_000


async def test_the_clock_is_movable(pool: Pool, store: PostgresStore, migrated_url: str) -> None:
    """For a whole database, without touching the machine's clock: whoever connects from then on lives in the future."""
    ((name,),) = await pool.fetch("SELECT current_database()")
    await pool.execute(f"ALTER DATABASE \"{name}\" SET amends.clock_ahead = '30 days'")
    elsewhere = await connect(migrated_url, pool_size=1)
    ahead = await PostgresStore(elsewhere).time() - await store.time()
    await elsewhere.close()
    assert abs(ahead - MONTH_MS) < 60_000
