"""Work that is done a bit at a time, done in one go."""

from collections.abc import Generator
from typing import TypeVar

Done = TypeVar("Done")


def at_once(work: Generator[None, None, Done]) -> Done:
    """What it comes to."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value
