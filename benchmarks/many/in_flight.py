"""Sagas in flight, written quickly: copies of one model, and the commands of theirs that Kafka never got."""

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from benchmarks.many.model import Model
from contracts.command_message import CommandMessage
from contracts.ids import command_id
from contracts.topics import Topics
from coordinator.config import Settings
from coordinator.runtime.ownership import Ownership
from coordinator.runtime.shards import SHARDS
from coordinator.store.batch import write_headers

AT_ONCE = 250_000
"""In one transaction."""
_SAGAS = """
    INSERT INTO saga (saga_id, definition, version, status, input, wake_at, shard, started_at, updated_at)
    SELECT '{model.definition}:' || n, '{model.definition}', {model.version}, '{model.status}', ({model.input})::json,
           to_timestamp((t + {model.wakes_ms}) / 1000.0), n % {shards},
           to_timestamp(t / 1000.0), to_timestamp((t + {model.last_ms}) / 1000.0)
    FROM {copies}
"""
_ROWS = """
    INSERT INTO history (saga_id, seq, events, at)
    SELECT '{model.definition}:' || n, {seq}, ({events})::json, to_timestamp(t / 1000.0) FROM {copies}
"""
_COPIES = """
    (SELECT n, $3::bigint + (n - $4) * $5::bigint / $6 AS t FROM generate_series($1::bigint, $2::bigint) AS n) AS each
"""
_OUTBOX = ("command_id", "attempt", "saga_id", "topic", "headers", "value", "at")


@dataclass(frozen=True, slots=True)
class Group:
    """Copies of one model, numbered, that began one after another."""

    model: Model
    first: int
    count: int
    began: int
    """When the first of them did, in ms since 1970."""
    span_ms: int
    """From there to the last."""
    sent: bool = True
    """False: their last command never reached Kafka, and is in the outbox."""

    def saga_id(self, index: int) -> str:
        """The one begun as the so manieth, from 0."""
        return f"{self.model.definition}:{self.first + index}"

    async def write(self, connection: asyncpg.Connection) -> None:
        """All of it."""
        last = self.first + self.count - 1
        for lowest in range(self.first, last + 1, AT_ONCE):
            highest = min(last, lowest + AT_ONCE - 1)
            given = (lowest, highest, self.began, self.first, self.span_ms, self.count)
            async with connection.transaction():
                await connection.execute(_SAGAS.format(model=self.model, shards=SHARDS, copies=_COPIES), *given)
                for seq, events in enumerate(self.model.rows, 1):
                    sql = _ROWS.format(model=self.model, seq=seq, events=events, copies=_COPIES)
                    await connection.execute(sql, *given)
        if not self.sent:
            await self._write_outbox(connection)

    async def _write_outbox(self, connection: asyncpg.Connection) -> None:
        """The rows as the coordinator would have written them that was assigned all partitions."""
        count: int = Settings.model_fields["topic_partitions"].default
        ownership = Ownership()
        ownership.assign(frozenset(range(count)), count)
        issued, topics = self.model.issued, Topics()
        participant = issued.command.partition(".")[0]
        records: list[tuple[object, ...]] = []
        for index in range(self.count):
            saga_id, number = self.saga_id(index), self.first + index
            moved = self.began + index * self.span_ms // self.count + self.model.last_ms
            message = CommandMessage(
                command_id=command_id(saga_id, issued.step),
                type=issued.command,
                definition=self.model.definition,
                saga_id=saga_id,
                direction="forward",
                attempt=1,
                time_ms=moved,
                reply_to=topics.replies,
                value=self.model.argument(number),
                deadline_ms=moved + issued.deadline - issued.at,
                reply_partition=ownership.reply_partition(saga_id, number % SHARDS),
            )
            headers = write_headers(message.headers())
            topic = topics.commands(participant)
            records.append((message.command_id, 1, saga_id, topic, headers, message.value, moved / 1e3))
        await _copy(connection, records)


async def _copy(connection: asyncpg.Connection, records: Sequence[tuple[object, ...]]) -> None:
    """Into the outbox; the time comes last, in seconds."""
    await connection.executemany(
        f"INSERT INTO outbox ({', '.join(_OUTBOX)}) VALUES ($1, $2, $3, $4, $5, $6, to_timestamp($7::float8))", records
    )
