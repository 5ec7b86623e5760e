"""Sagas for the tests of the interface."""

import msgspec

from contracts import Contract, command
from coordinator.saga import ContinueAsNew, Definitions, Query, Refused, Signal, Update, attributes, saga, status


class Tea(msgspec.Struct, frozen=True):
    """A cup of tea."""

    kind: str
    sugar: int = 0
    guests: tuple[str, ...] = ()


class Kitchen(Contract, name="kitchen"):
    """Where tea is made."""

    @command(timeout="5s")
    async def boil(self, cups: int) -> str:
        """Boils water."""
        ...

    @boil.undo()
    async def pour_away(self, cups: int, result: str | None) -> None:
        """Pours it away."""


@saga(version=2, key="{tea.kind}")
async def make_tea(tea: Tea, kitchen: Kitchen) -> str:
    """Makes tea."""
    return await kitchen.boil(1 + len(tea.guests))


@saga(version=1, key="{tea.kind}", name="make_tea")
async def make_tea_before(tea: Tea, kitchen: Kitchen) -> str:
    """Makes tea as it used to."""
    return await kitchen.boil(1)


@saga(version=1)
async def tidy(kitchen: Kitchen) -> None:
    """Takes no input and has no key of its own."""


class Wish(msgspec.Struct, frozen=True):
    """What a guest says."""

    guest: str
    cups: int = 1


@saga(version=1)
async def serve(kitchen: Kitchen, wish: Signal[Wish]) -> str:
    """Waits for a guest."""
    said = await wish
    return f"{said.guest}: {await kitchen.boil(said.cups)}"


@saga(version=1)
async def pour(kitchen: Kitchen, wish: Update[Wish, str], close: Signal[None], cups: Query[None, int]) -> int:
    """Pours what guests ask for, until it closes."""
    poured = 0

    @wish.check
    def _(said: Wish) -> None:
        if said.cups > 9:
            raise Refused("too_much", "Nine cups at most.", most=9)

    @wish.handle
    async def _(said: Wish) -> str:
        nonlocal poured
        water = await kitchen.boil(said.cups)
        poured += said.cups
        return f"{said.guest}: {water}"

    @cups.answer
    def _() -> int:
        return poured

    await close
    return poured


@saga(version=1)
async def sell(kitchen: Kitchen) -> None:
    """Shows how it stands."""
    status("waiting for approval")
    attributes(amount=121, urgent=True)
    await kitchen.boil(1)


@saga(version=1)
async def refill(cups: int, kitchen: Kitchen) -> str:
    """Goes on as new with every cup."""
    water = await kitchen.boil(1)
    if cups > 1:
        raise ContinueAsNew(cups - 1)
    return water


DEFINITIONS = Definitions([make_tea, make_tea_before, tidy, serve, pour, sell, refill])
