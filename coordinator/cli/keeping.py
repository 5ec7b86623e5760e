"""Keeps a stack running: what dies is started again, what changes is loaded anew."""

import asyncio
import contextlib
import os
import signal
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from watchfiles import PythonFilter, awatch

import coordinator
from coordinator.cli.processes import Part, ProcessFailed
from coordinator.cli.stack import Layout, Stack
from coordinator.embedded.failure import EmbeddedServersBusy
from coordinator.embedded.home import amends_home
from coordinator.embedded.lock import RootLock
from coordinator.embedded.progress import Progress
from coordinator.embedded.stack import stop_leftovers

_AGAIN_S = 1.0
_FORCED = 130


async def keep_running(console: Console, port: int) -> None:
    """Runs until SIGINT or SIGTERM; a second one ends at once. Raises EmbeddedServerFailed, ProcessFailed."""
    stop = asyncio.Event()
    _stop_on_signals(stop)
    stack = Stack(amends_home() / "dev", Layout(port=port), progress=lambda line: _tick(console, line))
    console.print("[dim]starting PostgreSQL, Kafka, the coordinator and three participants …[/]")
    starting = asyncio.ensure_future(stack.start())
    if not await _before(stop, starting):
        starting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await starting
        return
    starting.result()
    try:
        _show(console, stack)
        keeping = [asyncio.ensure_future(_keep(console, stack, part, stop)) for part in _parts(stack)]
        keeping.append(asyncio.ensure_future(_reload(console, stack, stop)))
        await asyncio.wait(keeping, return_when=asyncio.FIRST_EXCEPTION)
        for kept in keeping:
            if kept.done():
                kept.result()
    finally:
        stop.set()
        console.print("[dim]stopping; the data stay …[/]")
        await stack.stop()


async def stop_leftover_servers(progress: Progress) -> None:
    """Stops the servers of processes that were killed; those of living processes are left alone."""
    for lock in sorted(amends_home().glob("*/lock")):
        held = RootLock(lock.parent)
        try:
            held.take()
        except EmbeddedServersBusy as busy:
            progress(str(busy))
            continue
        try:
            for name in await stop_leftovers(lock.parent):
                progress(f"{name} in {lock.parent} is stopped.")
        finally:
            held.release()


async def _keep(console: Console, stack: Stack, part: Part, stop: asyncio.Event) -> None:
    """Starts the part again whenever it ends."""
    while not stop.is_set():
        ended = asyncio.ensure_future(part.ended())
        if not await _before(stop, ended):
            ended.cancel()
            return
        console.print(f"[yellow]![/] {part.name} ended with {ended.result()}: starting it again", highlight=False)
        try:
            await (stack.start_coordinator() if part is stack.coordinator else part.start())
        except ProcessFailed as error:
            console.print(f"[red]✗[/] {escape(str(error))}", highlight=False)
            await asyncio.sleep(_AGAIN_S)
        else:
            where = f"  {stack.url}" if part is stack.coordinator else ""
            _tick(console, f"{part.name} is back{where}")


async def _reload(console: Console, stack: Stack, stop: asyncio.Event) -> None:
    """Ends the coordinator when a saga changes; who keeps it then starts it with the new code."""
    async for changes in awatch(*_sources(), watch_filter=PythonFilter(), stop_event=stop, recursive=True):
        names = ", ".join(sorted({Path(path).name for _, path in changes}))
        console.print(f"[cyan]↻[/] {escape(names)} changed: the coordinator loads it anew", highlight=False)
        stack.coordinator.send(signal.SIGTERM)


def _sources() -> list[Path]:
    """The folders of the sagas and their contracts."""
    package = Path(coordinator.__file__).parent
    return [package / "catalogue", package.parent / "contracts"]


def _parts(stack: Stack) -> list[Part]:
    return [stack.coordinator, *stack.participants.values()]


def _stop_on_signals(stop: asyncio.Event) -> None:
    def asked() -> None:
        if stop.is_set():
            os._exit(_FORCED)
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, asked)


async def _before(stop: asyncio.Event, work: "asyncio.Future[Any]") -> bool:
    """Whether the work is done before the stop."""
    stopped = asyncio.ensure_future(stop.wait())
    await asyncio.wait((work, stopped), return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    return work.done()


def _show(console: Console, stack: Stack) -> None:
    """Where things are."""
    lines = {
        "HTTP": f"{stack.url}/v1/sagas   (API documents: {stack.url}/docs)",
        "PostgreSQL": stack.database_url,
        "Kafka": stack.servers.kafka.bootstrap,
        "logs": str(stack.root / "logs"),
        "try": "amends saga start book_trip --wait 5 --input "
        """'{"trip_id": "t1", "traveller": "Ada", "destination": "Lisbon", "card": "visa-4242"}'""",
    }
    for name, value in lines.items():
        console.print(f"  [bold]{name:<12}[/]{escape(value)}", highlight=False, soft_wrap=True)
    console.print("[dim]Ctrl-C stops everything; the data stay.[/]")


def _tick(console: Console, line: str) -> None:
    console.print(f"[green]✓[/] {escape(line)}", highlight=False)
