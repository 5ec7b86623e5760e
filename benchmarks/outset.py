"""What every benchmark does first."""

import resource

from rich.console import Console

_WIDTH = 160
"""Of the tables where nobody says how wide they may be."""


def progress_console() -> Console:
    """For all but what a program reads: on standard error."""
    console = Console(stderr=True)
    if not console.is_terminal:
        console.width = _WIDTH
    return console


def allow_many_connections() -> None:
    """For this process and its children: each saga in flight is a connection."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
