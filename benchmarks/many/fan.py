"""One saga with very many steps at once, forward and back."""

import json
import time

from rich.console import Console

from benchmarks.connections import JSON, Connections
from benchmarks.goals import Goal
from benchmarks.load import WAIT_SECONDS, SagaWentWrong
from benchmarks.many.stack import many_stack
from coordinator.cli.stack import Stack

STEPS = 10_000
UNDONE = 2_000
"""Undone one at a time, in reverse order of completion: each is a round trip."""


async def fan_out(console: Console) -> list[Goal]:
    """10,000 steps at once; and as many as are undone in half a minute."""
    async with many_stack(console) as stack:
        await _fan(stack, 1, 100, refuse=False)
        forward = await _fan(stack, 2, STEPS, refuse=False)
        there = await _fan(stack, 3, UNDONE, refuse=False)
        back = await _fan(stack, 4, UNDONE, refuse=True)
    return [
        Goal(f"{STEPS:,} steps of one saga at once", forward, 10, "s"),
        Goal(f"{UNDONE:,} steps undone one after another, each", (back - there) / UNDONE * 1e3, 15, "ms"),
    ]


async def _fan(stack: Stack, number: int, size: int, *, refuse: bool) -> float:
    """Seconds until it ended. Raises SagaWentWrong."""
    connections = Connections(stack.url)
    body = {"definition": "fan", "input": {"number": number, "size": size, "refuse": refuse}}
    headers = {**JSON, "Prefer": f"wait={WAIT_SECONDS}"}
    began = time.perf_counter()
    status, answer = await connections.request("POST", "/v1/sagas", json.dumps(body).encode(), headers)
    took = time.perf_counter() - began
    expected = "compensated" if refuse else "completed"
    if status != 200 or json.loads(answer).get("status") != expected:
        raise SagaWentWrong(f"A fan of {size} steps: HTTP {status}, {answer[:500].decode()}")
    connections.close()
    return took
