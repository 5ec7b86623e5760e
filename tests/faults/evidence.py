"""What the databases say about some sagas, once all is quiet. The oracle judges it."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from contracts.ids import parse_command_id
from coordinator.catalogue import DEFINITIONS
from coordinator.history.codec import read_events
from coordinator.history.events import Event
from coordinator.saga import Definitions

HELD = {
    "flights": "SELECT saga_id, sum(price) FROM flight_hold WHERE state <> 'released' GROUP BY saga_id",
    "hotels": "SELECT saga_id, sum(price) FROM hotel_hold WHERE state <> 'released' GROUP BY saga_id",
    "payments": "SELECT saga_id, sum(amount) FROM charge WHERE state = 'charged' GROUP BY saga_id",
}
"""What is held of each demo participant, in cents."""


@dataclass(frozen=True, slots=True)
class SagaRow:
    """A saga as its row shows it. ``wake_at`` is in ms since 1970."""

    status: str
    parked_for: str | None
    wake_at: int | None
    outcome: str | None


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One activation."""

    seq: int
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Effect:
    """One thing that a participant did, by its own ledger."""

    participant: str
    command_id: str
    """Of the forward command, for an undo too."""
    direction: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """About the sagas that were asked for: those answered 2xx, and those whose answer was lost."""

    acknowledged: frozenset[str]
    sagas: Mapping[str, SagaRow]
    histories: Mapping[str, Sequence[HistoryRow]]
    outbox: Sequence[str] = ()
    """Commands that Kafka has not acknowledged."""
    effects: Sequence[Effect] = ()
    ledgers: frozenset[str] = frozenset()
    """Participants whose effects were read: about the others nothing is known."""
    held: Mapping[str, Mapping[str, int]] = field(default_factory=dict[str, Mapping[str, int]])
    """By participant: cents held, by saga."""
    definitions: Definitions = DEFINITIONS

    def events(self, saga_id: str) -> list[Event]:
        """The saga's history in one piece."""
        return [event for row in self.histories.get(saga_id, ()) for event in row.events]


async def read_evidence(
    database_url: str,
    participant_urls: Mapping[str, str],
    asked: Iterable[str],
    acknowledged: Iterable[str],
    definitions: Definitions = DEFINITIONS,
) -> Evidence:
    """Reads everything about the sagas that were asked for, from the coordinator's database and the participants'."""
    wanted = sorted(set(asked))
    rows, histories, outbox = await _coordinator(database_url, wanted)
    names = list(participant_urls)
    found = await asyncio.gather(*(_participant(name, participant_urls[name], set(wanted)) for name in names))
    return Evidence(
        acknowledged=frozenset(acknowledged),
        sagas=rows,
        histories=histories,
        outbox=outbox,
        effects=[effect for effects, _ in found for effect in effects],
        ledgers=frozenset(names),
        held={name: held for name, (_, held) in zip(names, found, strict=True)},
        definitions=definitions,
    )


async def _coordinator(
    url: str, wanted: list[str]
) -> tuple[dict[str, SagaRow], dict[str, list[HistoryRow]], list[str]]:
    connection = await asyncpg.connect(url)
    try:
        sagas = await connection.fetch(
            "SELECT saga_id, status, parked_for, outcome, (extract(epoch FROM wake_at) * 1000)::bigint AS wake_at "
            "FROM saga WHERE saga_id = ANY($1)",
            wanted,
        )
        history = await connection.fetch(
            "SELECT saga_id, seq, events FROM history LEFT JOIN saga USING (saga_id) WHERE saga_id = ANY($1) "
            "AND seq >= coalesce(first_row, 1) ORDER BY saga_id, seq",
            wanted,
        )
        outbox = await connection.fetch("SELECT command_id FROM outbox WHERE saga_id = ANY($1)", wanted)
    finally:
        await connection.close()
    histories: dict[str, list[HistoryRow]] = {}
    for row in history:
        events = tuple(read_events(row["events"]))
        histories.setdefault(row["saga_id"], []).append(HistoryRow(row["seq"], events))
    rows = {row["saga_id"]: _row(row) for row in sagas}
    return rows, histories, [row["command_id"] for row in outbox]


def _row(row: asyncpg.Record) -> SagaRow:
    return SagaRow(row["status"], row["parked_for"], row["wake_at"], row["outcome"])


async def _participant(name: str, url: str, wanted: set[str]) -> tuple[list[Effect], dict[str, int]]:
    connection = await asyncpg.connect(url)
    try:
        # All effects of one transaction have the same time.
        query = "SELECT command_id, direction FROM effect ORDER BY at, command_id, direction"
        effects: list[Any] = await connection.fetch(query)
        held: list[Any] = await connection.fetch(HELD[name])
    finally:
        await connection.close()
    return (
        [
            Effect(name, command_id, direction)
            for command_id, direction in effects
            if parse_command_id(command_id).saga_id in wanted
        ],
        {saga_id: int(cents) for saga_id, cents in held if saga_id in wanted},
    )
