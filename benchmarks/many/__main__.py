"""``python -m benchmarks.many [scenario …]``: some of the scenarios, or all."""

import sys

import uvloop
from rich.console import Console

from benchmarks.load import SagaWentWrong
from benchmarks.many import SCENARIOS
from benchmarks.oracle import OracleFailed
from benchmarks.outset import allow_many_connections, progress_console
from benchmarks.report import goal_table


async def _run(console: Console, names: list[str]) -> None:
    for name in names:
        console.print(goal_table(name, await SCENARIOS[name](console)))


def main() -> int:
    """The exit status."""
    console = progress_console()
    allow_many_connections()
    names = sys.argv[1:] or list(SCENARIOS)
    if unknown := [name for name in names if name not in SCENARIOS]:
        console.print(f"There is no scenario {unknown[0]}: choose of {', '.join(SCENARIOS)}.")
        return 2
    try:
        uvloop.run(_run(console, names))
    except (OracleFailed, SagaWentWrong) as error:
        console.print(f"[red]✗[/] This run has no figures: {error}", highlight=False)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
