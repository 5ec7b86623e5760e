"""``amends participant …``."""

from typing import Annotated

import typer

from coordinator.cli.exits import Exit
from coordinator.cli.setup import import_from_here
from coordinator.cli.talk import fail
from participants.sdk.run import find, run

app = typer.Typer(no_args_is_help=True)


@app.callback()
def participant() -> None:
    """Services that take part in sagas."""


@app.command("run")
def run_participant(
    name: Annotated[str, typer.Argument(help="One of the demo's (flights, hotels, payments), or module:attribute.")],
) -> None:
    """Run a participant until SIGTERM or Ctrl-C.

    Prints `ready <name>` once commands reach it. Set AMENDS_KAFKA_BOOTSTRAP and AMENDS_PARTICIPANT_DATABASE_URL.
    """
    import_from_here()
    try:
        found = find(name)
    except LookupError as error:
        fail(str(error), Exit.NOT_FOUND)
    run(found)
