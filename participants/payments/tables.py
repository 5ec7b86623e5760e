"""The payments' own tables."""

from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, MetaData, Table, Text, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from participants.ledger import Ledger, doubled, effect_table

tables = MetaData()

charge = Table(
    "charge",
    tables,
    Column("ref", Text, primary_key=True),
    Column("saga_id", Text, nullable=False),
    Column("command_id", Text, nullable=False),
    Column("card", Text, nullable=False),
    Column("amount", BigInteger, nullable=False, comment="in cents"),
    Column("state", Text, nullable=False, server_default="charged"),
    Column("at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    CheckConstraint("state IN ('charged', 'refunded')", name="charge_state_is_known"),
)

effect = effect_table(tables)


async def ledger(connection: AsyncConnection) -> Ledger:
    """Money taken and money given back."""
    amount = func.coalesce(func.sum(charge.c.amount), 0)
    refunded = charge.c.state == "refunded"
    held = (await connection.execute(select(func.count(), amount).where(~refunded))).one()
    undone = (await connection.execute(select(func.count(), amount).where(refunded))).one()
    return Ledger(held[0], int(held[1]), undone[0], int(undone[1]), await doubled(connection, effect))
