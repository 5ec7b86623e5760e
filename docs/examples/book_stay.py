"""A saga that waits for a person: docs/exploring-a-saga.md goes through it, docs/testing-a-saga.md tests it."""

import asyncio

import msgspec

from contracts.travel import Hotels, Payments
from contracts.travel.hotels import ReserveHotel
from contracts.travel.payments import ChargeCard
from coordinator.saga import Refused, Signal, saga


class Approval(msgspec.Struct, frozen=True):
    """What a traveller's boss says."""

    by: str
    approved: bool = True


@saga(version=1, key="{stay.traveller}")
async def book_stay(stay: ReserveHotel, hotels: Hotels, payments: Payments, approval: Signal[Approval]) -> str:
    """Hold a room, ask the boss, who has three days, and pay."""
    room = await hotels.reserve(stay)
    async with asyncio.timeout(3 * 86_400):
        decision = await approval
    if not decision.approved:
        raise Refused("not_approved")
    await payments.charge(ChargeCard("company", room.price))
    return room.ref
