"""Parts of Amends as child processes: started, awaited, killed, stopped. For the demo, `amends dev` and tests."""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import coordinator.embedded.launch as launch

READY_WITHIN_S = 60.0
STOPPED_WITHIN_S = 30.0
_LINES_SHOWN = 25


class ProcessFailed(Exception):
    """A part did not come up, or went down by itself. The message ends with the end of its log."""


class Part:
    """One part, such as the coordinator or a participant, in a process of its own. It dies with its parent (Linux)."""

    def __init__(self, name: str, arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        """``arguments`` are for Python: ``("-m", "participants.flights")``. What it prints goes to ``log``."""
        self.name = name
        self.log = log
        self._arguments = arguments
        self._environment = environment
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._ready: asyncio.Future[str] | None = None

    @property
    def pid(self) -> int | None:
        """None when it is not running."""
        running = self._process is not None and self._process.returncode is None
        return self._process.pid if running and self._process is not None else None

    async def start(self, extra: Mapping[str, str] | None = None) -> str:
        """Starts it and waits for its line ``ready …``, which is returned without that word. Raises ProcessFailed."""
        await self.launch(extra)
        return await self.ready()

    async def launch(self, extra: Mapping[str, str] | None = None) -> None:
        """Starts it with ``extra`` variables in its environment, without waiting."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AMENDS_FAILPOINT")}
        # The death signal comes when the thread that started the child ends; only the main thread lives long enough.
        death = int(signal.SIGKILL) if threading.current_thread() is threading.main_thread() else 0
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-I",
                "-S",
                str(launch.__file__),
                *(str(number) for number in (os.getpid(), death, -1, -1)),
                sys.executable,
                *self._arguments,
                env={**kept, **self._environment, **(extra or {}), "PYTHONUNBUFFERED": "1"},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )
        self._ready = asyncio.get_running_loop().create_future()
        self._reader = asyncio.create_task(self._read(self._process, self._ready))

    async def ready(self) -> str:
        """What its line ``ready …`` says behind that word. Raises ProcessFailed when it ends first, or takes long."""
        assert self._ready is not None, "a part is launched before it is awaited"
        try:
            async with asyncio.timeout(READY_WITHIN_S):
                return await asyncio.shield(self._ready)
        except TimeoutError:
            self.kill()
            raise self.failure(f"was not ready within {READY_WITHIN_S:.0f} s") from None

    async def stop(self) -> None:
        """SIGTERM, and SIGKILL when that is not enough."""
        await self._end(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL, at once."""
        self.send(signal.SIGKILL)

    def send(self, number: signal.Signals) -> None:
        """Signals it, if it is running."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(number)

    async def ended(self) -> int:
        """Its exit status, once it has ended; negative for the signal that ended it."""
        assert self._process is not None, "a part is launched before it ends"
        status = await self._process.wait()
        if self._reader is not None:
            await self._reader
        return status

    async def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        self.send(how)
        try:
            async with asyncio.timeout(STOPPED_WITHIN_S):
                await self.ended()
        except TimeoutError:
            self.kill()
            await self.ended()

    async def _read(self, process: asyncio.subprocess.Process, ready: "asyncio.Future[str]") -> None:
        assert process.stdout is not None, "stdout is a pipe"
        with self.log.open("ab") as log:
            async for line in process.stdout:
                log.write(line)
                log.flush()
                if line.startswith(b"ready ") and not ready.done():
                    ready.set_result(line[6:].decode(errors="replace").strip())
        status = await process.wait()
        if not ready.done():
            ready.set_exception(self.failure(f"ended with {status} before it was ready"))
            ready.exception()

    def failure(self, what: str) -> ProcessFailed:
        """The error to raise: what happened, then the end of the part's log."""
        lines = self.log.read_text(errors="replace").splitlines()[-_LINES_SHOWN:] if self.log.exists() else []
        tail = "\n".join(f"  | {line}" for line in lines) or "  | (empty)"
        return ProcessFailed(f"{self.name} {what}. The end of its log, {self.log}:\n{tail}")
