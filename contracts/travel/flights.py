"""Seats on flights."""

import msgspec

from contracts.command import command
from contracts.contract import Contract
from contracts.kinds import RETRIABLE
from contracts.retry import Retry


class ReserveFlight(msgspec.Struct, frozen=True):
    """A seat for a traveller."""

    traveller: str
    destination: str
    price: int
    """In cents."""


class FlightHold(msgspec.Struct, frozen=True):
    """A seat kept for the trip."""

    ref: str
    price: int
    """In cents."""


class IssueTicket(msgspec.Struct, frozen=True):
    """Turns a hold into a ticket."""

    hold: str


class Ticket(msgspec.Struct, frozen=True):
    """A ticket that was issued."""

    number: str


class Flights(Contract, name="flights"):
    """Seats on flights."""

    @command(timeout="5s", retry=Retry(attempts=5, backoff="200ms..10s"))
    async def reserve(self, request: ReserveFlight) -> FlightHold:
        """Keeps a seat."""
        ...

    @reserve.undo(timeout="2s", retry=Retry.forever(backoff="200ms..5m"))
    async def release(self, request: ReserveFlight, hold: FlightHold | None) -> None:
        """Gives the seat back."""

    @command(kind=RETRIABLE, timeout="5s", retry=Retry.forever(backoff="200ms..5m"))
    async def issue_ticket(self, request: IssueTicket) -> Ticket:
        """Issues the ticket for a hold."""
        ...
