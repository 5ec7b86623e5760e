"""Talk goes to standard error, data to standard output."""

import sys
from typing import NoReturn

import typer

from coordinator.cli.exits import Exit


def say(text: str) -> None:
    """A sentence for people."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def fail(text: str, status: Exit = Exit.ERROR) -> NoReturn:
    """Says what went wrong and what to do, and ends the command."""
    say(text)
    raise typer.Exit(status)


def put(text: str) -> None:
    """Data, for programs too."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
