"""Bugs to plant that show where a process stands still, or is cut off, and does not know it: see ``mutants.py``."""

from tests.simulation.mutant import Mutant

FROZEN_MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "a frozen process keeps the locks of its long commands",
        "participants.sdk.command_locks",
        '                    await self._connection.execute(_SET, {"silent_ms": f"{SILENT_S * 1_000:.0f}"})\n',
        "",
    ),
    Mutant(
        "a process that is frozen in a long handler's transaction keeps its row",
        "participants.sdk.long_rows",
        "                await session.execute(_LIMIT, _idle())\n",
        "",
    ),
)
