"""``python -m coordinator.cli`` is ``amends``."""

from coordinator.cli.main import app

app()
