"""A local contract: what the coordinator does itself. The driver plays that part too."""

from contracts import Contract, Retry, command


class Desk(Contract, name="desk", local=True):
    """What the coordinator does itself."""

    @command(timeout="5s", retry=Retry(attempts=2, backoff="1s"))
    async def dial(self, number: str) -> str:
        """Who answered; can be undone."""
        return number

    @dial.undo(timeout="5s", retry=Retry(attempts=2, backoff="1s"))
    async def call_again(self, number: str, who: str | None) -> None:
        """Undoes dial, or is given up after two attempts."""
        del number, who  # nobody runs it

    @command(timeout="5s", nothing_to_undo=True, retry=Retry.never())
    async def look_up(self, name: str) -> str:
        """Changes nothing."""
        return name
