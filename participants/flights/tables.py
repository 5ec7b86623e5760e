"""The flights' own tables."""

from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, ForeignKey, MetaData, Table, Text, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from participants.ledger import Ledger, doubled, effect_table

tables = MetaData()

flight_hold = Table(
    "flight_hold",
    tables,
    Column("ref", Text, primary_key=True),
    Column("saga_id", Text, nullable=False),
    Column("command_id", Text, nullable=False),
    Column("traveller", Text, nullable=False),
    Column("destination", Text, nullable=False),
    Column("price", BigInteger, nullable=False, comment="in cents"),
    Column("state", Text, nullable=False, server_default="held"),
    Column("at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    CheckConstraint("state IN ('held', 'released', 'ticketed')", name="flight_hold_state_is_known"),
)

ticket = Table(
    "ticket",
    tables,
    Column("number", Text, primary_key=True),
    Column("hold", Text, ForeignKey("flight_hold.ref"), nullable=False),
    Column("saga_id", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)

effect = effect_table(tables)


async def ledger(connection: AsyncConnection) -> Ledger:
    """Seats held (with or without a ticket) and seats given back."""
    price = func.coalesce(func.sum(flight_hold.c.price), 0)
    released = flight_hold.c.state == "released"
    held = (await connection.execute(select(func.count(), price).where(~released))).one()
    undone = (await connection.execute(select(func.count(), price).where(released))).one()
    return Ledger(held[0], int(held[1]), undone[0], int(undone[1]), await doubled(connection, effect))
