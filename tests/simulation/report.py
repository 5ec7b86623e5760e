"""What people read: totals, and of a seed that failed its world, its story and how to see it again."""

import json
from collections.abc import Sequence

from tests.simulation.plan import KINDS
from tests.simulation.seeds import Seen
from tests.simulation.world import Outcome

LAST = 80
"""Lines of the story that are shown, unless all are asked for."""


def totals(seen: Seen, wall_s: float) -> str:
    """The whole run in a few lines."""
    rate = seen.sagas / max(wall_s, 1e-9)
    lines = [
        f"{seen.seeds:,} seeds, {seen.sagas:,} sagas and {seen.called:,} that they called, "
        f"{seen.seconds / 3600:,.1f} simulated hours in {wall_s:.1f} s: "
        f"{rate:,.0f} sagas/s, {rate * 3600:,.0f} an hour; {len(seen.failed)} seeds failed",
        "ends:   " + ", ".join(f"{name} {count:,}" for name, count in sorted(seen.ends.items())),
        "events: " + ", ".join(f"{name} {count:,}" for name, count in sorted(seen.reached.items())),
        "faults: " + ", ".join(f"{kind} {seen.came[kind]:,}" for kind in KINDS),
    ]
    if missing := [kind for kind in KINDS if not seen.came[kind]]:
        lines.append("never came: " + ", ".join(missing))
    return "\n".join(lines)


def story(outcome: Outcome, everything: bool = False) -> str:
    """A seed's world and what happened in it."""
    plan = outcome.plan
    lines = [
        f"seed {plan.seed}: {plan.coordinators} coordinators, {plan.workers} workers of each participant, "
        f"{plan.partitions} partitions, trouble for {plan.trouble_s:g} s, clocks wrong by up to {plan.skew_s:g} s",
        "faults: " + (", ".join(f"{kind} {rate:.3g}" for kind, rate in plan.rates.items()) or "none"),
        "limits: " + (", ".join(f"{name} {most}" for name, most in plan.limits.items()) or "as usual"),
        *(f"{saga_id}: {json.dumps(program)}" for saga_id, program in outcome.programs.items()),
    ]
    trace = outcome.trace if everything else outcome.trace[-LAST:]
    if len(trace) < len(outcome.trace):
        lines.append(f"… {len(outcome.trace) - len(trace)} lines before these")
    lines += [_line(entry) for entry in trace]
    lines += [f"digest {outcome.digest}", *(f"✗ {fault}" for fault in outcome.faults)]
    return "\n".join(lines)


def again(seed: int, sagas: int) -> str:
    """The command that shows a seed."""
    return f"python -m tests.simulation --seed {seed} --sagas {sagas}"


def _line(entry: Sequence[object]) -> str:
    at, who, *what = entry
    return f"{at:>12.6f}  {who!s:<16} {' '.join(map(str, what))}"
