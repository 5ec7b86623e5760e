"""What can be said of a program without running it."""

from collections import Counter
from typing import Any

from tests.simulation.program import Program

SIGNALS = ("note", "word")
"""What the sagas can be told."""


def bodies(statement: list[Any]) -> list[Program]:
    """The programs inside a statement."""
    found: list[Program] = []
    for inner in statement[1:]:
        if isinstance(inner, list) and inner and isinstance(inner[0], list):
            found += inner if isinstance(inner[0][0], list) else [inner]
    return found


def heard(program: Program) -> Counter[str]:
    """How many signals of each name it takes at most."""
    counts: Counter[str] = Counter()
    for statement in program:
        if statement[0] == "hear":
            counts[statement[1]] += 1
        times = statement[1] if statement[0] == "loop" else 1
        for body in bodies(statement):
            for name, often in heard(body).items():
                counts[name] += times * often
    return counts


def may_wait_in_vain(program: Program) -> bool:
    """Whether it never passes its point of no return, so that its deadline ends a wait for what never comes."""
    return not any(statement[0] in ("pay", "launch") for statement in program)
