"""The floor of one saga at a time: the same chain of four commits and six Kafka hops, and nothing else.

One process commits and sends, another one answers: aiokafka and asyncpg as they come, no barrier, no engine, no HTTP.
"""

import os
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from time import perf_counter

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from benchmarks.chain_echo import Ends
from benchmarks.floor_kafka import make_topics, reading, writing
from benchmarks.floor_rows import statements
from coordinator.cli.processes import Part

WARM_UP_S = 1.0
_VALUE = b'{"work":{"number":1,"refuse":false,"padding":"' + b"x" * 150 + b'"}}'

Once = Callable[[], Awaitable[None]]


@asynccontextmanager
async def chain(bootstrap: str, database_url: str, logs: Path) -> AsyncGenerator[Once]:
    """Runs the chain once at each call. The database is one of its own, with the schema of the store."""
    ends = Ends(bootstrap, f"chain-{os.getpid()}-commands", f"chain-{os.getpid()}-replies")
    await make_topics(bootstrap, (ends.commands, ends.replies))
    echo = Part("chain_echo", ("-m", "benchmarks.chain_echo", *ends.words), {}, logs / "chain_echo.log")
    await echo.start()
    try:
        async with reading(bootstrap, ends.replies) as consumer, writing(bootstrap) as producer:
            connection = await asyncpg.connect(database_url)
            try:
                yield await _prepared(connection, ends, consumer, producer)
            finally:
                await connection.close()
    finally:
        await echo.stop()


async def one_at_a_time(once: Once, seconds: float) -> list[float]:
    """How long each took, in seconds."""
    latencies: list[float] = []
    begin = perf_counter()
    while (start := perf_counter()) < begin + seconds:
        await once()
        latencies.append(perf_counter() - start)
    return latencies


async def _prepared(
    connection: asyncpg.Connection, ends: Ends, consumer: AIOKafkaConsumer, producer: AIOKafkaProducer
) -> Once:
    transitions = [(await connection.prepare(sql), given) for sql, given in (e.positional() for e in statements())]
    count = 0

    async def once() -> None:
        nonlocal count
        count += 1
        saga_id = f"chain:{count}"
        for statement, given in transitions[:-1]:
            await statement.fetch(saga_id, *given)
            # Not waited for: the answer says that it went out.
            await producer.send(ends.commands, _VALUE, saga_id.encode())
            await consumer.getone()
        statement, given = transitions[-1]
        await statement.fetch(saga_id, *given)

    await one_at_a_time(once, WARM_UP_S)
    return once
