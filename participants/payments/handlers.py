"""What payments do when they are asked."""

from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncSession

from contracts import Refused
from contracts.travel.payments import ChargeCard, Payments, Receipt
from participants.ledger import note_effect
from participants.payments.tables import charge, effect, tables
from participants.references import reference
from participants.sdk import Delivery, Participant

payments = Participant(Payments, tables=tables)


@payments.on(Payments.charge)
async def take(request: ChargeCard, delivery: Delivery, db: AsyncSession) -> Receipt:
    """Charges the card, unless its number begins with ``refuse``."""
    if request.card.startswith("refuse"):
        raise Refused("card_declined", "The bank declined the card.")
    receipt = Receipt(reference("CH", delivery.command_id), request.amount)
    await db.execute(
        insert(charge),
        {
            "ref": receipt.charge,
            "saga_id": delivery.saga_id,
            "command_id": delivery.command_id,
            "card": request.card,
            "amount": request.amount,
        },
    )
    await note_effect(db, effect, delivery)
    return receipt


@payments.on(Payments.refund)
async def refund(request: ChargeCard, receipt: Receipt | None, delivery: Delivery, db: AsyncSession) -> None:
    """Gives the money back."""
    ref = receipt.charge if receipt is not None else reference("CH", delivery.command_id)
    await db.execute(update(charge).where(charge.c.ref == ref).values(state="refunded"))
    await note_effect(db, effect, delivery)
