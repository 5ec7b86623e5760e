"""Sagas with local steps, and bodies that a test holds in its hand."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from coordinator.saga import Contract, Definitions, Retry, command, current_step, saga
from tests.unit.runtime.sagas import Shop

Body = Callable[[str], Coroutine[Any, Any, str]]


class Hand:
    """What the bodies did, and what they do next."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        """``find 1``, ``undo 1``: of which direction, and the attempt."""
        self.ended: list[str] = []
        """The same, however they ended."""
        self.undone_with: list[str | None] = []
        """What the undos were given."""
        self.find: Body = found
        self.undo: Body = found

    async def run(self, word: str, body: Body, item: str) -> str:
        """The body that the test wants."""
        name = f"{word} {current_step().attempt}"
        self.begun.append(name)
        try:
            return await body(item)
        finally:
            self.ended.append(name)


async def found(item: str) -> str:
    """At once."""
    return f"{item} found"


async def never(item: str) -> str:
    """Not before it is cancelled."""
    await asyncio.get_running_loop().create_future()
    return item


def once(go_on: asyncio.Event) -> Body:
    """When the test says so."""

    async def when_told(item: str) -> str:
        await go_on.wait()
        return item

    return when_told


HAND = Hand()


class Errands(Contract, name="errands", local=True):
    """What the coordinator does itself."""

    @command(timeout="20s", retry=Retry(attempts=3, backoff="1ms..1ms"))
    async def find(self, item: str) -> str:
        """As the test has it."""
        return await HAND.run("find", HAND.find, item)

    @find.undo(timeout="20s", retry=Retry(attempts=2, backoff="1ms..1ms"))
    async def forget(self, item: str, result: str | None) -> None:
        """As the test has it."""
        HAND.undone_with.append(result)
        await HAND.run("undo", HAND.undo, item)

    @find.other_undo(timeout="20s", retry=Retry(attempts=2, backoff="1ms..1ms"))
    async def lose(self, item: str, result: str | None) -> None:
        """As the test has it."""
        HAND.undone_with.append(result)
        await HAND.run("lose", HAND.undo, item)

    @command(timeout="50ms", retry=Retry.never())
    async def hurry(self, item: str) -> str:
        """The same, with little time."""
        return await HAND.run("hurry", HAND.find, item)

    @hurry.undo(timeout="20s")
    async def unhurry(self, item: str, result: str | None) -> None:
        """As the test has it."""
        await HAND.run("undo", HAND.undo, item)


@saga(version=1)
async def fetch(item: str, errands: Errands) -> str:
    """One local step."""
    return await errands.find(item)


@saga(version=1)
async def fetch_quickly(item: str, errands: Errands) -> str:
    """One that has little time."""
    return await errands.hurry(item)


@saga(version=1)
async def fetch_and_buy(item: str, errands: Errands, shop: Shop) -> str:
    """A local step, and then one of a participant."""
    return await shop.reserve(await errands.find(item))


@saga(version=1)
async def fetch_and_lose(item: str, errands: Errands, shop: Shop) -> str:
    """A local step that is undone otherwise than it is declared."""
    return await shop.reserve(await errands.find.using(undo=Errands.lose)(item))


ERRANDS = Definitions([fetch, fetch_quickly, fetch_and_buy, fetch_and_lose])
