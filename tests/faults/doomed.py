"""A coordinator that is to die at a failpoint, whenever it gets there."""

import asyncio
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

from tests.faults.system import Armed, System, death_of


class Doomed:
    """Awaited, it has died there."""

    def __init__(self, system: System, number: int, armed: Armed) -> None:
        self._part = system.coordinators[number]
        self._armed = armed
        self._dying = asyncio.create_task(death_of(self._part))

    def __await__(self) -> Generator[Any, None, int]:
        return self._dying.__await__()

    @property
    def dead(self) -> bool:
        """Whether that was noticed already."""
        return self._dying.done()

    @property
    def fired(self) -> bool:
        """Whether it got there."""
        return self._armed.fired

    def spare(self) -> None:
        """It does not die, unless it has."""
        if self._armed.disarm():
            self._dying.cancel()

    async def dies(self) -> None:
        """There, or else now."""
        if self._armed.disarm():
            self._part.kill()
        await self


async def doomed(
    system: System,
    number: int,
    failpoint: str,
    folder: Path,
    *,
    times: int = 1,
    extra: Mapping[str, str] | None = None,
) -> Doomed:
    """The coordinator of that number, started anew; ``times``: it dies when it passes there so often."""
    armed = Armed(failpoint, folder, times=times)
    await system.coordinators[number].stop()
    await system.start_coordinator(number, {**armed.environment, **(extra or {})})
    return Doomed(system, number, armed)
