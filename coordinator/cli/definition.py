"""``amends definition …``."""

from typing import Annotated

import typer

from coordinator.cli.client import DEFAULT_URL, UrlOption, talk_to
from coordinator.cli.definition_explore import command as explore
from coordinator.cli.output import OutputOption, show_one, show_rows

app = typer.Typer(no_args_is_help=True)
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
    """Show one, with the JSON Schema of its input."""
    found = talk_to(ctx, url, lambda client: client.get(f"/v1/definitions/{name}"))
    fields = ["name", "version", "versions", "doc", "key", "deadline_ms", "participants", "input", "result"]
    show_one(found, fields, output)
