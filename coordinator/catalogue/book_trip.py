"""The demo's saga."""

import asyncio

import msgspec

from contracts.travel.flights import Flights, IssueTicket, ReserveFlight
from contracts.travel.hotels import Hotels, ReserveHotel
from contracts.travel.payments import ChargeCard, Payments
from coordinator.saga import saga


class Trip(msgspec.Struct, frozen=True):
    """What a traveller asks for."""

    trip_id: str
    traveller: str
    destination: str
    card: str
    city: str = "Lisbon"
    nights: int = 2
    flight_price: int = 12_000
    """In cents."""
    hotel_price: int = 18_000
    """In cents."""
    pause: float = 0
    """Seconds to think it over before the card is charged."""


class Itinerary(msgspec.Struct, frozen=True):
    """What the traveller gets."""

    flight: str
    hotel: str
    charge: str
    ticket: str


@saga(version=1, key="{trip.trip_id}")
async def book_trip(trip: Trip, flights: Flights, hotels: Hotels, payments: Payments) -> Itinerary:
    """Reserve a flight and a hotel, charge the card, issue the ticket."""
    flight = await flights.reserve(ReserveFlight(trip.traveller, trip.destination, trip.flight_price))
    hotel = await hotels.reserve(ReserveHotel(trip.traveller, trip.city, trip.nights, trip.hotel_price))
    await asyncio.sleep(trip.pause)
    receipt = await payments.charge(ChargeCard(trip.card, flight.price + hotel.price))
    ticket = await flights.issue_ticket(IssueTicket(flight.ref))
    return Itinerary(flight.ref, hotel.ref, receipt.charge, ticket.number)
