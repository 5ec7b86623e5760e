"""Data on standard output: a table for people, JSON for programs."""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from coordinator.cli.talk import put

Output = Literal["table", "json", "jsonl"]
OutputOption = Annotated[Output, typer.Option("-o", "--output", help="Form of the output.")]

_STYLES = {
    "completed": "green",
    "compensated": "yellow",
    "failed": "yellow",
    "partially_compensated": "red",
    "terminated": "red",
    "parked": "red",
    "paused": "blue",
    "running": "cyan",
    "compensating": "magenta",
}
_UNBOUNDED = 10_000
"""Columns where nobody looks: what a program reads is never cut."""


def show_rows(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], output: Output) -> None:
    """Several things: as a table of these columns, as one array, or as one line for each."""
    match output:
        case "json":
            put(json.dumps(rows, indent=2, ensure_ascii=False))
        case "jsonl":
            for row in rows:
                put(json.dumps(row, ensure_ascii=False))
        case "table":
            table = Table(*(column.upper() for column in columns), box=None, pad_edge=False, header_style="bold")
            for row in rows:
                table.add_row(*(_cell(row.get(column)) for column in columns))
            console().print(table)


def show_one(thing: Mapping[str, Any], fields: Sequence[str], output: Output) -> None:
    """One thing: as a list of these fields, or as JSON."""
    match output:
        case "json":
            put(json.dumps(thing, indent=2, ensure_ascii=False))
        case "jsonl":
            put(json.dumps(thing, ensure_ascii=False))
        case "table":
            table = Table(box=None, pad_edge=False, show_header=False)
            table.add_column(style="bold", no_wrap=True)
            table.add_column(overflow="fold")
            for name in fields:
                if thing.get(name) is not None:
                    table.add_row(name, _cell(thing[name]))
            console().print(table)


def console() -> Console:
    """Standard output; colours on a terminal only, and none with NO_COLOR."""
    return Console(file=sys.stdout, width=None if sys.stdout.isatty() else _UNBOUNDED, highlight=False)


def _cell(value: Any) -> Text:
    match value:
        case None:
            text = ""
        case str():
            text = value
        case list() if all(isinstance(one, str) for one in value):
            text = ", ".join(value)
        case _:
            text = json.dumps(value, ensure_ascii=False)
    return Text(text, style=_STYLES.get(text, ""))
