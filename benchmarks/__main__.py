"""``make bench``, ``make bench-full``: starts everything, loads it, prints tables and, last, one line of JSON."""

import sys

import uvloop
from rich.markup import escape

from benchmarks.batch_floor import RowsLost
from benchmarks.bench import bench
from benchmarks.full import full
from benchmarks.full_report import figures, show_further
from benchmarks.load import SagaWentWrong
from benchmarks.oracle import OracleFailed
from benchmarks.outset import allow_many_connections, progress_console
from benchmarks.probe.turn import ProbeFailed
from benchmarks.report import as_line, show
from benchmarks.row_floor import PgbenchFailed


def main() -> int:
    """The exit status."""
    console = progress_console()
    allow_many_connections()
    try:
        if sys.argv[1:] == ["full"]:
            whole = uvloop.run(full(console))
            found, further = whole.bench, figures(whole)
        else:
            whole, found, further = None, uvloop.run(bench(console)), {}
    except (OracleFailed, SagaWentWrong, RowsLost, PgbenchFailed, ProbeFailed) as error:
        console.print(f"[red]✗[/] This run has no figures: {escape(str(error))}", highlight=False)
        return 1
    show(console, found)
    if whole is not None:
        show_further(console, whole)
    sys.stdout.write(as_line(found, further) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
