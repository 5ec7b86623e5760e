"""What every command that runs something needs first: settings, logs, the folder it was called in."""

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager

from coordinator.cli.talk import fail
from coordinator.config import Settings, SetupError, read_settings


@contextmanager
def setup_errors() -> Generator[None]:
    """Shows a SetupError as the sentence it is."""
    try:
        yield
    except SetupError as error:
        fail(str(error))


def settings() -> Settings:
    """The settings of this process; ends the command when they are wrong."""
    with setup_errors():
        return read_settings()


def import_from_here() -> None:
    """Lets modules in the current folder be named, as ``python -m`` does; a console script does not."""
    here = os.getcwd()
    if here not in sys.path and "" not in sys.path:
        sys.path.insert(0, here)
