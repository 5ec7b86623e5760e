"""A saga that goes on as new, round after round; named by AMENDS_CATALOGUE."""

import os
from pathlib import Path

import msgspec

from coordinator.saga import ContinueAsNew, Contract, Definitions, Retry, Signal, command, saga


class Count(msgspec.Struct, frozen=True):
    """How far it is, and where that is written down."""

    file: str
    rounds: int
    done: int = 0


class Tally(Contract, name="tally", local=True):
    """One line for each round."""

    @command(timeout="60s", retry=Retry.forever(backoff="100ms..200ms"), nothing_to_undo=True)
    async def add(self, file: str, number: int) -> None:
        """The round's number, and the process."""
        note(file, f"{number} {os.getpid()}")


def note(file: str, line: str) -> None:
    """In one piece."""
    with Path(file).open("a") as lines:
        lines.write(f"{line}\n")


@saga(version=1)
async def count_rounds(count: Count, tally: Tally, note: Signal[str]) -> int:
    """One step in each round; the last takes a note that was there from the first."""
    await tally.add(count.file, count.done)
    if count.done + 1 < count.rounds:
        raise ContinueAsNew(msgspec.structs.replace(count, done=count.done + 1))
    await note
    return count.rounds


DEFINITIONS = Definitions([count_rounds])
