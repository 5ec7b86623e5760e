"""A participant for tests whose handler takes long: it walks rows, one at a time, when the test lets it."""

import asyncio
import json
from typing import Any

import msgspec
from sqlalchemy import Column, Integer, MetaData, Table, Text, delete, insert
from sqlalchemy.ext.asyncio import AsyncSession

from contracts import Contract, command
from contracts.answers import Failure, Pending, Progress, Refusal, Success
from contracts.command_message import CommandMessage
from contracts.ids import forward_id
from contracts.reply_message import answer_name, answer_value
from participants.sdk import Delivery, Heartbeat, Participant

SAGA = "inventory:7"
REPLIES = "amends.replies"
Answer = Success | Refusal | Failure | Pending | Progress


class Archive(Contract, name="archive"):
    """Rows upon rows."""

    @command(timeout="2s")
    async def walk(self, rows: int) -> int:
        """Walks them."""
        ...

    @walk.undo()
    async def unwalk(self, rows: int, walked: int | None) -> None:
        """As if nobody had."""


tables = MetaData()
row_walked = Table("walked", tables, Column("command_id", Text), Column("row", Integer), Column("process", Text))


class Hand:
    """What one process's handlers do, and have done."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.steps = asyncio.Semaphore(0)
        """Released once for each row."""
        self.lasts: list[int | None] = []
        """What each call of the handler was told of the one before."""
        self.ends: list[str] = []
        """How each ended: ``walked``, or the exception."""
        self.undone: list[int | None] = []
        """What each undo was told."""
        self.raises: dict[int, Exception] = {}
        """By row: instead of it."""
        self.tells = True
        """How far it is. Not: it commits only."""
        self.hangs = False
        """It does not end when it is told to."""
        self.told_to_end = 0
        """So often was one that hangs."""
        self.go = asyncio.Event()
        """Then it ends all the same."""


def participant_of_archive(hand: Hand, *, barrier: bool = True) -> Participant:
    """Does as the hand has it."""
    archive = Participant(Archive, barrier=barrier, tables=tables if barrier else None)

    @archive.on(Archive.walk)
    async def walk(rows: int, delivery: Delivery, heartbeat: Heartbeat[int]) -> int:
        hand.lasts.append(heartbeat.last)
        try:
            for row in range(heartbeat.last or 0, rows):
                await _step(hand)
                if row in hand.raises:
                    raise hand.raises.pop(row)
                if barrier:
                    async with heartbeat.transaction() as db:
                        values = {"command_id": delivery.command_id, "row": row, "process": hand.name}
                        await db.execute(insert(row_walked).values(values))
                if hand.tells:
                    await heartbeat(row + 1)
        except BaseException as error:
            hand.ends.append(type(error).__name__)
            raise
        hand.ends.append("walked")
        return rows

    async def forget(rows: int, walked: int | None) -> None:
        hand.undone.append(walked)

    async def delete_rows(rows: int, walked: int | None, delivery: Delivery, db: AsyncSession) -> None:
        hand.undone.append(walked)
        await db.execute(delete(row_walked).where(row_walked.c.command_id == forward_id(delivery.command_id)))

    archive.on(Archive.unwalk)(delete_rows if barrier else forget)
    return archive


async def _step(hand: Hand) -> None:
    while True:
        try:
            await hand.steps.acquire()
            return
        except asyncio.CancelledError:
            if not hand.hangs:
                raise
            hand.told_to_end += 1
            while not hand.go.is_set():
                try:
                    await hand.go.wait()
                except asyncio.CancelledError:
                    hand.told_to_end += 1
            raise


def walk(
    rows: int = 3, *, attempt: int = 1, step: int = 1, progress: int | None = None, timeout_ms: int | None = None
) -> CommandMessage:
    """The command."""
    value = json.dumps({"rows": rows}).encode()
    told = None if progress is None else b"%d" % progress
    message = _message(f"{SAGA}:{step}", "forward", attempt, value, told)
    return msgspec.structs.replace(message, deadline_ms=None if timeout_ms is None else message.time_ms + timeout_ms)


def unwalk(rows: int = 3, *, attempt: int = 1, step: int = 1, result: int | None = None) -> CommandMessage:
    """Its undo."""
    value = {"command": {"rows": rows}, "result": result, "cause": {"type": "changed_plans"}}
    return _message(f"{SAGA}:{step}:undo", "undo", attempt, json.dumps(value).encode(), None)


def _message(id: str, direction: Any, attempt: int, value: bytes, progress: bytes | None) -> CommandMessage:
    message = CommandMessage(id, "archive.walk", "inventory", SAGA, direction, attempt, 1, REPLIES, value)
    return msgspec.structs.replace(message, progress=progress)


def said(message: CommandMessage, answer: Answer) -> str:
    """``1 succeeded 3``: to which attempt, what."""
    match answer:
        case Refusal(problem) | Failure(problem):
            words = f"{answer_name(answer)} {problem.type}"
        case _:
            words = f"{answer_name(answer)} {answer_value(answer).decode()}"
    return f"{'undo ' if message.direction == 'undo' else ''}{message.attempt} {words}"
