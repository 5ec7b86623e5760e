"""One side of a comparison: keeps its stack running and loads it when it is its turn. See ``benchmarks.compare``.

``python -m benchmarks.turns ROOT``: each line on standard input is a turn, such as ``1000 5``, sagas in flight and
seconds; each line on standard output is what it came to. When the input ends, so does the stack, and the oracle looks.
"""

import asyncio
import os
import sys

import msgspec
import uvloop
from rich.console import Console

from benchmarks.load import SagaWentWrong
from benchmarks.measured import Measured
from benchmarks.oracle import OracleFailed
from benchmarks.outset import allow_many_connections, progress_console
from benchmarks.stacks import QUICK, loaded_stack

WARM_UP_S = 4.0


class Came(msgspec.Struct, frozen=True):
    """What one turn came to."""

    rate: float
    p50_ms: float
    cpu_us: dict[str, float]

    @classmethod
    def of(cls, measured: Measured) -> "Came":
        """Without the single latencies."""
        return cls(measured.rate, measured.latencies.percentile_ms(50), measured.cpu_us)


async def take_turns(console: Console, root: str) -> None:
    """Until the input ends. Raises OracleFailed, SagaWentWrong."""
    async with loaded_stack(console, QUICK, root) as (_, scenarios):
        await scenarios.warm_up(WARM_UP_S)
        print("ready", flush=True)
        while turn := (await asyncio.to_thread(sys.stdin.readline)).split():
            measured = await scenarios.closed("turn", int(turn[0]), float(turn[1]))
            print(msgspec.json.encode(Came.of(measured)).decode(), flush=True)


def main() -> int:
    """The exit status."""
    console = progress_console()
    allow_many_connections()
    try:
        uvloop.run(take_turns(console, sys.argv[1]))
    except (OracleFailed, SagaWentWrong) as error:
        console.print(f"✗ {os.getcwd()}: this side has no figures: {error}", highlight=False, markup=False)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
