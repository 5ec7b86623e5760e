"""The participants' ledgers, read from their own databases, and whether they add up."""

import asyncio
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import create_async_engine

import participants.flights.tables as flights
import participants.hotels.tables as hotels
import participants.payments.tables as payments
from participants.ledger import Ledger

_LEDGERS = {"flights": flights.ledger, "hotels": hotels.ledger, "payments": payments.ledger}


@dataclass(frozen=True, slots=True)
class Books:
    """All three ledgers."""

    flights: Ledger
    hotels: Ledger
    payments: Ledger

    def faults(self, booked: int, undone: int) -> tuple[str, ...]:
        """What does not add up when so many trips were booked and so many undone."""
        found: list[str] = []
        for name, ledger in (("flights", self.flights), ("hotels", self.hotels)):
            if (ledger.held, ledger.undone) != (booked, undone):
                found.append(
                    f"{name} hold {ledger.held} and gave back {ledger.undone}, it should be {booked} and {undone}"
                )
        if self.payments.held != booked:
            found.append(f"payments hold {self.payments.held} charges, it should be {booked}")
        for name, ledger in (("flights", self.flights), ("hotels", self.hotels), ("payments", self.payments)):
            if ledger.doubled:
                found.append(f"{name} did {ledger.doubled} things twice")
        if self.payments.held_amount != self.sold:
            found.append(f"{_money(self.payments.held_amount)} were taken for {_money(self.sold)} of bookings")
        return tuple(found)

    @property
    def sold(self) -> int:
        """Price of all that is held, in cents."""
        return self.flights.held_amount + self.hotels.held_amount

    def line(self) -> str:
        """As it is printed."""
        return (
            f"flights {self.flights.held} · hotels {self.hotels.held} · payments {self.payments.held} · "
            f"given back {self.flights.undone} and {self.hotels.undone} · "
            f"money in {_money(self.payments.held_amount)} = money out {_money(self.sold)}"
        )


async def read_books(urls: dict[str, str]) -> Books:
    """Reads each ledger from its participant's database."""
    found = await asyncio.gather(*(_read(name, urls[name]) for name in _LEDGERS))
    return Books(*found)


async def _read(name: str, url: str) -> Ledger:
    engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://", 1))
    try:
        async with engine.connect() as connection:
            return await _LEDGERS[name](connection)
    finally:
        await engine.dispose()


def _money(cents: int) -> str:
    return f"{cents / 100:,.2f}"
