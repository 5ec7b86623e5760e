"""A participant that takes its time."""

from benchmarks.contracts import Done, Work
from contracts import Contract, command


class People(Contract, name="people"):
    """Nobody of the benchmark answers for them."""

    @command(timeout="30d")
    async def approve(self, work: Work) -> Done:
        """Takes days."""
        ...

    @approve.undo(timeout="30d")
    async def withdraw(self, work: Work, done: Done | None) -> None:
        """Takes days as well."""
