"""Seats on flights: one of the demo's services."""

from participants.flights.handlers import flights
from participants.flights.tables import ledger

__all__ = ["flights", "ledger"]
