"""``amends serve``."""

import asyncio
import logging
from typing import Annotated

import typer
import uvloop

from coordinator.cli.serving import serve
from coordinator.cli.setup import import_from_here, settings, setup_errors
from coordinator.cli.talk import put
from coordinator.telemetry.logs import configure_logs

app = typer.Typer()


@app.command()
def command(
    migrate: Annotated[
        bool, typer.Option("--migrate", help="Bring the database's schema to this release first.")
    ] = False,
) -> None:
    """Run a coordinator until SIGTERM or Ctrl-C.

    Prints `ready coordinator <url>` once it takes work. Set AMENDS_DATABASE_URL and AMENDS_KAFKA_BOOTSTRAP; `amends
    config` shows all settings.
    """
    chosen = settings()
    configure_logs(chosen.log_level, chosen.log_format)
    if chosen.log_level != "debug":
        for talkative in ("aiokafka", "uvicorn"):
            logging.getLogger(talkative).setLevel(logging.WARNING)
    import_from_here()
    with setup_errors(), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(chosen, migrate=migrate, announce=put))
