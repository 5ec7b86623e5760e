"""The hotels' own tables."""

from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, Integer, MetaData, Table, Text, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from participants.ledger import Ledger, doubled, effect_table

tables = MetaData()

hotel_hold = Table(
    "hotel_hold",
    tables,
    Column("ref", Text, primary_key=True),
    Column("saga_id", Text, nullable=False),
    Column("command_id", Text, nullable=False),
    Column("traveller", Text, nullable=False),
    Column("city", Text, nullable=False),
    Column("nights", Integer, nullable=False),
    Column("price", BigInteger, nullable=False, comment="in cents, for the whole stay"),
    Column("state", Text, nullable=False, server_default="held"),
    Column("at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    CheckConstraint("state IN ('held', 'released')", name="hotel_hold_state_is_known"),
)

effect = effect_table(tables)


async def ledger(connection: AsyncConnection) -> Ledger:
    """Rooms held and rooms given back."""
    price = func.coalesce(func.sum(hotel_hold.c.price), 0)
    released = hotel_hold.c.state == "released"
    held = (await connection.execute(select(func.count(), price).where(~released))).one()
    undone = (await connection.execute(select(func.count(), price).where(released))).one()
    return Ledger(held[0], int(held[1]), undone[0], int(undone[1]), await doubled(connection, effect))
