"""One turn of the probe; its figures are a line of JSON.

``python -m benchmarks.probe BOOTSTRAP DATABASE_URL RUN IN_FLIGHT SECONDS WARM_UP_S``
"""

import asyncio
import sys
import time
from collections.abc import Coroutine

import msgspec
import uvloop

from benchmarks.measured import Latencies
from benchmarks.probe.coordinator import Probe
from benchmarks.probe.kafka import reading, writing
from benchmarks.probe.messages import REPLIES, STEPS, topic
from benchmarks.probe.turn import Came
from coordinator.cli.serving import calm_collector
from coordinator.store.connection import connect
from coordinator.store.saga_store import PostgresStore

CONNECTIONS = 2


async def measured(
    bootstrap: str, database_url: str, run: str, in_flight: int, seconds: float, warm_up_s: float
) -> Came:
    """One load behind a short one that warms up. The database is empty before, with the schema of the store."""
    pool = await connect(database_url, pool_size=CONNECTIONS)
    topics = tuple(topic(run, name) for name in STEPS)
    try:
        async with reading(bootstrap, topic(run, REPLIES)) as consumer, writing(bootstrap) as producer:
            probe = Probe(PostgresStore(pool), producer, consumer, topics)
            running = asyncio.create_task(probe.run())
            try:
                await _unless(running, probe.load(in_flight, warm_up_s))
                return await _loaded(probe, running, in_flight, seconds)
            finally:
                running.cancel()
                await asyncio.wait([running])
    finally:
        await pool.close()


async def _loaded(probe: Probe, running: "asyncio.Task[None]", in_flight: int, seconds: float) -> Came:
    calm_collector()
    before = time.process_time()
    took = await _unless(running, probe.load(in_flight, seconds))
    cpu_s = time.process_time() - before
    latencies = Latencies(probe.latencies)
    sagas = len(probe.latencies)
    p50_ms, p99_ms = latencies.percentile_ms(50), latencies.percentile_ms(99)
    return Came(sagas / took, cpu_s / sagas * 1e6, p50_ms, p99_ms, probe.number)


async def _unless(running: "asyncio.Task[None]", load: Coroutine[None, None, float]) -> float:
    """The load, unless the probe fails meanwhile: then raises what it failed with."""
    loading = asyncio.create_task(load)
    await asyncio.wait([running, loading], return_when=asyncio.FIRST_COMPLETED)
    if running.done():
        loading.cancel()
        await running
    return await loading


def main(bootstrap: str, database_url: str, run: str, in_flight: str, seconds: str, warm_up_s: str) -> None:
    """The words of the command line."""
    came = uvloop.run(measured(bootstrap, database_url, run, int(in_flight), float(seconds), float(warm_up_s)))
    sys.stdout.write(msgspec.json.encode(came).decode() + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
