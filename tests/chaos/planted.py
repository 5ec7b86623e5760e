"""Runs a part of Amends with a bug in it, so that one sees it found: ``python -m tests.chaos --plant undone_again``."""

import runpy
import sys

from contracts.answers import Refusal, Success
from contracts.command_message import Direction
from coordinator.runtime.recovery import Recovery
from participants.sdk.entry import Entry

PLANTS = ("undone_again", "timers_in_memory_only")


def _undone_again(self: Entry, direction: Direction) -> Success | Refusal | None:
    """A barrier that has forgotten that the undo was there."""
    self.undone = False
    return _decide(self, direction)


async def _no_wake_ups(self: Recovery) -> None:
    """A sweep that does not look for what is due."""


_decide = Entry.decide

if __name__ == "__main__":
    _, plant, module, *arguments = sys.argv
    match plant:
        case "undone_again":
            Entry.decide = _undone_again
        case "timers_in_memory_only":
            setattr(Recovery, "_wake_ups", _no_wake_ups)  # noqa: B010 (it is not public)
        case _:
            sys.exit(f"There is no {plant!r}; there are {', '.join(PLANTS)}.")
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
