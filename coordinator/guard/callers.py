"""Whose call it is: a saga's, or somebody's who runs inside of it and is none of its business."""

import sys
from asyncio import _get_running_loop  # pyright: ignore[reportPrivateUsage, reportAttributeAccessIssue, reportUnknownVariableType]
from collections.abc import Callable
from types import FrameType

from coordinator.engine.run import Run

running_loop: Callable[[], object] = _get_running_loop

_LOGGING = frozenset({"structlog", "loguru", "opentelemetry", "sentry_sdk", "rich", "coverage", "pytest", "_pytest"})
"""They may note the time, and write: what they do is not the saga's."""
_DOORS = frozenset(
    {
        *("pathlib", "io", "codecs", "gzip", "shutil", "tempfile", "fileinput"),
        *("socket", "ssl", "http", "urllib", "smtplib", "ftplib", "subprocess", "os", "threading", "concurrent"),
    }
)
"""Modules of the library that do it for whoever calls them."""


def saga_runs() -> bool:
    """Whether this thread runs a saga's code now, and not only looks at it."""
    loop = running_loop()
    return type(loop) is Run and loop.runs


def is_own(frame: FrameType | None) -> bool:
    """Whether a saga's code, or something that its author wrote, asks for it here.

    Logging, imports, tracebacks and whatever else of the standard library looks at a clock or a file do so for
    themselves.
    """
    while frame is not None:
        room = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if room not in _DOORS:
            return room not in sys.stdlib_module_names and room not in _LOGGING
        frame = frame.f_back
    return False
