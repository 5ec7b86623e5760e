"""Who waits for a saga gets its end, whichever coordinator decides it."""

import asyncio
from typing import Any

import httpx

from coordinator.cli.processes import Part
from tests.integration.api.conftest import MakeCoordinator

COUNT = 40


def trip(number: int) -> dict[str, Any]:
    """A start whose saga is completed, or, for every fourth, undone."""
    card = "refuse-1" if number % 4 == 0 else "visa-4242"
    booked = {"trip_id": f"t{number}", "traveller": "Ada", "destination": "Lisbon", "card": card}
    return {"definition": "book_trip", "input": booked}


async def test_two_coordinators(make_coordinator: MakeCoordinator, participants: list[Part]) -> None:
    """Half of the sagas are decided by the coordinator that was not asked. The answer is what anybody reads."""
    first = make_coordinator("--migrate", AMENDS_INSTANCE="first")
    ready = [await first.start(), await make_coordinator(AMENDS_INSTANCE="second").start()]
    await asyncio.gather(*(part.start() for part in participants))
    clients = [httpx.AsyncClient(base_url=line.split()[1], timeout=90) for line in ready]
    asked = [clients[number % 2] for number in range(COUNT)]
    others = [clients[(number + 1) % 2] for number in range(COUNT)]
    starts = [
        client.post("/v1/sagas", json=trip(number), headers={"Prefer": "wait=60"})
        for number, client in enumerate(asked)
    ]
    ended = await asyncio.gather(*starts)
    expected = ["compensated" if number % 4 == 0 else "completed" for number in range(COUNT)]
    assert [answer.json()["status"] for answer in ended] == expected
    read = await asyncio.gather(*(other.get(f"/v1/sagas/book_trip:t{number}") for number, other in enumerate(others)))
    assert [answer.content for answer in ended] == [answer.content for answer in read]
    for client in clients:
        await client.aclose()
