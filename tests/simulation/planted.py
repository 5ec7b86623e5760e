"""A process with one planted bug: ``python -m tests.simulation.planted NAME SECONDS`` says which seed found it."""

import importlib.abc
import importlib.machinery
import importlib.util
import json
import sys
import time
from collections.abc import Sequence
from types import ModuleType
from typing import Any

from tests.simulation.mutants import MUTANTS, Mutant

SAGAS = 16


class Stale(Exception):
    """The code has changed: the mutant's text does not stand in it exactly once."""


def planted(mutant: Mutant, source: str) -> str:
    """The module's source with the bug. Raises Stale."""
    if source.count(mutant.old) != 1:
        raise Stale(
            f"{mutant.module} has {mutant.old!r} {source.count(mutant.old)} times instead of once: "
            f"rewrite the mutant {mutant.name!r} in tests/simulation/mutants.py."
        )
    return source.replace(mutant.old, mutant.new)


class _Loader(importlib.machinery.SourceFileLoader):
    """Loads the one module with the bug in it, and never from a cache."""

    mutant: Mutant

    def get_code(self, fullname: str) -> Any:
        return self.source_to_code(self.get_data(self.get_filename(fullname)), self.get_filename(fullname))

    def source_to_code(self, data: Any, path: Any, *, _optimize: int = -1) -> Any:
        return super().source_to_code(planted(self.mutant, bytes(data).decode()).encode(), path)


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self._mutant.module:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path)
        if spec is None or spec.origin is None:
            return None
        loader = _Loader(fullname, spec.origin)
        loader.mutant = self._mutant
        return importlib.util.spec_from_file_location(fullname, spec.origin, loader=loader)


def hunt(mutant: Mutant, seconds: float, first: int) -> dict[str, Any]:
    """Seeds one after another, until one fails or the time is up."""
    sys.meta_path.insert(0, _Finder(mutant))
    # With the bug planted: not before.
    from tests.simulation.world import simulate

    began = time.monotonic()
    seed, sagas, faults = first - 1, 0, list[str]()
    while not faults and time.monotonic() < began + seconds:
        seed += 1
        outcome = simulate(seed, SAGAS)
        faults, sagas = outcome.faults, sagas + outcome.sagas
    return {
        "name": mutant.name,
        "seed": seed if faults else None,
        "seeds": seed - first + 1,
        "sagas": sagas,
        "seconds": round(time.monotonic() - began, 1),
        "fault": faults[0] if faults else None,
    }


if __name__ == "__main__":
    asked = {mutant.name: mutant for mutant in MUTANTS}[sys.argv[1]]
    try:
        print(json.dumps(hunt(asked, float(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 1)))
    except Stale as error:
        sys.exit(f"{error}")
