"""``amends``: one file for each noun, imported when it is called."""

import sys
from importlib.metadata import version
from typing import Annotated, ClassVar

import typer

from coordinator.cli.lazy import Entry, LazyGroup


class Nouns(LazyGroup):
    """All commands."""

    entries: ClassVar[dict[str, Entry]] = {
        "demo": Entry("coordinator.cli.demo.command", "Five trips on real servers, with real kills."),
        "dev": Entry("coordinator.cli.dev", "Run everything on this machine, and keep it running."),
        "saga": Entry("coordinator.cli.saga", "Start sagas, look at them, see to them."),
        "definition": Entry("coordinator.cli.definition", "The sagas a coordinator can run; every outcome of one."),
        "serve": Entry("coordinator.cli.serve", "Run a coordinator."),
        "participant": Entry("coordinator.cli.participant", "Run a participant."),
        "db": Entry("coordinator.cli.db", "The coordinator's database."),
        "config": Entry("coordinator.cli.config", "The settings of a coordinator, and where each comes from."),
    }


app = typer.Typer(
    cls=Nouns,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_show_locals=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"amends {version('amends')}\n")
        raise typer.Exit


@app.callback()
def amends(
    show_version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """A saga coordinator: processes across services that finish, or make amends.

    Exit status: 0 ok, 1 error, 2 usage, 3 not found, 4 conflict; for a saga waited for: 5 undone, 6 parked, 7 not ended
    in time. See `amends COMMAND --help`.
    """
