"""A participant for tests: a shop whose handlers do what the article's name says, and its messages."""

import asyncio
import json
from typing import Any

import msgspec
from sqlalchemy import Column, MetaData, Table, Text, UniqueConstraint, insert, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from contracts import RETRIABLE, Contract, Failed, Problem, Refused, command
from contracts.answers import Failure, Pending, Refusal, Success
from contracts.command_message import CommandMessage
from contracts.ids import forward_id
from contracts.reply_message import answer_value
from participants.sdk import Delivery, Participant, answered_later
from participants.sdk.arrivals import Arrivals, Call

REPLIES = "amends.replies"
SAGA = "order:7"


class Purchase(msgspec.Struct, frozen=True):
    """What to buy."""

    article: str


class Parcel(msgspec.Struct, frozen=True):
    """What was bought."""

    number: str


class Shop(Contract, name="shop"):
    """Sells things."""

    @command()
    async def buy(self, purchase: Purchase) -> Parcel:
        """Sells it."""
        ...

    @buy.undo()
    async def give_back(self, purchase: Purchase, parcel: Parcel | None) -> None:
        """Takes it back."""

    @command(kind=RETRIABLE)
    async def wrap(self, purchase: Purchase) -> Parcel:
        """Wraps it; cannot be refused."""
        ...

    @command(nothing_to_undo=True)
    async def look(self, purchase: Purchase) -> str:
        """Changes nothing."""
        ...


tables = MetaData()
effect = Table("effect", tables, Column("command_id", Text), Column("direction", Text), Column("note", Text))
unique = Table(
    "unique_at_commit",
    tables,
    Column("name", Text),
    UniqueConstraint("name", deferrable=True, initially="DEFERRED", name="one_of_each"),
)


class Calls(list[str]):
    """Ids of the commands and undos whose handler was called, in order."""


def participant_of_shop(calls: Calls | None = None) -> Participant:
    """A shop that notes each call of a handler in ``calls`` and each effect in the table ``effect``."""
    seen = Calls() if calls is None else calls
    shop = Participant(Shop, tables=tables)

    @shop.on(Shop.buy)
    async def buy(purchase: Purchase, delivery: Delivery, db: AsyncSession) -> Parcel:
        seen.append(delivery.command_id)
        await behave(purchase.article, delivery, db)
        if purchase.article == "later":
            return answered_later(timeout="1d")
        return Parcel(delivery.command_id)

    @shop.on(Shop.give_back)
    async def give_back(
        purchase: Purchase, parcel: Parcel | None, delivery: Delivery, db: AsyncSession, why: Problem
    ) -> None:
        seen.append(delivery.command_id)
        if purchase.article == f"undo fails {delivery.attempt}":
            raise Failed("undo_failed")
        if purchase.article == "undo refuses":
            raise Refused("not_mine")
        await note(db, delivery, f"{parcel.number if parcel else None}, {why.type}")

    @shop.on(Shop.wrap)
    async def wrap(purchase: Purchase, delivery: Delivery, connection: AsyncConnection) -> Parcel:
        seen.append(delivery.command_id)
        await connection.execute(insert(effect).values(row(delivery, "wrapped")))
        if purchase.article == "refuse":
            raise Refused("no_paper")
        if purchase.article == "commit":
            await connection.commit()
        return Parcel(delivery.command_id)

    @shop.on(Shop.look)
    async def look(purchase: Purchase) -> str:
        return purchase.article

    return shop


