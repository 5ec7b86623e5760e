"""``make model``: every instance of the model, and every twin with the behaviour that refutes it."""

import asyncio
import sys
import time

from tests.model.instances import LARGE, SMALL, Instance
from tests.model.telling import told
from tests.model.tlc import Explored, explore
from tests.model.twins import TWINS

_WORKERS = 2


async def _main() -> bool:
    began = time.monotonic()
    well = True
    print("The protocol: every promise must hold in every state.\n", flush=True)
    for instance in (*SMALL, *LARGE):
        explored = await explore(instance, workers=_WORKERS)
        well &= explored.broken is None
        print(_line(instance, explored), flush=True)
        _tell(explored)
    print("\nThe twins, each with one mistake: each must break its promise.\n", flush=True)
    at_once = asyncio.Semaphore(_WORKERS)

    async def one(instance: Instance) -> Explored:
        async with at_once:
            return await explore(instance)

    for instance, explored in zip(TWINS, await asyncio.gather(*map(one, TWINS)), strict=True):
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
    sys.exit(0 if asyncio.run(_main()) else 1)
