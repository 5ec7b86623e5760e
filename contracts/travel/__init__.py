"""The demo's contracts: a travel shop."""

from contracts.travel.flights import Flights
from contracts.travel.hotels import Hotels
from contracts.travel.payments import Payments

__all__ = ["Flights", "Hotels", "Payments"]
