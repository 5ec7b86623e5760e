"""Where servers keep their data: `.amends/` in the checkout, or wherever AMENDS_HOME says."""

import os
from pathlib import Path

import coordinator

HOME_VARIABLE = "AMENDS_HOME"


def amends_home() -> Path:
    """The folder of everything that is started here: one root per use (`dev`, `test`, `demo`, `bench`), and `jars`.

    AMENDS_HOME if set; `.amends` of the checkout if the code runs from one; `.amends` of the current folder otherwise.
    """
    chosen = os.environ.get(HOME_VARIABLE)
    if chosen:
        return Path(chosen).expanduser().resolve()
    checkout = Path(coordinator.__file__).resolve().parent.parent
    base = checkout if (checkout / "pyproject.toml").is_file() else Path.cwd()
    return base / ".amends"


def jars_cache() -> Path:
    """Kafka's jars, shared by all roots."""
    return amends_home() / "jars"
