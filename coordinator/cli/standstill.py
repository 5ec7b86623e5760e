"""Code of a saga that runs and runs without waiting for anything: said after a while, with its line, and ended.

Nothing in the engine's thread can notice it: that thread is the one that does not come back.
"""

import _thread
import asyncio
import signal
import sys
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from coordinator.cli.exits import Exit
from coordinator.cli.talk import fail
from coordinator.engine.loop import DeterministicLoop
from coordinator.explore import watched
from coordinator.explore.watched import Place

LIMIT_S = 30.0
"""How long a saga may run for one fact. A million callbacks, after which the engine itself ends it, take a third."""
_LOOP = DeterministicLoop.run_until_idle.__code__
_OURS = tuple(str(Path(file).parent) for file in (asyncio.__file__, _LOOP.co_filename, watched.__file__))
"""Rooms whose frames stand between the saga's code and the loop."""


@contextmanager
def standstill_told(limit_s: float = LIMIT_S) -> Generator[None]:
    """While this lasts, a saga that does not come back ends the command. For the main thread."""
    over = threading.Event()
    lines: list[str] = []
    watch = threading.Thread(target=_watch, args=(threading.get_ident(), limit_s, over, lines), daemon=True)
    ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    if ignored:  # as in what a script runs with an ampersand: nothing could interrupt it
        signal.signal(signal.SIGINT, signal.default_int_handler)
    watch.start()
    try:
        yield
    except KeyboardInterrupt:
        if not lines:
            raise
        fail(
            f"The saga has been running for {limit_s:g} s without waiting for anything, at {lines[0]}: await a step or "
            "a sleep of more than 0 seconds in its loop. A coordinator would stand still as well.",
            Exit.ERROR,
        )
    finally:
        over.set()
        watch.join()
        if ignored:
            signal.signal(signal.SIGINT, signal.SIG_IGN)


def _watch(thread: int, limit_s: float, over: threading.Event, lines: list[str]) -> None:
    seen: FrameType | None = None
    since = time.monotonic()
    while not over.wait(limit_s / 10):
        frames = list(_frames(thread))
        run = next((place for place, frame in enumerate(frames) if frame.f_code is _LOOP), None)
        if run is None or frames[run] is not seen:
            seen, since = None if run is None else frames[run], time.monotonic()
        elif time.monotonic() - since >= limit_s:
            theirs = (each for each in frames[:run] if not each.f_code.co_filename.startswith(_OURS))
            own = next(theirs, frames[run])
            lines.append(str(Place.of(own.f_code.co_filename, own.f_lineno)))
            _thread.interrupt_main()


def _frames(thread: int) -> Iterator[FrameType]:
    """From the innermost one outwards."""
    frame = sys._current_frames().get(thread)  # pyright: ignore[reportPrivateUsage]
    while frame is not None:
        yield frame
        frame = frame.f_back
