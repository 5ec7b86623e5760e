"""A saga that sends parcels, and one whose steps are such sagas."""

import asyncio

import msgspec

from coordinator.saga import child, saga
from tests.family import Family
from tests.sagas import Shop


class Parcel(msgspec.Struct, frozen=True):
    """What is sent."""

    id: str
    item: str


class Sent(msgspec.Struct, frozen=True):
    """A result with a type."""

    taken: str
    lent: str


@saga(version=1, key="{parcel.id}")
async def send(parcel: Parcel, shop: Shop) -> Sent:
    """Two steps that can be undone."""
    return Sent(await shop.take(parcel.item), await shop.lend(parcel.item))


@saga(version=1)
async def order(items: list[str], shop: Shop) -> list[str]:
    """A step, children side by side, and a step that may be refused."""
    await shop.take("first")
    sent = await asyncio.gather(*(child(send, Parcel(f"p-{item}", item)) for item in items))
    assert all(isinstance(each, Sent) for each in sent)
    await shop.take("last")
    return [each.taken for each in sent]


def begun(*items: str) -> Family:
    """The children have been asked for and begun."""
    family = Family(order, send)
    family.start("order:1", list(items)).succeeds("shop.take", "f")
    family.deliver()
    return family


def gone_through(*items: str) -> Family:
    """The children have gone through; the last step is out."""
    family = begun(*items)
    for item in items:
        family[f"send:p-{item}"].succeeds(1, item.upper()).succeeds(2, item)
    family.deliver()
    return family
