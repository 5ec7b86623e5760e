"""Restate: its server, a service with its Python SDK, and our own lean client in front.

Settings: fsync as it comes, on; four partitions (24, the default, did less than half on two cores); the service in one
process over HTTP/2 (two did no more), without Hypercorn's limits on streams and requests of a connection, at which a
request now and then waited for 40 s.
"""

import asyncio
import json
import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from benchmarks.connections import JSON, ConnectionBroke, Connections
from benchmarks.measured import Latencies, Measured
from benchmarks.peers.packages import RESTATE_SDK, RESTATE_SERVER, peers_python, restate_server
from benchmarks.peers.turned import PeerFailed, Turn
from coordinator.embedded.ports import LOOPBACK, kept_ports

PARTITIONS = 4
PROCESSES = 1
IN_FLIGHT = 200
NAME = f"Restate {RESTATE_SERVER} (Rust server, Python SDK {RESTATE_SDK}, steps inside the app)"
READY_WITHIN_S = 40.0
_UNLIMITED = """\
h2_max_concurrent_streams = 2147483647
keep_alive_max_requests = 2147483647
keep_alive_timeout = 2147483647
"""


@asynccontextmanager
async def restate(logs: Path) -> AsyncGenerator[Turn]:
    """Running. Raises PeerFailed."""
    python, server = await peers_python(), await restate_server()
    with TemporaryDirectory(prefix="amends-restate-") as folder:
        node, ingress, admin, app = kept_ports(Path(folder) / "ports", 4)
        ports = {"RESTATE_INGRESS__BIND_PORT": str(ingress), "RESTATE_ADMIN__BIND_PORT": str(admin)}
        words = [str(server), "--base-dir", folder, "--bind-ip", LOOPBACK, "--bind-port", str(node)]
        words += ["--listen-mode", "tcp", "--default-num-partitions", str(PARTITIONS), "--log-filter", "warn"]
        serve = [str(python), "-m", "hypercorn", "--bind", f"{LOOPBACK}:{app}", "--workers", str(PROCESSES)]
        limits = Path(folder) / "hypercorn.toml"
        limits.write_text(_UNLIMITED)
        serve += ["--config", str(limits), "--worker-class", "uvloop", "restate_app:app"]
        async with AsyncExitStack() as running:
            log = logs / "restate.log"
            quiet = {"DO_NOT_TRACK": "1", "RESTATE_DISABLE_TELEMETRY": "true"}
            await running.enter_async_context(_process(words, {**ports, **quiet}, log))
            await running.enter_async_context(_process(serve, {}, logs / "restate_app.log"))
            await _register(f"http://{LOOPBACK}:{admin}", f"http://{LOOPBACK}:{app}", log)
            client = _Client(f"http://{LOOPBACK}:{ingress}")
            await client.ready(log)
            yield client.turn


class _Client:
    """Loads it over HTTP, as clients would."""

    def __init__(self, url: str) -> None:
        self._connections = Connections(url)
        self._head = self._connections.head("POST", "/three_steps/run", JSON)

    async def turn(self, in_flight: int, seconds: float) -> Measured:
        latencies: list[float] = []
        begin = perf_counter()

        async def load() -> None:
            while (start := perf_counter()) < begin + seconds:
                await self.one()
                latencies.append(perf_counter() - start)

        await asyncio.gather(*(load() for _ in range(in_flight)))
        return Measured(NAME, len(latencies), perf_counter() - begin, Latencies(latencies))

    async def one(self) -> None:
        status, answer = await self._connections.send(self._head, b'{"number": 7, "padding": "%b"}' % (b"x" * 150))
        if (status, answer) != (200, b"7"):
            raise PeerFailed(f"Restate answered {status}: {answer[:300].decode(errors='replace')}")

    async def ready(self, log: Path) -> None:
        deadline = perf_counter() + READY_WITHIN_S
        while True:
            try:
                return await self.one()
            except (OSError, ConnectionBroke, PeerFailed) as error:
                if perf_counter() > deadline:
                    raise PeerFailed(f"Restate gave no result ({error}); {log} says more.") from error
            await asyncio.sleep(0.2)


@asynccontextmanager
async def _process(words: list[str], environment: Mapping[str, str], log: Path) -> AsyncGenerator[None]:
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            *words,
            cwd=Path(__file__).parent,
            env={**os.environ, **environment},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        yield
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), 10)
            except TimeoutError:
                process.kill()
                await process.wait()


async def _register(admin: str, app: str, log: Path) -> None:
    """Tells the server where the service is, once both answer."""
    connections = Connections(admin)
    deadline = perf_counter() + READY_WITHIN_S
    said = "nothing"
    while perf_counter() < deadline:
        try:
            status, answer = await connections.request("POST", "/deployments", json.dumps({"uri": app}).encode())
        except (OSError, ConnectionBroke) as error:
            said = str(error)
        else:
            if status in (200, 201):
                return
            said = f"{status} {answer[:300].decode(errors='replace')}"
        await asyncio.sleep(0.2)
    raise PeerFailed(f"Restate did not take the service within {READY_WITHIN_S:.0f} s ({said}); {log} says more.")
