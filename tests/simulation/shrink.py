"""From a world that fails to a smaller one that fails: fewer kinds of fault, fewer sagas, shorter programs."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace

from tests.simulation.plan import Plan
from tests.simulation.program import Program
from tests.simulation.statements import bodies
from tests.simulation.world import Outcome, World


def shrunk(outcome: Outcome, seconds: float) -> Outcome:
    """The smallest that is found in that time. Its faults may read otherwise; there are some."""
    until = time.monotonic() + seconds
    found = outcome
    smaller = True
    while smaller and time.monotonic() < until:
        smaller = False
        for plan, programs in _candidates(found.plan, found.programs):
            if time.monotonic() > until:
                break
            tried = World(plan, programs).run()
            if tried.faults:
                found, smaller = tried, True
                break
    return found


def _candidates(plan: Plan, programs: Mapping[str, Program]) -> Iterator[tuple[Plan, Mapping[str, Program]]]:
    ids = list(programs)
    size = len(ids) // 2
    while size:
        for at in range(0, len(ids), size):
            yield plan, {saga_id: programs[saga_id] for saga_id in ids[:at] + ids[at + size :]}
        size //= 2
    if plan.rates:
        yield replace(plan, rates={}, skew_s=0.0), programs
    for kind in plan.rates:
        yield replace(plan, rates={each: rate for each, rate in plan.rates.items() if each != kind}), programs
    for name in plan.limits:
        yield replace(plan, limits={each: most for each, most in plan.limits.items() if each != name}), programs
    if plan.skew_s:
        yield replace(plan, skew_s=0.0), programs
    for name in ("coordinators", "workers", "partitions"):
        if getattr(plan, name) > 1:
            yield replace(plan, **{name: 1}), programs
    for saga_id, program in programs.items():
        for shorter in _shorter(program):
            yield plan, {**programs, saga_id: shorter}


def _shorter(program: Program) -> Iterator[Program]:
    for at, statement in enumerate(program):
        if len(program) > 1:
            yield program[:at] + program[at + 1 :]
        for body in bodies(statement):
            yield program[:at] + body + program[at + 1 :]