async def behave(article: str, delivery: Delivery, db: AsyncSession) -> None:
    """Writes an effect, then does what the article says."""
    match article.split():
        case ["refuse", "first"]:
            raise Refused("sold_out")
        case ["fails", *attempts] if str(delivery.attempt) in attempts:
            await note(db, delivery, "about to fail")
            raise Failed("out_of_paper", retryable=True, retry_after_ms=50)
        case ["breaks", *attempts] if str(delivery.attempt) in attempts:
            await note(db, delivery, "about to break")
            raise ZeroDivisionError("division by zero")
        case ["refuse", "after", "writing"]:
            await note(db, delivery, "about to refuse")
            raise Refused("changed_my_mind", reason="none")
        case ["huge"]:
            await note(db, delivery, "huge")
            raise Refused("huge", "x" * 1_000_000)
        case ["once", name]:
            await db.execute(insert(unique).values(name=name))
            await note(db, delivery, article)
        case ["swallows"]:
            await note(db, delivery, article)
            try:
                await db.execute(text("SELECT 1 / 0"))
            except DBAPIError:
                await db.execute(insert(effect).values(row(delivery, "after it")))
        case ["takes", "back"]:
            await note(db, delivery, article)
            await db.rollback()
            await note(db, delivery, "kept")
        case ["takes", "all", "back"]:
            try:
                async with db.begin():
                    await note(db, delivery, article)
                    raise LookupError
            except LookupError:
                await note(db, delivery, "kept")
        case ["writes", "past", "it"]:
            raw = await (await db.connection()).get_raw_connection()
            assert raw.driver_connection is not None
            await raw.driver_connection.execute("INSERT INTO effect (note) VALUES ('past it')")
            raise Refused("changed_my_mind")
        case ["commit"]:
            await note(db, delivery, article)
            await db.commit()
        case ["commit", "below"]:
            await note(db, delivery, article)
            await (await db.connection()).commit()
        case ["slow", seconds]:
            await note(db, delivery, article)
            await asyncio.sleep(float(seconds))
        case ["sleeps", *_]:
            await db.execute(text("SELECT pg_sleep(60)"))
        case _:
            await note(db, delivery, article)


def row(delivery: Delivery, words: str) -> dict[str, str]:
    """One effect."""
    return {"command_id": forward_id(delivery.command_id), "direction": delivery.direction, "note": words}


async def note(db: AsyncSession, delivery: Delivery, words: str) -> None:
    """Writes down an effect."""
    await db.execute(insert(effect).values(row(delivery, words)))


def forward(step: int, article: str = "book", *, attempt: int = 1, name: str = "buy", **other: Any) -> CommandMessage:
    """The command of this step."""
    value = json.dumps({"purchase": {"article": article}}).encode()
    return _message(f"{SAGA}:{step}", f"shop.{name}", "forward", attempt, value, **other)


def undo(step: int, article: str = "book", *, attempt: int = 1, result: Any = None) -> CommandMessage:
    """The undo of this step; the coordinator does not know what the command answered, unless ``result`` is given."""
    value = {"command": {"purchase": {"article": article}}, "result": result, "cause": {"type": "changed_plans"}}
    return _message(f"{SAGA}:{step}:undo", "shop.buy", "undo", attempt, json.dumps(value).encode())


def _message(command_id: str, type: str, direction: Any, attempt: int, value: bytes, **other: Any) -> CommandMessage:
    return msgspec.structs.replace(
        CommandMessage(
            command_id=command_id,
            type=type,
            definition="order",
            saga_id=SAGA,
            direction=direction,
            attempt=attempt,
            time_ms=1_700_000_000_000,
            reply_to=REPLIES,
            value=value,
        ),
        **other,
    )


def call(participant: Participant, message: CommandMessage) -> Call:
    """The message, read and matched with its handler."""
    arrived = Arrivals(participant, REPLIES).read(message.headers(), message.value)
    assert isinstance(arrived, Call), arrived
    return arrived


def said(answer: Success | Refusal | Failure | Pending) -> str:
    """The answer in a word or two."""
    match answer:
        case Success(result):
            return f"succeeded {bytes(result).decode()}"
        case Refusal(problem):
            return f"refused {problem.type}"
        case Failure(problem):
            return f"failed {problem.type}{' for good' if not problem.retryable else ''}"
        case Pending():
            return f"pending {answer_value(answer).decode()}"
