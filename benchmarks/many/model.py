"""A real saga as a pattern: the same rows for any number and any time, in SQL, so that Postgres writes them by the
million. Every number and every time in its history is moved along, so each copy replays as the model would."""

import json
import re
from dataclasses import dataclass
from typing import Any

import asyncpg

from coordinator.history.codec import read_events
from coordinator.history.events import Event
from coordinator.history.started import SagaStarted
from coordinator.history.steps import StepIssued

_TIME = r"(?<!\d)1[789]\d{11}(?!\d)"
"""Milliseconds since 1970, of these years."""
_MODEL = """
    SELECT definition, version, status, input::text AS input,
           (extract(epoch FROM wake_at) * 1000)::bigint AS wake_at,
           ARRAY(SELECT events::text FROM history AS h WHERE h.saga_id = s.saga_id ORDER BY seq) AS rows,
           (SELECT max(extract(epoch FROM at) * 1000)::bigint FROM history AS h WHERE h.saga_id = s.saga_id) AS last_at
    FROM saga AS s WHERE saga_id = $1
"""


@dataclass(frozen=True, slots=True)
class Model:
    """SQL of a copy's columns: ``n`` is its number, ``t`` when it began, in ms since 1970."""

    definition: str
    version: int
    status: str
    number: int
    """The model's own, which stands for the number of each copy."""
    input: str
    rows: tuple[str, ...]
    """The events of each row of the history."""
    last_ms: int
    """From its beginning to its last row."""
    wakes_ms: int
    """From its beginning to the wake-up time in its row."""
    issued: StepIssued
    """The last command that it has asked for."""
    refused: bool
    """Whether its last step is going to be refused."""

    def argument(self, number: int) -> bytes:
        """What that command of the copy with this number was given."""
        return re.sub(rf"(?<!\d){self.number}(?!\d)", str(number), bytes(self.issued.arguments).decode()).encode()


async def read_model(connection: asyncpg.Connection, saga_id: str) -> Model:
    """The pattern of a saga that is under way; its id ends with its number."""
    found: Any = await connection.fetchrow(_MODEL, saga_id)
    rows: list[list[Event]] = [list(read_events(row)) for row in found["rows"]]
    number = int(saga_id.rpartition(":")[2])
    began = next(event.at for event in rows[0] if isinstance(event, SagaStarted))
    return Model(
        definition=found["definition"],
        version=found["version"],
        status=found["status"],
        number=number,
        input=_sql(found["input"], number, began),
        rows=tuple(_sql(row, number, began) for row in found["rows"]),
        last_ms=found["last_at"] - began,
        wakes_ms=found["wake_at"] - began,
        issued=[event for row in rows for event in row if isinstance(event, StepIssued)][-1],
        refused=json.loads(found["input"]).get("refuse", False),
    )


def _sql(text: str, number: int, began: int) -> str:
    """The text, cut at the numbers and times that a copy has of its own."""
    pieces: list[str] = []
    for piece in re.split(rf"({_TIME}|(?<!\d){number}(?!\d))", text):
        if piece == str(number):
            pieces.append("n::text")
        elif re.fullmatch(_TIME, piece):
            pieces.append(f"(t + {int(piece) - began})::text")
        elif piece:
            pieces.append("'{}'".format(piece.replace("'", "''")))
    return " || ".join(pieces)
