"""Many seeds, on one process or several; what came of them is added up."""

import gc
import multiprocessing
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field

from tests.simulation.world import Outcome, simulate

HANDFUL = 10
"""Seeds that a process is given at once."""


@dataclass(slots=True)
class Seen:
    """What came of some seeds."""

    seeds: int = 0
    sagas: int = 0
    steps: int = 0
    seconds: float = 0.0
    """Of virtual time."""
    came: Counter[str] = field(default_factory=Counter[str])
    """How often each kind of fault came."""
    ends: Counter[str] = field(default_factory=Counter[str])
    """How many sagas ended how."""
    reached: Counter[str] = field(default_factory=Counter[str])
    """How often each event was written."""
    called: int = 0
    """Sagas that others called."""
    failed: dict[int, list[str]] = field(default_factory=dict[int, list[str]])
    """What was wrong, by seed."""

    def add(self, outcome: Outcome) -> None:
        """One more."""
        self.seeds += 1
        self.sagas += outcome.sagas
        self.steps += outcome.steps
        self.seconds += outcome.seconds
        self.came.update(outcome.came)
        self.ends.update(outcome.ends)
        self.reached.update(outcome.reached)
        self.called += outcome.called
        if outcome.faults:
            self.failed[outcome.plan.seed] = list(outcome.faults)

    def merge(self, other: "Seen") -> None:
        """All that another process saw."""
        self.seeds += other.seeds
        self.sagas += other.sagas
        self.steps += other.steps
        self.seconds += other.seconds
        self.came.update(other.came)
        self.ends.update(other.ends)
        self.reached.update(other.reached)
        self.called += other.called
        self.failed.update(other.failed)


def run_some(seeds: Iterable[int], sagas: int, until: float | None = None) -> Seen:
    """These, one after another, as long as there is time (by ``time.monotonic``)."""
    gc.collect()
    gc.freeze()  # what is there stays: collecting a world's garbage need not look at it
    seen = Seen()
    for seed in seeds:
        if until is not None and time.monotonic() > until:
            break
        seen.add(simulate(seed, sagas))
    return seen


def run_many(first: int, count: int, sagas: int, processes: int) -> Iterator[Seen]:
    """The seeds from ``first`` on, by handfuls as they are done."""
    handfuls = [range(at, min(at + HANDFUL, first + count)) for at in range(first, first + count, HANDFUL)]
    if processes == 1:
        for handful in handfuls:
            yield run_some(handful, sagas)
        return
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        for seen in [pool.submit(run_some, handful, sagas) for handful in handfuls]:
            yield seen.result()
