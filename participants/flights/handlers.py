"""What flights do when they are asked."""

from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncSession

from contracts import Failed, Refused
from contracts.travel.flights import FlightHold, Flights, IssueTicket, ReserveFlight, Ticket
from participants.flights.tables import effect, flight_hold, tables, ticket
from participants.ledger import note_effect
from participants.references import reference
from participants.sdk import Delivery, Participant

flights = Participant(Flights, tables=tables)


@flights.on(Flights.reserve)
async def reserve(request: ReserveFlight, delivery: Delivery, db: AsyncSession) -> FlightHold:
    """Holds a seat; nobody flies to Atlantis."""
    if request.destination.casefold() == "atlantis":
        raise Refused("no_flights", f"There are no flights to {request.destination}.")
    hold = FlightHold(reference("FL", delivery.command_id), request.price)
    await db.execute(
        insert(flight_hold),
        {
            "ref": hold.ref,
            "saga_id": delivery.saga_id,
            "command_id": delivery.command_id,
            "traveller": request.traveller,
            "destination": request.destination,
            "price": request.price,
        },
    )
    await note_effect(db, effect, delivery)
    return hold


@flights.on(Flights.release)
async def release(request: ReserveFlight, hold: FlightHold | None, delivery: Delivery, db: AsyncSession) -> None:
    """Gives the seat back."""
    ref = hold.ref if hold is not None else reference("FL", delivery.command_id)
    await db.execute(update(flight_hold).where(flight_hold.c.ref == ref).values(state="released"))
    await note_effect(db, effect, delivery)


@flights.on(Flights.issue_ticket)
async def issue_ticket(request: IssueTicket, delivery: Delivery, db: AsyncSession) -> Ticket:
    """Turns the hold into a ticket."""
    held = flight_hold.c.state == "held"
    changed = await db.execute(
        update(flight_hold)
        .where(flight_hold.c.ref == request.hold, held)
        .values(state="ticketed")
        .returning(flight_hold.c.ref)
    )
    if changed.first() is None:
        raise Failed("no_such_hold", f"There is no held seat {request.hold}: a person has to look.", retryable=False)
    issued = Ticket(reference("T", delivery.command_id))
    await db.execute(insert(ticket), {"number": issued.number, "hold": request.hold, "saga_id": delivery.saga_id})
    await note_effect(db, effect, delivery)
    return issued
