"""Apart from the coordinator's own event loop: where sagas' coroutines run, each on its own loop."""

import gc
import sys
from asyncio import events, tasks
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, NamedTuple


class Outside(NamedTuple):
    """What a thread was doing before it stepped outside of it."""

    loop: Any
    running: Any
    """What asyncio calls the loop's current task."""
    collecting: bool
    hooks: Any
    """What it does with async generators."""


class Apart:
    """What a thread runs that is apart from its loop: nothing, or the loop of a saga.

    A saga's loop stays the running one when it is left, until another is: telling asyncio costs a system call.
    """

    entered = False
    """A saga's code runs."""


_NOTHING = Apart()


def is_apart() -> bool:
    """Whether this thread is apart, and no saga's code runs in it."""
    running = events._get_running_loop()  # pyright: ignore[reportPrivateUsage, reportAttributeAccessIssue]
    return isinstance(running, Apart) and not running.entered


def step_outside() -> Outside:
    """Leaves the thread's loop, if it runs one, for another, without its noticing; ``step_back`` returns to it.

    Garbage may hold coroutines of sagas, and collecting it would run their ``finally`` blocks in another saga.
    """
    loop = events._get_running_loop()  # pyright: ignore[reportPrivateUsage, reportAttributeAccessIssue]
    running = None if loop is None else tasks.current_task(loop)
    if loop is not None and running is not None:
        tasks._leave_task(loop, running)  # pyright: ignore[reportPrivateUsage, reportAttributeAccessIssue]
    collecting = gc.isenabled()
    if collecting:
        gc.disable()
    hooks = sys.get_asyncgen_hooks()
    sys.set_asyncgen_hooks(firstiter=None)
    return Outside(loop, running, collecting, hooks)


def step_back(outside: Outside) -> None:
    """Everything is as it was before ``step_outside``."""
    if outside.collecting:
        gc.enable()
    sys.set_asyncgen_hooks(*outside.hooks)
    events._set_running_loop(outside.loop)  # pyright: ignore[reportPrivateUsage]
    if outside.running is not None:
        tasks._enter_task(outside.loop, outside.running)  # pyright: ignore[reportPrivateUsage, reportAttributeAccessIssue]


@contextmanager
def apart() -> Generator[None]:
    """Around the work on many sagas: leaving the outer loop and coming back, a tenth of the engine's work for one saga,
    happens once. Nothing may be awaited inside."""
    outside = step_outside()
    events._set_running_loop(_NOTHING)  # pyright: ignore[reportPrivateUsage, reportArgumentType]
    try:
        yield
    finally:
        step_back(outside)
