"""DBOS, on the same Postgres: its own processes, which load themselves, so that no client costs it anything."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from time import perf_counter

import asyncpg
import msgspec

from benchmarks.measured import Latencies, Measured
from benchmarks.peers.packages import DBOS, peers_python
from benchmarks.peers.turned import PeerFailed, Turn
from coordinator.cli.stack import Stack

PROCESSES = 2
IN_FLIGHT = 20
NAME = f"DBOS {DBOS} (Python, {PROCESSES} processes, same Postgres)"
_APP = Path(__file__).with_name("dbos_app.py")
_latencies = msgspec.json.Decoder(list[float])
_MOST_BYTES = 64 * 1024 * 1024


@asynccontextmanager
async def dbos(stack: Stack) -> AsyncGenerator[Turn]:
    """Running, in a database of its own. Raises PeerFailed."""
    python = await peers_python()
    await stack.servers.postgres.drop_database("peer_dbos")
    await stack.servers.postgres.create_database("peer_dbos")
    url = stack.servers.postgres.url("peer_dbos")
    log = stack.root / "logs" / "dbos.log"
    ended = 0
    async with AsyncExitStack() as running:
        # One after the other: the first makes the tables.
        apps = [await running.enter_async_context(_app(python, url, number, log)) for number in range(PROCESSES)]

        async def turn(in_flight: int, seconds: float) -> Measured:
            nonlocal ended
            shares = [in_flight // PROCESSES + (number < in_flight % PROCESSES) for number in range(PROCESSES)]
            used = [(app, share) for app, share in zip(apps, shares, strict=True) if share]
            begin = perf_counter()
            found = await asyncio.gather(*(_turn(app, share, seconds) for app, share in used))
            took = perf_counter() - begin
            latencies = [latency for each in found for latency in each]
            ended += len(latencies)
            return Measured(NAME, len(latencies), took, Latencies(latencies))

        yield turn
        await _check(url, ended)


@asynccontextmanager
async def _app(python: Path, url: str, number: int, log: Path) -> AsyncGenerator[asyncio.subprocess.Process]:
    with log.open("ab") as errors:
        process = await asyncio.create_subprocess_exec(
            *(python, _APP, url, f"executor-{number}"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            limit=_MOST_BYTES,
        )
    try:
        if await _line(process) != b"ready\n":
            raise PeerFailed(f"DBOS did not start; {log} says why.")
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


async def _turn(app: asyncio.subprocess.Process, in_flight: int, seconds: float) -> Sequence[float]:
    assert app.stdin is not None, "its input is a pipe"
    app.stdin.write(f"{in_flight} {seconds}\n".encode())
    line = await _line(app)
    if not line:
        raise PeerFailed(f"DBOS ended under load with {await app.wait()}.")
    return _latencies.decode(line)


async def _line(app: asyncio.subprocess.Process) -> bytes:
    assert app.stdout is not None, "its output is a pipe"
    return await asyncio.wait_for(app.stdout.readline(), 60)


async def _check(url: str, ended: int) -> None:
    """All that ended stands in its tables, with three steps each."""
    connection = await asyncpg.connect(url)
    try:
        done = await connection.fetchval("SELECT count(*) FROM dbos.workflow_status WHERE status = 'SUCCESS'")
        steps = await connection.fetchval("SELECT count(*) FROM dbos.operation_outputs")
    finally:
        await connection.close()
    if (done, steps) != (ended, 3 * ended):
        raise PeerFailed(f"DBOS said {ended} ended; its tables have {done}, and {steps} steps.")
