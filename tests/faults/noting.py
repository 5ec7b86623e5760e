"""Sagas with local steps, whose bodies leave a trail of files; named by AMENDS_CATALOGUE."""

import asyncio
import os
from pathlib import Path

import msgspec

from coordinator.saga import Contract, Definitions, Refused, Retry, command, current_step, saga


class Errand(msgspec.Struct, frozen=True):
    """What is to be noted, and where."""

    folder: str
    """Of the files ``notes``, and those that bodies wait for: ``write`` and ``erase``."""
    refuse: bool = False
    """The saga says no afterwards."""


class Notebook(Contract, name="notebook", local=True):
    """What the coordinator writes down itself."""

    @command(timeout="60s", retry=Retry(attempts=3, backoff="100ms..200ms"))
    async def write(self, errand: Errand) -> str:
        """Ends once there is a file ``write``."""
        return await noted("write", errand)

    @write.undo(timeout="60s", retry=Retry.forever(backoff="100ms..200ms"))
    async def erase(self, errand: Errand, written: str | None) -> None:
        """Ends once there is a file ``erase``."""
        await noted("erase", errand)


async def noted(word: str, errand: Errand) -> str:
    """Begun and ended are in the notes, each with the process."""
    note(errand, f"{word} begun")
    try:
        while not allowed(word, errand):  # noqa: ASYNC110 (another process makes it so)
            await asyncio.sleep(0.02)
    finally:
        note(errand, f"{word} ended")
    return current_step().command_id


def note(errand: Errand, line: str) -> None:
    """One line, in one piece."""
    with Path(errand.folder, "notes").open("a") as notes:
        notes.write(f"{line} {os.getpid()}\n")


def allowed(word: str, errand: Errand) -> bool:
    """Whether a body may end."""
    return Path(errand.folder, word).exists()


@saga(version=1)
async def note_errand(errand: Errand, notebook: Notebook) -> str:
    """Writes it down; and may say no to it."""
    written = await notebook.write(errand)
    if errand.refuse:
        raise Refused("not_wanted")
    return written


DEFINITIONS = Definitions([note_errand])
