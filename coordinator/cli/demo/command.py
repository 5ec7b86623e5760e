"""``amends demo``."""

import asyncio

import typer
from rich.console import Console

from coordinator.cli.demo.client import TripStuck
from coordinator.cli.demo.play import play
from coordinator.cli.exits import Exit
from coordinator.cli.processes import ProcessFailed
from coordinator.cli.talk import fail
from coordinator.embedded.failure import EmbeddedServerFailed, EmbeddedServersBusy

app = typer.Typer()


@app.command()
def command() -> None:
    """Play five trips on real servers, with real kills, and look whether the books add up."""
    try:
        well = asyncio.run(play(Console()))
    except (TripStuck, ProcessFailed, EmbeddedServerFailed, EmbeddedServersBusy) as error:
        fail(str(error))
    if not well:
        raise typer.Exit(Exit.ERROR)
