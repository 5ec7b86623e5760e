"""``make bench``, ``make bench-full``: starts everything, loads it, prints tables and, last, one line of JSON."""

import resource
import sys

import uvloop
from rich.console import Console
from rich.markup import escape

from benchmarks.bench import bench
from benchmarks.full import full
from benchmarks.full_report import figures, show_further
from benchmarks.load import SagaWentWrong
from benchmarks.oracle import OracleFailed
from benchmarks.report import as_line, show

WIDTH = 160
"""Of the tables where nobody says how wide they may be."""


def main() -> int:
    """The exit status."""
    console = Console(stderr=True)
    if not console.is_terminal:
        console.width = WIDTH
    _allow_many_connections()
    try:
        if sys.argv[1:] == ["full"]:
            whole = uvloop.run(full(console))
            found, further = whole.bench, figures(whole)
        else:
            whole, found, further = None, uvloop.run(bench(console)), {}
    except (OracleFailed, SagaWentWrong) as error:
        console.print(f"[red]✗[/] This run has no figures: {escape(str(error))}", highlight=False)
        return 1
    show(console, found)
    if whole is not None:
        show_further(console, whole)
    sys.stdout.write(as_line(found, further) + "\n")
    return 0


def _allow_many_connections() -> None:
    """For this process and its children: each saga in flight is a connection."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


if __name__ == "__main__":
    sys.exit(main())
