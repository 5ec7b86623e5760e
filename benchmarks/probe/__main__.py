"""One turn of the probe; its figures are a line of JSON.

``python -m benchmarks.probe BOOTSTRAP DATABASE_URL RUN IN_FLIGHT SECONDS WARM_UP_S``
"""

import asyncio
import sys
import time

import msgspec
import uvloop

from benchmarks.floor_kafka import reading, writing
from benchmarks.measured import Latencies
from benchmarks.probe.coordinator import Probe
from benchmarks.probe.kafka import BATCHES
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
        async with reading(bootstrap, topic(run, REPLIES)) as consumer, writing(bootstrap, **BATCHES) as producer:
            probe = Probe(PostgresStore(pool), producer, consumer, topics)
            async with asyncio.TaskGroup() as group:
                running = group.create_task(probe.run())
                await probe.load(in_flight, warm_up_s)
                came = await _loaded(probe, in_flight, seconds)
                await probe.flush()
                running.cancel()
            return came
    finally:
        await pool.close()


async def _loaded(probe: Probe, in_flight: int, seconds: float) -> Came:
    calm_collector()
    before = time.process_time()
    took = await probe.load(in_flight, seconds)
    cpu_s = time.process_time() - before
    latencies = Latencies(probe.latencies)
    sagas = len(probe.latencies)
    p50_ms, p99_ms = latencies.percentile_ms(50), latencies.percentile_ms(99)
    return Came(sagas / took, cpu_s / sagas * 1e6, p50_ms, p99_ms, probe.number)


def main(bootstrap: str, database_url: str, run: str, in_flight: str, seconds: str, warm_up_s: str) -> None:
    """The words of the command line."""
    came = uvloop.run(measured(bootstrap, database_url, run, int(in_flight), float(seconds), float(warm_up_s)))
    sys.stdout.write(msgspec.json.encode(came).decode() + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
