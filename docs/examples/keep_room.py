"""A saga that keeps a room until it is paid for, and gives more time to who asks: docs/writing-a-saga.md shows it."""

from datetime import datetime

import msgspec

from contracts.travel.hotels import HotelHold, Hotels, ReserveHotel
from contracts.travel.payments import ChargeCard, Payments
from coordinator.saga import Signal, Update, extend_deadline, new_uuid, now, saga


class Kept(msgspec.Struct, frozen=True):
    """A room that is paid for."""

    ref: str
    reference: str
    """What stands on the guest's account."""
    paid_at: datetime


@saga(version=1, key="{room.traveller}", deadline="48h")
async def keep_room(
    room: ReserveHotel, hotels: Hotels, payments: Payments, card: Signal[str], more_time: Update[int, datetime]
) -> Kept:
    """Hold a room for two days, or as long as the guest asks for, and charge the card that comes."""

    @more_time.handle
    async def _(hours: int) -> datetime:
        return extend_deadline(hours * 3600)

    hold: HotelHold = await hotels.reserve(room)
    reference = str(new_uuid())
    await payments.charge(ChargeCard(await card, hold.price))
    return Kept(hold.ref, reference, now())
