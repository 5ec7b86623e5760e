"""``amends config``."""

from typing import Annotated

import typer

from coordinator.cli.output import OutputOption, show_rows
from coordinator.cli.setup import settings
from coordinator.config import origins

app = typer.Typer()


@app.command()
def command(
    output: OutputOption = "table",
    explain: Annotated[bool, typer.Option("--explain", help="Say what each one means.")] = False,
) -> None:
    """Show every setting, its value and where it comes from. Passwords are masked."""
    rows = [
        {"name": one.name, "value": one.value, "origin": one.origin, "meaning": one.meaning}
        for one in origins(settings())
    ]
    columns = ["name", "value", "origin", *(["meaning"] if explain else [])]
    show_rows(rows, columns, output)
