"""A saga whose calls have policies of their own: what a call has otherwise stands in its history."""

from coordinator.saga import AwaitSignal, Contract, Refused, Retry, command, saga
from tests.sagas import SagaDriver


class Market(Contract, name="market"):
    """Where everything can be had otherwise."""

    @command(timeout="5s", retry=Retry(attempts=3, backoff="1s..1s"))
    async def buy(self, what: str) -> int:
        """As it says."""
        ...

    @buy.undo(timeout="5s")
    async def return_it(self, what: str, price: int | None) -> None:
        """As it says."""

    @buy.other_undo(timeout="5s", retry=Retry(attempts=2, backoff="1s..1s"))
    async def sell(self, what: str, price: int | None) -> None:
        """As it says."""


@saga(version=1)
async def bargain(market: Market) -> int:
    """Never change it: give a change a new version."""
    paid = await market.buy("bread")
    paid += await market.buy.using(undo=Market.sell, undo_timeout="1s")("wine")
    paid += await market.buy.using(undo=None)("cheese")
    hasty = market.buy.using(timeout="500ms", retry=Retry(attempts=None, total="2s", unless=("rotten",), jitter=0))
    paid += await hasty("fish")
    if paid > 100:
        raise Refused("too_dear")
    return paid


@saga(version=1)
async def haggle(market: Market) -> int:
    """Never change it: give a change a new version."""
    told = Retry(attempts=1, on_exhausted=AwaitSignal("market_opens"))
    paid = await market.buy.using(retry=told, undo_retry=told)("bread")
    paid += await market.buy.using(retry=Retry(attempts=2, backoff="1s..1s", on_exhausted="park"))("wine")
    return paid


def shopped() -> SagaDriver:
    """All but the last."""
    return SagaDriver(bargain, key="golden").start().succeeds(1, 1).succeeds(2, 20).succeeds(3, 5)


def goes_through() -> SagaDriver:
    return shopped().passes(500).fails(4).passes(1_000).succeeds(4, 3)


def is_too_dear() -> SagaDriver:
    driver = shopped().succeeds(4, 300).succeeds("undo 4").passes(1_000).passes(1_000)
    return driver.succeeds("undo 2").succeeds("undo 1")


def takes_too_long() -> SagaDriver:
    driver = shopped().fails(4, retry_after_ms=1_400).passes(1_400).passes(500).passes(100).succeeds("undo 4")
    return driver.fails("undo 2").passes(1_000).fails("undo 2").succeeds("undo 1")


def is_rotten() -> SagaDriver:
    return shopped().fails(4, type="rotten")


STORIES = (goes_through, is_too_dear, takes_too_long, is_rotten)


def waits() -> SagaDriver:
    """For the signal, then for a person."""
    driver = SagaDriver(haggle, key="golden").start().fails(1).passes(86_400_000).signals("market_opens", "at last")
    return driver.succeeds(1, 3).fails(2).passes(1_000).fails(2)


def waits_no_more() -> SagaDriver:
    return waits().passes(3_600_000).resume().succeeds(2, 20)


def waits_on_its_way_back() -> SagaDriver:
    return waits().cancel().succeeds("undo 2").fails("undo 1")


WAITING = (waits, waits_no_more, waits_on_its_way_back)
