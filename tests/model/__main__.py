"""``make model``: every instance of the model, and every twin with the behaviour that refutes it."""

import argparse
import asyncio
import sys
import time

from tests.model.instances import LARGE, SMALL, VAST, Instance
from tests.model.telling import told
from tests.model.tlc import Explored, explore
from tests.model.twins import TWINS


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.model", description=__doc__)
    parser.add_argument("--only", default="", metavar="WORDS", help="instances and twins whose name has these words")
    parser.add_argument("--all", action="store_true", help="also those that take a day")
    parser.add_argument("--workers", type=int, default=2, help="threads of TLC, and twins at once (2)")
    return parser.parse_args()


async def _main(only: str, workers: int, everything: bool) -> bool:
    began = time.monotonic()
    well = True
    print("The protocol: every promise must hold in every state.\n", flush=True)
    chosen = (*SMALL, *LARGE, *VAST) if everything else (*SMALL, *LARGE)
    for instance in (each for each in chosen if only in each.name):
        explored = await explore(instance, workers=workers)
        well &= explored.broken is None
        print(_line(instance, explored), flush=True)
        _tell(explored)
    print("\nThe twins, each with one mistake: each must break its promise.\n", flush=True)
    at_once = asyncio.Semaphore(workers)
    twins = [each for each in TWINS if only in each.name]

    async def one(instance: Instance) -> Explored:
        async with at_once:
            return await explore(instance)

    for instance, explored in zip(twins, await asyncio.gather(*map(one, twins)), strict=True):
        (promise,) = instance.promises
        well &= explored.broken == promise
        print(f"{instance.name}\n  {_verdict(explored)} after {explored.states} states", flush=True)
        _tell(explored)
    print(f"{'As it must be' if well else 'NOT as it must be'}: {time.monotonic() - began:.0f} s.")
    return well


def _line(instance: Instance, explored: Explored) -> str:
    return (
        f"{instance.name:<46} {explored.states:>9,} states {explored.transitions:>10,} transitions "
        f"depth {explored.depth:>3} {explored.seconds:>6.1f} s  {_verdict(explored)}"
    )


def _verdict(explored: Explored) -> str:
    return "all hold" if explored.broken is None else f"{explored.broken} is broken"


def _tell(explored: Explored) -> None:
    for line in told(explored.behaviour):
        print(line)
    if explored.behaviour:
        print()


if __name__ == "__main__":
    chosen = _arguments()
    sys.exit(0 if asyncio.run(_main(chosen.only, chosen.workers, chosen.all)) else 1)
