"""The stack that the scenarios load, and many starts at once."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager

import asyncpg
import msgspec
from rich.console import Console

from benchmarks.connections import Connections
from benchmarks.load import SagaWentWrong
from benchmarks.stacks import QUICK, Kind, fresh_stack, layout
from coordinator.cli.stack import Stack

CATALOGUE = "benchmarks.sagas,benchmarks.many.sagas"
BATCH = 10_000
"""Starts in one request."""


class _Batch(msgspec.Struct):
    started: int = 0
    refused: int = 0


@asynccontextmanager
async def many_stack(console: Console, kind: Kind = QUICK) -> AsyncGenerator[Stack]:
    """A fresh stack, with participants that answer at once unless others are asked for."""
    async with fresh_stack(console, layout(kind, {"AMENDS_CATALOGUE": CATALOGUE}), "bench-many") as stack:
        yield stack


async def start_many(url: str, definition: str, inputs: Sequence[Mapping[str, object]]) -> None:
    """Starts them all, 10,000 by one request, and returns when all are durable. Raises SagaWentWrong."""
    connections = Connections(url)
    for first in range(0, len(inputs), BATCH):
        starts = [{"definition": definition, "input": each} for each in inputs[first : first + BATCH]]
        body = msgspec.json.encode({"starts": starts})
        while True:  # what was started is found again, what was refused for want of room is tried again
            status, answer = await connections.request("POST", "/v1/sagas:batch", body)
            if status != 200:
                raise SagaWentWrong(f"A batch of {len(starts)} starts: HTTP {status}, {answer[:500].decode()}")
            if not msgspec.json.decode(answer, type=_Batch).refused:
                break
            await asyncio.sleep(0.5)
    connections.close()


async def ask(stack: Stack, query: str, *arguments: object) -> int:
    """A number, from the coordinator's database."""
    connection = await asyncpg.connect(stack.database_url)
    try:
        return int(await connection.fetchval(query, *arguments))
    finally:
        await connection.close()
