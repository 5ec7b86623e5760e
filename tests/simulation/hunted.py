"""``python -m tests.simulation.hunted``: every planted bug, and how soon a seed finds it."""

import argparse
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.simulation.mutants import MUTANTS


def found(name: str, seconds: float) -> dict[str, Any]:
    """What a process with that bug says."""
    child = subprocess.run(
        [sys.executable, "-m", "tests.simulation.planted", name, f"{seconds:g}"],
        capture_output=True,
        text=True,
        check=False,
    )
    if child.returncode:
        return {"name": name, "seed": None, "fault": None, "error": child.stderr.strip().splitlines()[-1:]}
    return json.loads(child.stdout.splitlines()[-1])


def _line(one: dict[str, Any]) -> str:
    if one["seed"] is None:
        return f"| {one['name']} | **not found** | {one.get('seeds', 0)} seeds | {one.get('error', '')} |"
    return f"| {one['name']} | seed {one['seed']} | {one['seconds']} s | {one['fault'][:110]} |"


def main() -> int:
    """0 when all are found."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.hunted", description=__doc__)
    parser.add_argument("--seconds", type=float, default=300.0, help="the longest search for one")
    parser.add_argument("--only", default="", help="those with this in their names")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    names = [mutant.name for mutant in MUTANTS if asked.only in mutant.name]
    missed = 0
    with ThreadPoolExecutor(asked.processes) as pool:
        for one in pool.map(found, names, [asked.seconds] * len(names)):
            missed += one["seed"] is None
            print(_line(one), flush=True)
    print(f"{len(names) - missed} of {len(names)} planted bugs were found.")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
