"""The same three participants, each with its barrier and one business row a command in its own database."""

from sqlalchemy import BigInteger, Column, MetaData, Table, Text, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from benchmarks.contracts import Done, First, Second, Third, Work
from contracts import Refused
from participants.sdk import Delivery, Participant

metadata = MetaData()
effect = Table("effect", metadata, Column("command_id", Text), Column("direction", Text), Column("number", BigInteger))

first = Participant(First, tables=metadata)
second = Participant(Second, tables=metadata)
third = Participant(Third, tables=metadata)


async def keep(work: Work, delivery: Delivery, db: AsyncConnection) -> None:
    """The business row."""
    row = {"command_id": delivery.command_id, "direction": delivery.direction, "number": work.number}
    await db.execute(insert(effect), row)


@first.on(First.work)
async def work_first(work: Work, delivery: Delivery, db: AsyncConnection) -> Done:
    """Done."""
    await keep(work, delivery, db)
    return Done(work.number)


@second.on(Second.work)
async def work_second(work: Work, delivery: Delivery, db: AsyncConnection) -> Done:
    """Done."""
    await keep(work, delivery, db)
    return Done(work.number)


@third.on(Third.work)
async def work_third(work: Work, delivery: Delivery, db: AsyncConnection) -> Done:
    """Done, or refused."""
    if work.refuse:
        raise Refused("told_to")
    await keep(work, delivery, db)
    return Done(work.number)


@first.on(First.unwork)
async def unwork_first(work: Work, done: Done | None, delivery: Delivery, db: AsyncConnection) -> None:
    """Undone."""
    await keep(work, delivery, db)


@second.on(Second.unwork)
async def unwork_second(work: Work, done: Done | None, delivery: Delivery, db: AsyncConnection) -> None:
    """Undone."""
    await keep(work, delivery, db)


@third.on(Third.unwork)
async def unwork_third(work: Work, done: Done | None, delivery: Delivery, db: AsyncConnection) -> None:
    """Undone."""
    await keep(work, delivery, db)
