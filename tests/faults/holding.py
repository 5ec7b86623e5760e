"""A saga whose steps wait: one for a signal when its budget is used up, one for an answer by its id; named by
AMENDS_CATALOGUE."""

import asyncio
from pathlib import Path

from coordinator.saga import AwaitSignal, Contract, Definitions, Retry, command, saga

TOLD = Retry(attempts=2, backoff="20ms..20ms", on_exhausted=AwaitSignal("bank_is_back"))


class Bank(Contract, name="bank", local=True):
    """A bank that is closed until there is a file."""

    @command(timeout="10s", retry=TOLD)
    async def pay(self, file: str) -> str:
        """Fails while it is closed."""
        return opened(file)

    @pay.undo()
    async def refund(self, file: str, paid: str | None) -> None:
        """The file goes."""
        await asyncio.to_thread(Path(file).unlink, missing_ok=True)


def opened(file: str) -> str:
    """What stands in it. Raises FileNotFoundError."""
    return Path(file).read_text()


class Judge(Contract, name="judge"):
    """Nobody is there: whoever has a verdict answers by the command's id."""

    @command(timeout="1h")
    async def decide(self, paid: str) -> str:
        """As it says."""
        ...

    @decide.undo()
    async def appeal(self, paid: str, verdict: str | None) -> None:
        """As it says."""


@saga(version=1)
async def wait_long(file: str, bank: Bank, judge: Judge) -> str:
    """Pays, and waits for a verdict."""
    return await judge.decide(await bank.pay(file))


DEFINITIONS = Definitions([wait_long])
