"""Looks after commands whose handlers take long, whatever the handlers are at meanwhile.

It says that this process lives: the server closes the connection of the locks of one that does not, because it is
frozen. And it tells handlers to end whose commands have gone to another process, though they do not ask: as soon as a
frozen process wakes, and where one waits for something that does not come.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping

from sqlalchemy.exc import SQLAlchemyError

from participants.sdk.command_locks import CommandLocks
from participants.sdk.long_rows import LongRows
from participants.sdk.long_run import LongRun, Why

log = logging.getLogger(__name__)
LOOK_S = 2.0
"""Every so many seconds."""


class Watch:
    """Looks while there is anything to look after."""

    def __init__(self, locks: CommandLocks, rows: LongRows, runs: Callable[[], Mapping[str, LongRun]]) -> None:
        """``runs`` are those at which the handler is, by command."""
        self._locks, self._rows, self._runs = locks, rows, runs
        self._over = asyncio.Event()
        self._looking: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """There is something."""
        self._over.clear()
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look_again_and_again())

    def end(self) -> None:
        """There is nothing any more. What is being asked is not broken off: the locks' connection would be lost."""
        self._over.set()

    async def look(self) -> None:
        """Once."""
        await self._locks.stay()
        runs = self._runs()
        try:
            lost = await self._rows.lost({id: run.name for id, run in runs.items()}) if runs else ()
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            log.warning("It cannot be seen whose the commands of long handlers are: %r", error)
            return
        for run in (runs[id] for id in lost):
            if run.why is None:  # told to end twice, it could not do what it does before it ends
                run.stop(Why.LOST)

    async def _look_again_and_again(self) -> None:
        while not self._over.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await self._over.wait()
            if not self._over.is_set():
                await self.look()
