"""Following a saga until it ends."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx

from coordinator.cli.client import Client, saga_path
from coordinator.cli.output import Output
from coordinator.cli.talk import put, say
from coordinator.history.in_words import event_line

_AGAIN_S = 0.5
_TRIES = 20
_NOTHING_MORE = 204


async def watch(client: Client, saga_id: str, output: Output, after: int = 0) -> dict[str, Any]:
    """Shows each row of the history as it comes; returns the saga once it has ended.

    A connection that breaks is made again, behind the last row seen. Raises Refusal, TransportError.
    """
    commands: dict[int, str] = {}
    failures = 0
    while True:
        try:
            async with client.stream(f"{saga_path(saga_id)}/events", after) as response:
                async for name, data in _events(response):
                    failures = 0
                    if name == "end":
                        return data
                    after = data["seq"]
                    _show(data, commands, output)
            if response.status_code == _NOTHING_MORE:
                return await client.get(saga_path(saga_id))
        except httpx.TransportError:
            failures += 1
            if failures == _TRIES:
                raise
            if failures == 1:
                say("The coordinator went away; connecting again …")
        await asyncio.sleep(_AGAIN_S)


async def _events(response: httpx.Response) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    name = ""
    async for line in response.aiter_lines():
        field, _, value = line.partition(": ")
        if field == "event":
            name = value
        elif field == "data":
            yield name, json.loads(value)


def _show(row: dict[str, Any], commands: dict[int, str], output: Output) -> None:
    if output != "table":
        put(json.dumps(row, ensure_ascii=False))
        return
    for event in row["events"]:
        put(f"{row['at'][11:23]}  {event_line(event, commands)}")
