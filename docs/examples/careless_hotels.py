"""A participant with a mistake, to show how it is found: one handler commits by itself."""

from uuid import uuid4

from sqlalchemy import delete, insert
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from contracts.travel.hotels import HotelHold, Hotels, ReserveHotel
from participants.hotels.tables import hotel_hold, tables
from participants.sdk import Delivery, Participant


def careless_hotels(engine: AsyncEngine) -> Participant:
    careless = Participant(Hotels, tables=tables)

    @careless.on(Hotels.reserve)
    async def reserve(request: ReserveHotel, delivery: Delivery) -> HotelHold:
        ref = f"HO-{uuid4()}"
        row = {"ref": ref, "saga_id": delivery.saga_id, "command_id": delivery.command_id, **_stay(request)}
        async with engine.begin() as connection:  # not the session that the barrier's row is written with
            await connection.execute(insert(hotel_hold), row)
        return HotelHold(ref, request.price)

    @careless.on(Hotels.release)
    async def release(request: ReserveHotel, hold: HotelHold | None, db: AsyncSession) -> None:
        if hold is not None:
            await db.execute(delete(hotel_hold).where(hotel_hold.c.ref == hold.ref))

    return careless


def _stay(request: ReserveHotel) -> dict[str, object]:
    return {field: getattr(request, field) for field in ("traveller", "city", "nights", "price")}
