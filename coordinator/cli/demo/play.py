"""Brings the stack up, plays the trips, reads the books, says how it went."""

from time import monotonic

from rich.console import Console
from rich.markup import escape

from coordinator.cli.demo.books import read_books
from coordinator.cli.demo.client import Client
from coordinator.cli.demo.trips import TRIPS, TripReport
from coordinator.cli.stack import Layout, Stack
from coordinator.embedded.home import amends_home


async def play(console: Console) -> bool:
    """The whole demo. True only if everything is as it should be."""
    begin = monotonic()
    console.print("[dim]starting PostgreSQL, Kafka, the coordinator and three services …[/]")
    stack = Stack(amends_home() / "demo", Layout(), progress=lambda line: _tick(console, line), fresh=True)
    async with stack:
        client = Client(lambda: stack.url)
        try:
            reports = [await _take(console, number, stack, client) for number in range(len(TRIPS))]
        finally:
            await client.close()
        books = await read_books(stack.participant_urls)
    faults = [fault for report in reports for fault in report.faults]
    booked = sum(report.status == "completed" for report in reports)
    faults += books.faults(booked, len(reports) - booked)
    mark = "[red]✗[/]" if faults else "[green]✓[/]"
    console.print(f"  ledgers: {books.line()} {mark}", highlight=False, soft_wrap=True)
    for fault in faults:
        console.print(f"  [red]✗ {escape(fault)}[/]", highlight=False)
    logs = escape(str(stack.root / "logs"))
    console.print(
        f"[dim]{monotonic() - begin:.0f} s in all; nothing was left running. Logs: {logs}[/]",
        highlight=False,
        soft_wrap=True,
    )
    return not faults


async def _take(console: Console, number: int, stack: Stack, client: Client) -> TripReport:
    report = await TRIPS[number].take(stack, client)
    colour = "red" if report.faults else "green" if report.status == "completed" else "yellow"
    console.print(
        f"  {report.name}  {report.what:<47}[{colour}]{report.status:<12}[/] "
        f"{escape(report.detail):<27}{report.seconds:6.2f} s",
        highlight=False,
        soft_wrap=True,
    )
    return report


def _tick(console: Console, line: str) -> None:
    mark = "…" if line.endswith("…") else "[green]✓[/]"
    console.print(f"{mark} {escape(line.removesuffix('…'))}", highlight=False)
