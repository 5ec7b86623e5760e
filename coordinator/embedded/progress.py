"""Lines for the person who waits."""

from collections.abc import Callable

Progress = Callable[[str], None]
"""Called with one line at a time, such as "PostgreSQL 18.4 ready in 0.6 s"."""


def silent(line: str) -> None:
    """For when nobody watches."""
    del line
