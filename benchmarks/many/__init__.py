"""Many of everything: sleepers, timers due at once, steps of one saga, events of one history, finished sagas, and sagas
in flight when the coordinator dies.
``python -m benchmarks.many [scenario …]`` runs them alone."""

from collections.abc import Awaitable, Callable, Mapping

from rich.console import Console

from benchmarks.goals import Goal
from benchmarks.many.asleep import asleep
from benchmarks.many.due import due_at_once
from benchmarks.many.fan import fan_out
from benchmarks.many.finished import beside_finished
from benchmarks.many.history import long_history
from benchmarks.many.recovery import recovery

Scenario = Callable[[Console], Awaitable[list[Goal]]]

SCENARIOS: Mapping[str, Scenario] = {
    "history": long_history,
    "fan": fan_out,
    "asleep": asleep,
    "due": due_at_once,
    "finished": beside_finished,
    "recovery": recovery,
}
"""Each brings up what it needs, loads it, and takes it down again."""


async def run_many(console: Console) -> list[Goal]:
    """All of them; about a quarter of an hour. Raises OracleFailed, SagaWentWrong."""
    found: list[Goal] = []
    for name, scenario in SCENARIOS.items():
        console.print(f"… {name}", highlight=False)
        found.extend(await scenario(console))
    return found
