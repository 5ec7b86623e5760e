"""In which order ``asyncio.as_completed`` was given its coroutines.

It puts them into a set before it starts them. A coroutine is hashed by its address, so they would start, and be
numbered, in another order on every replay. The loop starts them in the order in which they were given instead.
"""

from asyncio import tasks
from collections.abc import Sequence
from types import CodeType, FrameType
from typing import Any

_STARTERS = {
    starter.__code__ for name in ("ensure_future", "_ensure_future") if (starter := getattr(tasks, name, None))
}


def _as_completed() -> CodeType:
    # A generator function up to Python 3.12, a class from 3.13 on.
    iterator: Any = getattr(tasks, "_AsCompletedIterator", None)
    return (tasks.as_completed if iterator is None else iterator.__init__).__code__


_AS_COMPLETED = _as_completed()


def given_order(frame: FrameType) -> Sequence[Any] | None:
    """All that is started together by the call in this frame; None when this is not about ``as_completed``.

    Raises TypeError for what has no order of its own.
    """
    caller: FrameType | None = frame
    if frame.f_code not in _STARTERS:
        return None
    for _ in range(4):
        caller = caller.f_back if caller is not None else None
        if caller is not None and caller.f_code is _AS_COMPLETED:
            return _in_order(caller.f_locals.get("fs", caller.f_locals.get("aws")))
    return None


def _in_order(given: Any) -> Sequence[Any]:
    if isinstance(given, Sequence):
        return given
    raise TypeError(
        f"asyncio.as_completed was given a {type(given).__name__} of coroutines, which a replay may go through in "
        "another order: give it a list."
    )
