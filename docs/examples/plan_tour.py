"""A saga whose steps are sagas: docs/writing-a-saga.md shows it."""

import asyncio

import msgspec
from plan_weekend import Wish, plan_weekend

from coordinator.saga import child, saga


class Band(msgspec.Struct, frozen=True):
    """Who goes on tour: all of them, or nobody."""

    name: str
    members: tuple[str, ...]
    cities: tuple[str, ...]


@saga(version=1, key="{band.name}")
async def plan_tour(band: Band) -> list[str]:
    """A weekend for each of the band, all at once; where one finds none, those of the others are undone."""
    weekends = [child(plan_weekend, Wish(member, band.cities)) for member in band.members]
    return await asyncio.gather(*weekends)
