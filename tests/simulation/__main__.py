"""``python -m tests.simulation``: many seeds, or the story of one."""

import argparse
import os
import sys
import time

from tests.simulation.report import again, story, totals
from tests.simulation.seeds import Seen, run_many
from tests.simulation.shrink import shrunk
from tests.simulation.world import simulate

SHRINK_S = 60.0


def main() -> int:
    """0 when all is as it should be."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=500, help="how many")
    parser.add_argument("--first", type=int, default=1, help="the first of them")
    parser.add_argument("--sagas", type=int, default=20, help="in each world")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--seed", type=int, help="tell the story of this one")
    parser.add_argument("--whole", action="store_true", help="with --seed: as it is, not shrunk, every line")
    asked = parser.parse_args()
    if asked.seed is not None:
        return _one(asked.seed, asked.sagas, asked.whole)
    return _many(asked.first, asked.seeds, asked.sagas, asked.processes)


def _one(seed: int, sagas: int, whole: bool) -> int:
    outcome = simulate(seed, sagas)
    if outcome.faults and not whole:
        outcome = shrunk(outcome, SHRINK_S)
    print(story(outcome, everything=whole))
    return 1 if outcome.faults else 0


def _many(first: int, seeds: int, sagas: int, processes: int) -> int:
    began = time.monotonic()
    total = Seen()
    for seen in run_many(first, seeds, sagas, processes):
        total.merge(seen)
        for seed, faults in seen.failed.items():
            print(f"✗ seed {seed}: {faults[0]}", f"  {again(seed, sagas)}", sep="\n", flush=True)
        if sys.stderr.isatty():
            print(f"\r… {total.seeds:,} seeds", end="", file=sys.stderr)
    print(totals(total, time.monotonic() - began))
    if total.failed:
        print(story(shrunk(simulate(min(total.failed), sagas), SHRINK_S)))
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main())
