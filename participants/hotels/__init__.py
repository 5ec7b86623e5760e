"""Rooms in hotels: one of the demo's services."""

from participants.hotels.handlers import hotels
from participants.hotels.tables import ledger

__all__ = ["hotels", "ledger"]
