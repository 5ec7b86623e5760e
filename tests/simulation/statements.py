"""What can be said of a program without running it."""

from collections import Counter
from typing import Any

from tests.simulation.program import Program

SIGNALS = ("note", "word")
"""What the sagas can be told."""
CALLS_SAGAS = ("child", "detach", "owe")
"""Statements whose program is another saga's."""


def bodies(statement: list[Any]) -> list[Program]:
    """The programs inside a statement."""
    found: list[Program] = []
    for inner in statement[1:]:
        if isinstance(inner, list) and inner and isinstance(inner[0], list):
            found += inner if isinstance(inner[0][0], list) else [inner]
    return found


def heard(program: Program) -> Counter[str]:
    """How many signals of each name it takes at most, in all its rounds; not what the sagas that it calls take."""
    counts: Counter[str] = Counter()
    for statement in program:
        if statement[0] == "hear":
            counts[statement[1]] += 1
        if statement[0] in CALLS_SAGAS:
            continue
        times = statement[1] if statement[0] == "loop" else 1
        for body in bodies(statement):
            for name, often in heard(body).items():
                counts[name] += times * often
    return counts


def may_wait_in_vain(program: Program) -> bool:
    """Whether it never passes a point of no return, so that its deadline ends a wait for what never comes."""
    return not any(
        statement[0] in ("pay", "launch")
        or (statement[0] == "child" and statement[1] != "compensatable")
        or not all(map(may_wait_in_vain, bodies(statement)))
        for statement in program
    )
