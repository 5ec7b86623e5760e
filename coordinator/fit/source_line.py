"""Where a saga's code stands, as ``file:line: code``."""

import asyncio
import linecache
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from contracts import command as contracts_command
from coordinator.engine import loop
from coordinator.explore import watched as explore_watched
from coordinator.saga import calls
from coordinator.saga.definition import SagaDefinition

_ROOMS = tuple(str(Path(module.__file__ or "").parent) for module in (asyncio, loop, calls, explore_watched))
_OURS = (*_ROOMS, str(Path(__file__).parent), sys.modules[contracts_command.__module__].__file__ or "", "<")
"""Files whose frames stand between the saga's code and whoever asks."""


class SourceLines:
    """Watches the code of one definition; give `definition` to whoever runs it."""

    def __init__(self, definition: SagaDefinition) -> None:
        self._function = definition.function
        self._main: Any = None
        self._seen, self._watch = explore_watched.watched(replace(definition, function=self._begin))
        self.definition = self._seen
        """The same definition, watched."""

    def current(self, asked: str) -> str:
        """The line that runs now or, where the code waits, the one it waits at; ``asked``: the request in words."""
        if step := re.search(r"step (\d+): (\S+)", asked):
            place = self._watch.places.get((int(step[1]), step[2]))
            if place is not None:
                return self._shown(_whole(place.file), place.line)
        running = next(((f.f_code.co_filename, f.f_lineno) for f in _frames() if _is_theirs(f)), None)
        return self.waiting if running is None else self._shown(*running)

    @property
    def waiting(self) -> str:
        """The line that the code waits at; empty when it is over."""
        found = self._waiting()
        return "" if found is None else self._shown(*found)

    def _begin(self, **arguments: Any) -> Any:
        self._main = self._function(**arguments)
        return self._main

    def _waiting(self) -> tuple[str, int] | None:
        """The innermost line of theirs in the chain of coroutines that wait for each other."""
        found: tuple[str, int] | None = None
        coroutine = self._main
        while (frame := getattr(coroutine, "cr_frame", None)) is not None:
            if _is_theirs(frame):
                found = frame.f_code.co_filename, frame.f_lineno
            coroutine = coroutine.cr_await
        return found

    @staticmethod
    def _shown(file: str, line: int) -> str:
        code = linecache.getline(file, line).strip()
        return f"{explore_watched.Place.of(file, line)}{f': {code}' if code else ''}"


def _whole(file: str) -> str:
    """The path of a file of which only the end is known: that of a module, since its code has run."""
    files = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
    return next((each for each in files if each and each.endswith(file)), file)


def _frames() -> Iterator[Any]:
    frame: Any = sys._getframe(2)  # pyright: ignore[reportPrivateUsage]
    while frame is not None and frame.f_code.co_name != "play":
        yield frame
        frame = frame.f_back


def _is_theirs(frame: Any) -> bool:
    return not frame.f_code.co_filename.startswith(_OURS)
