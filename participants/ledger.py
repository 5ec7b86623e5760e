"""What a demo service's ledger says: read from its database by whoever wants to know whether the books add up."""

from dataclasses import dataclass

from sqlalchemy import Column, DateTime, MetaData, Table, Text, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from contracts.ids import forward_id
from participants.sdk import Delivery


@dataclass(frozen=True, slots=True)
class Ledger:
    """Totals of one service. Amounts are in cents."""

    held: int
    """How many holds or charges stand."""
    held_amount: int
    undone: int
    """How many were made and undone."""
    undone_amount: int
    doubled: int
    """Effects that were made more than once: there must be none."""


def effect_table(metadata: MetaData) -> Table:
    """Every effect, in the order in which they were made. Nothing here is unique, so that a double one is seen."""
    return Table(
        "effect",
        metadata,
        Column("command_id", Text, nullable=False, comment="of the forward command"),
        Column("direction", Text, nullable=False, comment="forward or undo"),
        Column("at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    )


async def note_effect(db: AsyncSession, effects: Table, delivery: Delivery) -> None:
    """Writes down that the handler did what it was asked for."""
    row = {"command_id": forward_id(delivery.command_id), "direction": delivery.direction}
    await db.execute(insert(effects), row)


async def doubled(connection: AsyncConnection, effects: Table) -> int:
    """How many pairs of command and direction have more than one effect."""
    pairs = select(effects.c.command_id).group_by(effects.c.command_id, effects.c.direction).having(func.count() > 1)
    return await connection.scalar(select(func.count()).select_from(pairs.subquery())) or 0
