"""What is measured, against one stack."""

import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

from benchmarks.cpu import cpu_seconds, machine_seconds
from benchmarks.load import Client, closed_loop, open_loop
from benchmarks.measured import Latencies, Measured
from benchmarks.written import bytes_written
from coordinator.cli.processes import Part
from coordinator.cli.stack import Stack

NEARLY = 0.95
"""Of the best rate: closer than that is noise, and whoever waits is better off with fewer in flight."""

Loop = Callable[[Client], Awaitable[tuple[list[float], float]]]


class Scenarios:
    """Loads one running stack. Numbers of sagas go on counting, so that no saga is started twice."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self.client = Client(stack.url)
        self.ended: Counter[str] = Counter()
        """Sagas whose end the clients were told, by status."""
        self.beside: list[Part] = []
        """Further coordinators: what they cost counts with the first one's."""

    async def warm_up(self, seconds: float = 3) -> None:
        """Until caches, plans and the JVM have settled."""
        await self.closed("warming up", 100, seconds)

    async def closed(self, name: str, in_flight: int, seconds: float, *, refuse: bool = False) -> Measured:
        """So many sagas in flight, always."""
        return await self.measure(name, lambda client: closed_loop(client, in_flight, seconds), refuse=refuse)

    async def open(self, name: str, rate: float, seconds: float) -> Measured:
        """So many sagas a second, whatever happens."""
        return await self.measure(name, lambda client: open_loop(client, rate, seconds))

    async def best_in_flight(self, tries: Sequence[int], seconds: float) -> int:
        """With how many in flight the most sagas a second end: the fewest of those that come close to it."""
        rates = {tried: (await self.closed(f"{tried} in flight", tried, seconds)).rate for tried in tries}
        return min(tried for tried in tries if rates[tried] >= NEARLY * max(rates.values()))

    async def measure(self, name: str, loop: Loop, *, refuse: bool = False) -> Measured:
        """What the loop comes to, which is given the client, and what it costs."""
        self.client.refuse = refuse
        self.client.expected = "compensated" if refuse else "completed"
        wrote, cpu = await bytes_written(self._stack), self._cpu()
        latencies, seconds = await loop(self.client)
        cpu_after, wrote_after = self._cpu(), await bytes_written(self._stack)
        count = len(latencies)
        self.ended[self.client.expected] += count
        return Measured(
            name,
            count,
            seconds,
            Latencies(latencies),
            {part: max(0.0, cpu_after[part] - cpu[part]) / count * 1e6 for part in cpu},
            {kind: (wrote_after[kind] - wrote[kind]) / count for kind in wrote},
        )

    def _cpu(self) -> dict[str, float]:
        """Seconds so far, by part; the load is this process itself, and elsewhere what was not for this run."""
        servers = self._stack.servers
        parts = {
            "coordinator": [part.pid for part in (self._stack.coordinator, *self.beside)],
            "participants": [part.pid for part in self._stack.participants.values()],
            "postgres": [getattr(servers.postgres, "pid", None)],
            "kafka": [getattr(servers.kafka, "pid", None)],
        }
        pids = {part: [pid for pid in found if pid is not None] for part, found in parts.items()}
        ours = {**cpu_seconds(pids), "load": time.process_time()}
        return {**ours, "elsewhere": machine_seconds() - sum(ours.values())}
