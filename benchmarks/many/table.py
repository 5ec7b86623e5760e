"""Figures beside their bounds."""

from collections.abc import Iterable

from rich.table import Table

from benchmarks.goals import Goal


def goal_table(title: str, goals: Iterable[Goal]) -> Table:
    """One row a figure."""
    table = Table(title, "measured", "wanted", "")
    for goal in goals:
        wanted = f"{'≥' if goal.at_least else '≤'} {goal.bound:g} {goal.unit}"
        table.add_row(goal.what, f"{goal.measured:.4g} {goal.unit}", wanted, "✓" if goal.reached else "✗")
    return table
