"""The participants: real handlers of the real SDK, which behave as they are told."""

import asyncio

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts import Failed, Refused
from contracts.command import Command
from contracts.ids import forward_id
from participants.sdk import Delivery, Heartbeat, Participant, answered_later
from tests.simulation.contracts import Archive, Bank, Guide, Shop, Wish
from tests.simulation.database import EFFECT, EFFECT_IF_DONE, NOTED

_PARTS = 3
"""Of a walk; the effect is in the second."""
_EFFECT_ONCE = text(f"{EFFECT} (:command_id, :direction, :amount) ON CONFLICT DO NOTHING")
_EFFECT_IF_DONE = text(EFFECT_IF_DONE)
_EFFECT = text(f"{EFFECT} (:command_id, :direction, :amount)")
_NOTED = text(f"{NOTED} (:command_id, :amount)")


_WRONG = 10_000
"""What no step takes: the undo was not the one that its call had chosen."""


async def slow_or_not(wish: Wish) -> None:
    """Takes the time that is wished for."""
    if wish.slow:
        await asyncio.sleep(wish.slow)


async def slowly(seconds: float) -> None:
    """Takes its time."""
    await asyncio.sleep(seconds)


async def _write(delivery: Delivery, db: AsyncConnection, amount: int) -> None:
    row = {"command_id": forward_id(delivery.command_id), "direction": delivery.direction, "amount": amount}
    await db.execute(_EFFECT, row)


def _complain(wish: Wish, delivery: Delivery) -> None:
    if wish.refuse or (wish.moody and int(asyncio.get_running_loop().time() * 1_000) % 2):
        raise Refused("no", "Not today.")
    if wish.hopeless:
        raise Failed("hopeless", "It never will.", retryable=False)
    if delivery.attempt <= wish.fail:
        raise Failed("not_yet", "Again, please.")


async def _do(wish: Wish, delivery: Delivery, db: AsyncConnection) -> int:
    _complain(wish, delivery)
    await slow_or_not(wish)
    if wish.later:
        await db.execute(_NOTED, {"command_id": delivery.command_id, "amount": wish.amount})
    else:
        await _write(delivery, db, wish.amount)
    if delivery.attempt <= wish.spoil:
        raise RuntimeError("It broke after it had written.")
    if wish.later:
        return answered_later(timeout=None if wish.later == "any" else wish.later)
    return wish.amount


async def _undo(wish: Wish, delivery: Delivery, db: AsyncConnection, *, way: bool = False) -> None:
    if delivery.attempt <= wish.undo_fail:
        raise Failed("not_yet", "Again, please.")
    amount = -wish.amount if way == wish.swapped else _WRONG
    if not wish.later:
        await _write(delivery, db, amount)
        return
    row = {"command_id": forward_id(delivery.command_id), "direction": "undo", "amount": amount}
    await db.execute(_EFFECT_IF_DONE, row)


def _does(participant: Participant, *commands: Command[..., int]) -> None:
    for each in commands:

        @participant.on(each)
        async def do(wish: Wish, delivery: Delivery, db: AsyncConnection) -> int:  # pyright: ignore[reportUnusedFunction]
            return await _do(wish, delivery, db)


shop = Participant(Shop)
bank = Participant(Bank)
guide = Participant(Guide, barrier=False)
archive = Participant(Archive)
_does(shop, Shop.take, Shop.lend)
_does(bank, Bank.hold, Bank.pay, Bank.launch, Bank.post)


@guide.on(Guide.lose)
@guide.on(Guide.look)
async def look(wish: Wish, delivery: Delivery) -> int:
    """Changes nothing, and is not kept from failing by that."""
    if wish.refuse or (wish.moody and int(asyncio.get_running_loop().time() * 1_000) % 2):
        raise Refused("no", "Not today.")
    if wish.hopeless:
        raise Failed("hopeless", "It never will.", retryable=False)
    if delivery.attempt <= max(wish.fail, wish.spoil):
        raise Failed("not_yet", "Again, please.")
    await slow_or_not(wish)
    return wish.amount


@shop.on(Shop.give_back)
async def give_back(wish: Wish, taken: int | None, delivery: Delivery, db: AsyncConnection) -> None:
    """Undoes take."""
    await _undo(wish, delivery, db)


@shop.on(Shop.swap)
async def swap(wish: Wish, taken: int | None, delivery: Delivery, db: AsyncConnection) -> None:
    """Undoes take where its call says so."""
    await _undo(wish, delivery, db, way=True)


@shop.on(Shop.collect)
async def collect(wish: Wish, lent: int | None, delivery: Delivery, db: AsyncConnection) -> None:
    """Undoes lend."""
    await _undo(wish, delivery, db)


@bank.on(Bank.release)
async def release(wish: Wish, held: int | None, delivery: Delivery, db: AsyncConnection) -> None:
    """Undoes hold."""
    await _undo(wish, delivery, db)


@bank.on(Bank.refund)
async def refund(wish: Wish, paid: int | None, delivery: Delivery, db: AsyncConnection) -> None:
    """Undoes pay."""
    await _undo(wish, delivery, db)


@archive.on(Archive.walk)
async def walk(wish: Wish, delivery: Delivery, heartbeat: Heartbeat[int]) -> int:
    """In parts, from where the last attempt was."""
    _complain(wish, delivery)
    for part in range(heartbeat.last or 0, _PARTS):
        await slowly((wish.slow or wish.amount % 4 / 2) / _PARTS)
        if part == 1:
            row = {"command_id": delivery.command_id, "direction": "forward", "amount": wish.amount}
            async with heartbeat.transaction() as db:
                await db.execute(_EFFECT_ONCE, row)
                await slowly(wish.amount % 3 / 10)
        await heartbeat(part + 1)
    if delivery.attempt <= wish.spoil:
        raise RuntimeError("It broke after it had written.")
    return wish.amount


@archive.on(Archive.unwalk)
async def unwalk(wish: Wish, walked: int | None, delivery: Delivery, db: AsyncConnection) -> None:
    """Undoes walk, however far that got."""
    if delivery.attempt <= wish.undo_fail:
        raise Failed("not_yet", "Again, please.")
    row = {"command_id": forward_id(delivery.command_id), "direction": "undo", "amount": -wish.amount}
    await db.execute(_EFFECT_IF_DONE, row)


PARTICIPANTS = (shop, bank, guide, archive)
