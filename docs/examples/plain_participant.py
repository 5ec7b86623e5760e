"""A participant without the SDK: a Kafka client, a database, and the rules of docs/message-protocol.md.

It serves the commands of ``seats``: ``reserve`` {"request": {"row": int}} → {"seat": str}, and its undo.
Run it with AMENDS_KAFKA_BOOTSTRAP, AMENDS_TOPIC_PREFIX and SEATS_DATABASE (a file).
"""

import asyncio
import json
import os
import sqlite3
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

Answer = tuple[str, str]  # the word that ends ce_type, and the reply's value as JSON
UNDONE_BEFORE = json.dumps({"type": "undone_before", "message": "This command's undo came before it."})
SOLD_OUT = json.dumps({"type": "sold_out", "message": "Nothing is left in this row."})


REQUIRED = ("ce_id", "ce_type", "ce_subject", "ce_direction", "ce_attempt", "ce_replyto")


def open_database(path: str) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("CREATE TABLE IF NOT EXISTS seat (seat TEXT PRIMARY KEY, command_id TEXT NOT NULL)")
    db.execute("CREATE TABLE IF NOT EXISTS barrier (command_id TEXT PRIMARY KEY, answer TEXT, value TEXT)")
    return db


def read(headers: Iterable[tuple[str, bytes | None]]) -> dict[str, str]:
    found = {name: value.decode() for name, value in headers if value is not None}
    if missing := [name for name in REQUIRED if not found.get(name)]:
        raise ValueError(f"The headers {missing} are missing.")
    return found


def answer(db: sqlite3.Connection, headers: dict[str, str], value: bytes) -> Answer:
    if headers["ce_type"] != "seats.reserve":
        return "failed", json.dumps({"type": "unknown_command", "message": headers["ce_type"], "retryable": True})
    try:
        return answer_once(db, headers, json.loads(value))
    except (ValueError, KeyError, TypeError) as error:
        return "failed", json.dumps({"type": "unreadable_arguments", "message": repr(error), "retryable": False})


def answer_once(db: sqlite3.Connection, headers: dict[str, str], value: Any) -> Answer:
    """The barrier: in one transaction the command's id, what it does, and the reply that every duplicate gets."""
    command_id, forward_id = headers["ce_id"], headers["ce_id"].removesuffix(":undo")
    with db:
        db.execute("BEGIN IMMEDIATE")
        known = db.execute("SELECT answer, value FROM barrier WHERE command_id = ?", [command_id]).fetchone()
        if known is not None:
            return known[0], known[1]
        if headers["ce_direction"] == "undo":
            db.execute("DELETE FROM seat WHERE command_id = ?", [forward_id])
            # The tombstone: should the command come only now, it finds this refusal.
            db.execute("INSERT OR IGNORE INTO barrier VALUES (?, 'refused', ?)", [forward_id, UNDONE_BEFORE])
            reply = "succeeded", "null"
        else:
            reply = reserve(db, command_id, int(value["request"]["row"]))
        db.execute("INSERT INTO barrier VALUES (?, ?, ?)", [command_id, *reply])
    return reply


def reserve(db: sqlite3.Connection, command_id: str, row: int) -> Answer:
    taken = {seat for (seat,) in db.execute("SELECT seat FROM seat")}
    free = [seat for seat in (f"{row}{letter}" for letter in "ABCDEF") if seat not in taken]
    if not free:
        return "refused", SOLD_OUT
    db.execute("INSERT INTO seat VALUES (?, ?)", [free[0], command_id])
    return "succeeded", json.dumps({"seat": free[0]})


def reply_headers(command: dict[str, str], word: str) -> list[tuple[str, bytes]]:
    headers = {
        "ce_specversion": "1.0",
        "ce_id": str(uuid.uuid4()),
        "ce_type": f"amends.reply.{word}",
        "ce_source": "/amends/participants/seats",
        "ce_subject": command["ce_subject"],
        "ce_time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "ce_commandid": command["ce_id"],
        "ce_attempt": command["ce_attempt"],
        "content-type": "application/json",
    }
    trace = {name: command[name] for name in ("traceparent", "tracestate") if name in command}
    return [(name, text.encode()) for name, text in {**headers, **trace}.items()]


async def main() -> None:
    bootstrap, prefix = os.environ["AMENDS_KAFKA_BOOTSTRAP"], os.environ.get("AMENDS_TOPIC_PREFIX", "amends")
    db = open_database(os.environ.get("SEATS_DATABASE", "seats.sqlite"))
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True)
    consumer = AIOKafkaConsumer(
        f"{prefix}.commands.seats",
        bootstrap_servers=bootstrap,
        group_id=f"{prefix}.participant.seats",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        metadata_max_age_ms=1_000,
    )
    async with producer, consumer:
        async for record in consumer:
            try:
                headers = read(record.headers)
                word, value = answer(db, headers, record.value or b"")
                topic, sent, body = headers["ce_replyto"], reply_headers(headers, word), value.encode()
            except ValueError as error:  # nobody can be answered
                came = (str(error), record.topic, str(record.partition), str(record.offset))
                told = zip(("amends-reason", "amends-topic", "amends-partition", "amends-offset"), came, strict=True)
                topic, body = f"{prefix}.dead-letters", record.value
                sent = [*record.headers, *((name, text.encode()) for name, text in told)]
            # The offset only after the reply: a crash in between brings the command again, and the barrier answers it.
            await producer.send_and_wait(topic, body, key=record.key, headers=sent)
            await consumer.commit()


if __name__ == "__main__":
    asyncio.run(main())
