"""Charges on cards."""

import msgspec

from contracts.command import command
from contracts.contract import Contract
from contracts.kinds import PIVOT
from contracts.retry import Retry


class ChargeCard(msgspec.Struct, frozen=True):
    """Money from a traveller's card."""

    card: str
    amount: int
    """In cents."""


class Receipt(msgspec.Struct, frozen=True):
    """A charge that was made."""

    charge: str
    amount: int
    """In cents."""


class Payments(Contract, name="payments"):
    """Charges on cards."""

    @command(kind=PIVOT, timeout="5s", retry=Retry(attempts=5, backoff="200ms..10s"))
    async def charge(self, request: ChargeCard) -> Receipt:
        """Takes the money; once taken, the trip only goes forward."""
        ...

    @charge.undo(timeout="2s", retry=Retry.forever(backoff="200ms..5m"))
    async def refund(self, request: ChargeCard, receipt: Receipt | None) -> None:
        """Gives the money back: needed only when nobody knows whether it was taken."""
