"""What is measured, against one stack."""

from collections.abc import Awaitable, Callable

from benchmarks.cpu import cpu_seconds
from benchmarks.load import Client, closed_loop, open_loop
from benchmarks.measured import Latencies, Measured
from coordinator.cli.stack import Stack

Loop = Callable[[Client], Awaitable[tuple[list[float], float]]]


class Scenarios:
    """Loads one running stack. Numbers of sagas go on counting, so that no saga is started twice."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._client = Client(stack.url)

    async def warm_up(self, seconds: float = 3) -> None:
        """Until caches, plans and the JVM have settled."""
        await closed_loop(self._client, 100, seconds)

    async def closed(self, name: str, in_flight: int, seconds: float, *, refuse: bool = False) -> Measured:
        """So many sagas in flight, always."""
        return await self._measure(name, lambda client: closed_loop(client, in_flight, seconds), refuse)

    async def open(self, name: str, rate: float, seconds: float) -> Measured:
        """So many sagas a second, whatever happens."""
        return await self._measure(name, lambda client: open_loop(client, rate, seconds), False)

    async def _measure(self, name: str, loop: Loop, refuse: bool) -> Measured:
        self._client.refuse = refuse
        self._client.expected = "compensated" if refuse else "completed"
        before = cpu_seconds(self._pids())
        latencies, seconds = await loop(self._client)
        after = cpu_seconds(self._pids())
        count = len(latencies)
        cpu = {part: (after[part] - before[part]) / count * 1e6 for part in after}
        return Measured(name, count, seconds, Latencies(latencies), cpu)

    def _pids(self) -> dict[str, list[int]]:
        servers = self._stack.servers
        parts = {
            "coordinator": [self._stack.coordinator.pid],
            "participants": [part.pid for part in self._stack.participants.values()],
            "postgres": [getattr(servers.postgres, "pid", None)],
            "kafka": [getattr(servers.kafka, "pid", None)],
        }
        return {part: [pid for pid in pids if pid is not None] for part, pids in parts.items()}
