"""What hotels do when they are asked."""

from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncSession

from contracts import Refused
from contracts.travel.hotels import HotelHold, Hotels, ReserveHotel
from participants.hotels.tables import effect, hotel_hold, tables
from participants.ledger import note_effect
from participants.references import reference
from participants.sdk import Delivery, Participant

hotels = Participant(Hotels, tables=tables)


@hotels.on(Hotels.reserve)
async def reserve(request: ReserveHotel, delivery: Delivery, db: AsyncSession) -> HotelHold:
    """Holds a room; the hotels of Nowhere are always full."""
    if request.city.casefold() == "nowhere":
        raise Refused("sold_out", f"There is no room left in {request.city}.")
    hold = HotelHold(reference("HO", delivery.command_id), request.price)
    await db.execute(
        insert(hotel_hold),
        {
            "ref": hold.ref,
            "saga_id": delivery.saga_id,
            "command_id": delivery.command_id,
            "traveller": request.traveller,
            "city": request.city,
            "nights": request.nights,
            "price": request.price,
        },
    )
    await note_effect(db, effect, delivery)
    return hold


@hotels.on(Hotels.release)
async def release(request: ReserveHotel, hold: HotelHold | None, delivery: Delivery, db: AsyncSession) -> None:
    """Gives the room back."""
    ref = hold.ref if hold is not None else reference("HO", delivery.command_id)
    await db.execute(update(hotel_hold).where(hotel_hold.c.ref == ref).values(state="released"))
    await note_effect(db, effect, delivery)
