"""A saga without an end: a newspaper, every day, until somebody has had enough of it."""

import asyncio

import msgspec

from coordinator.saga import RETRIABLE, ContinueAsNew, Contract, Retry, Signal, command, saga


class Courier(Contract, name="courier"):
    """Whoever brings the paper."""

    @command(timeout="1h", kind=RETRIABLE, retry=Retry.forever(backoff="1m..1h"))
    async def bring(self, reader: str) -> None:
        """Today's paper is at the door."""


class Subscription(msgspec.Struct):
    """Whose it is, and how many papers came so far."""

    reader: str
    papers: int = 0


@saga(version=1, key="{subscription.reader}")
async def deliver_paper(subscription: Subscription, courier: Courier, enough: Signal[str]) -> int:
    """A paper a day. A week is a round."""
    papers = subscription.papers
    for _ in range(7):
        try:
            async with asyncio.timeout(86_400):
                await enough
        except TimeoutError:
            await courier.bring(subscription.reader)
            papers += 1
        else:
            return papers
    raise ContinueAsNew(Subscription(subscription.reader, papers))
