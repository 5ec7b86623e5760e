"""``amends definition …``."""

from typing import Annotated, ClassVar

import typer

from coordinator.cli.client import DEFAULT_URL, UrlOption, talk_to
from coordinator.cli.definition_explore import command as explore
from coordinator.cli.lazy import Entry, LazyGroup
from coordinator.cli.output import OutputOption, show_one, show_rows


class Questions(LazyGroup):
    """Those that need the coordinator's database, and so much more than the others."""

    entries: ClassVar[dict[str, Entry]] = {
        "check": Entry("coordinator.cli.definition_check", "Replay the sagas of a database on the code at hand."),
    }


app = typer.Typer(cls=Questions, no_args_is_help=True)
app.command("explore")(explore)


@app.callback()
def definition() -> None:
    """The sagas that a coordinator can run; and, without one, every outcome of a saga."""


@app.command("list")
def list_definitions(ctx: typer.Context, output: OutputOption = "table", url: UrlOption = DEFAULT_URL) -> None:
    """List them."""
    found = talk_to(ctx, url, lambda client: client.get("/v1/definitions"))["definitions"]
    show_rows(found, ["name", "version", "key", "participants", "doc"], output)


@app.command()
def show(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="Name of the definition.")],
    output: OutputOption = "table",
    url: UrlOption = DEFAULT_URL,
) -> None:
    """Show one, with the JSON Schemas of its input, its result and what it takes from outside."""
    found = talk_to(ctx, url, lambda client: client.get(f"/v1/definitions/{name}"))
    what = ["name", "version", "versions", "doc", "key", "deadline_ms", "participants", "local"]
    show_one(found, [*what, "input", "result", "signals", "updates", "queries"], output)
