"""``amends dev``."""

import asyncio
from typing import Annotated

import typer
from rich.console import Console

from coordinator.cli.keeping import keep_running, stop_leftover_servers
from coordinator.cli.processes import ProcessFailed
from coordinator.cli.talk import fail, say
from coordinator.embedded.failure import EmbeddedServerFailed

app = typer.Typer()


@app.command()
def command(
    stop: Annotated[
        bool, typer.Option("--stop", help="Stop the servers that killed processes left behind, and exit.")
    ] = False,
    port: Annotated[int, typer.Option("--port", min=0, help="Of the HTTP interface; 0 takes a free one.")] = 7780,
) -> None:
    """Run PostgreSQL, Kafka, a coordinator and the demo's three participants here, until Ctrl-C.

    What dies is started again; a change of a saga restarts the coordinator. Data stay in .amends/dev (AMENDS_HOME).
    """
    try:
        if stop:
            asyncio.run(stop_leftover_servers(say))
            return
        asyncio.run(keep_running(Console(stderr=True), port))
    except (EmbeddedServerFailed, ProcessFailed) as error:
        fail(str(error))
