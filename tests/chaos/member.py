"""One process of the deployment. Whenever it dies, it is started again, as an orchestrating platform would do."""

import asyncio
import contextlib
import signal
from collections.abc import Callable, Mapping
from pathlib import Path

from coordinator.cli.processes import Part, ProcessFailed
from tests.chaos.clocks import WallClock
from tests.chaos.proxy import Proxy
from tests.faults.system import Armed

_UP_WITHIN_S = 60.0


class Member:
    """A coordinator or a participant, behind proxies of its own, with a clock of its own."""

    def __init__(
        self, part: Part, environment: Callable[[], Mapping[str, str]], postgres: Proxy, kafka: Proxy, clock: Path
    ) -> None:
        """``environment`` is asked at each start."""
        self.part, self.postgres, self.kafka = part, postgres, kafka
        self.clock = WallClock(clock)
        self.arm: Callable[[], Armed | None] = lambda: None
        """Asked at each start: where the process is to be killed."""
        self.armed: Armed | None = None
        self.on_ready: Callable[[str], None] = lambda line: None
        self.on_killed: Callable[[Armed], None] = lambda armed: None
        """Its failpoint has killed it."""
        self.on_death: Callable[[int], None] = lambda status: None
        """It has ended by itself, with this status."""
        self._environment = environment
        self._expected = False
        self._closing = False
        self._held_back = asyncio.Event()
        self._held_back.set()
        self._up = asyncio.Event()
        self._keeping: asyncio.Task[None] | None = None
        self.starts = 0

    @property
    def name(self) -> str:
        """Of the process."""
        return self.part.name

    @property
    def is_coordinator(self) -> bool:
        """Otherwise it is a participant."""
        return self.name.startswith("coordinator")

    @property
    def up(self) -> bool:
        """It runs, and has said that it is ready."""
        return self._up.is_set()

    def keep(self) -> None:
        """Starts it, and again whenever it has ended."""
        self._keeping = asyncio.create_task(self._keep())

    async def close(self) -> None:
        """Ends it for good."""
        self._closing = self._expected = True
        self.part.send(signal.SIGCONT)
        self._held_back.set()
        await self.part.stop()
        if self._keeping is not None:
            await self._keeping

    async def is_up(self) -> None:
        """Returns once it is ready. Raises TimeoutError."""
        async with asyncio.timeout(_UP_WITHIN_S):
            await self._up.wait()

    def kill(self) -> None:
        """SIGKILL, whatever it is doing."""
        self._expected = True
        self.part.kill()

    def leave(self) -> None:
        """SIGTERM: it may finish what it is doing."""
        self._expected = True
        self.part.send(signal.SIGTERM)

    def hold_back(self) -> None:
        """It is not started again until ``let_go``."""
        self._held_back.clear()

    def let_go(self) -> None:
        """It may be started again."""
        self._held_back.set()

    def disarm(self) -> None:
        """Its failpoint fires no more, if it has not yet."""
        if self.armed is not None and self.armed.disarm():
            self.armed = None

    async def _keep(self) -> None:
        while not self._closing:
            await self._held_back.wait()
            if self._closing:
                return
            self.clock.set(0)
            self.armed, self._expected = self.arm(), False
            extra = {**self._environment(), **self.clock.environment, **(self.armed.environment if self.armed else {})}
            self.starts += 1
            await self.part.launch(extra)
            announcing = asyncio.create_task(self._announce())
            status = await self.part.ended()
            self._up.clear()
            await announcing
            if self.armed is not None and self.armed.fired and status == -signal.SIGKILL:
                self.on_killed(self.armed)
            elif not self._expected:
                self.on_death(status)

    async def _announce(self) -> None:
        with contextlib.suppress(ProcessFailed):
            line = await self.part.ready()
            self._up.set()
            self.on_ready(line)
