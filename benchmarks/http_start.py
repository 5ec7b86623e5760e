"""What an awaited start costs the coordinator in HTTP alone: ``python -m benchmarks.http_start``.

The interface and its server are the real ones, and so are the sockets; behind the intake nothing happens but that the
saga ends a moment later. CPU time is this process's alone: the load comes from another one.
"""

import asyncio
import sys
import time
from collections.abc import Sequence

import msgspec
import uvloop

from benchmarks.connections import Connections
from benchmarks.load import Client, closed_loop
from benchmarks.sagas import DEFINITIONS
from coordinator.api.app import build_app
from coordinator.api.impatient import ImpatientIntake
from coordinator.api.parts import Parts
from coordinator.api.server import HttpServer
from coordinator.cli.serving import calm_collector
from coordinator.engine.decision import Decision
from coordinator.engine.facts import Accepted, Fact, Start
from coordinator.engine.status import Status
from coordinator.history.endings import SagaCompleted
from coordinator.history.started import SagaStarted
from coordinator.runtime.intake import Intake
from coordinator.runtime.letter import Done
from coordinator.runtime.limits import Limits
from coordinator.runtime.ports import HistoryRow, SagaPage, SagaView
from coordinator.runtime.starting import Starting
from coordinator.runtime.watchers import Watchers
from coordinator.telemetry.tracing import TracingOff

SECONDS = 5.0
IN_FLIGHT = 300
BATCH = 10_000
ENDS_AFTER_S = 0.02
_RESULT = b'{"result":1}'
_ACCEPTED = (Accepted(),)


class EndsSoon(Intake):
    """Starts come in and end in batches. Nothing is kept but what a look at the saga needs."""

    def __init__(self) -> None:
        super().__init__(Limits())
        self.watchers = Watchers()
        self.count = 0
        self.looks = 0
        self._starting: list[tuple[str, Start, Done]] = []

    def offer(self, saga_id: str, fact: Fact, done: Done, *, may_wait: bool = False) -> None:
        """Taken in with whatever comes in the same turn of the event loop."""
        assert isinstance(fact, Start)
        if not self._starting:
            asyncio.get_running_loop().call_soon(self._begin)
        self._starting.append((saga_id, fact, done))

    def _begin(self) -> None:
        starting, self._starting = self._starting, []
        for saga_id, start, done in starting:
            done(Accepted())
            began = SagaStarted(start.definition, start.version, start.input, 1_772_366_400_000, start.traceparent)
            self.watchers.tell(Decision(saga_id, 1, (began,), (), Status.RUNNING, None, _ACCEPTED))
        asyncio.get_running_loop().call_later(ENDS_AFTER_S, self._end, [saga_id for saga_id, _, _ in starting])

    def _end(self, saga_ids: Sequence[str]) -> None:
        for saga_id in saga_ids:
            self.count += 1
            ended = SagaCompleted(msgspec.Raw(b"1"), 1_772_366_400_030)
            self.watchers.tell(Decision(saga_id, 4, (ended,), (), Status.COMPLETED, None, _ACCEPTED, _RESULT))

    async def saga(self, saga_id: str) -> SagaView | None:
        """As the database would have it."""
        self.looks += 1
        input, outcome = msgspec.Raw(b'{"number":1,"refuse":false}'), msgspec.Raw(_RESULT)
        return SagaView(saga_id, "three_steps", 1, "completed", input, outcome, None, None, 1, 2, None)

    async def sagas(self, page: SagaPage) -> Sequence[SagaView]:
        """None."""
        return ()

    async def history(self, saga_id: str, after: int = 0, limit: int = 1000) -> Sequence[HistoryRow]:
        """None."""
        return ()


async def _ready() -> str | None:
    return None


async def measure() -> None:
    """Serves while another process loads it, and prints the CPU time of a start."""
    sagas = EndsSoon()
    intake = ImpatientIntake(sagas, lambda: None, 10)
    parts = Parts(
        intake, sagas, DEFINITIONS, sagas.watchers, _ready, lambda: b"", Starting(DEFINITIONS, TracingOff().begin)
    )
    server = HttpServer(build_app(parts), "127.0.0.1", 0, connections=10_000, stop_s=1)
    await server.start()
    calm_collector()
    for seconds in (1.0, SECONDS):
        before, count, looks = time.process_time(), sagas.count, sagas.looks
        load = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "benchmarks.http_start", server.url, str(seconds)
        )
        await load.wait()
        count, cpu = sagas.count - count, time.process_time() - before
    print(
        f"server: {cpu / count * 1e6:.1f} µs of CPU a start, {(sagas.looks - looks) / count:.2f} looks at the database"
    )
    starts = [{"definition": "three_steps", "input": {"number": number}} for number in range(BATCH)]
    before = time.process_time()
    await Connections(server.url).request("POST", "/v1/sagas:batch", msgspec.json.encode({"starts": starts}))
    print(f"batch of {BATCH:,}: {(time.process_time() - before) / BATCH * 1e6:.1f} µs of CPU a start")
    await server.stop()


async def load(url: str, seconds: float) -> None:
    """The other process."""
    client = Client(url)
    before = time.process_time()
    latencies, taken = await closed_loop(client, IN_FLIGHT, seconds)
    cpu = time.process_time() - before
    print(f"client: {cpu / len(latencies) * 1e6:.1f} µs of CPU a start, {len(latencies) / taken:.0f}/s")


if __name__ == "__main__":
    uvloop.run(load(sys.argv[1], float(sys.argv[2])) if len(sys.argv) > 1 else measure())
