"""Ten thousand sagas by one request, on real servers."""

import asyncio
import json
from typing import Any

import asyncpg
import httpx

from coordinator.cli.processes import Part

COUNT = 10_000


def trip(number: int, card: str = "visa-4242") -> dict[str, Any]:
    """A start."""
    booked = {"trip_id": f"t{number}", "traveller": "Ada", "destination": "Lisbon", "card": card}
    return {"definition": "book_trip", "input": booked}


async def test_ten_thousand(coordinator: Part, database_url: str) -> None:
    """All are kept once they are answered; the same batch again starts nothing, and single requests are still taken."""
    batch = json.dumps({"starts": [trip(number) for number in range(COUNT)]}).encode()
    url = (await coordinator.start()).split()[1]
    async with httpx.AsyncClient(base_url=url, timeout=60, headers={"Content-Type": "application/json"}) as client:
        first, single = await asyncio.gather(
            client.post("/v1/sagas:batch", content=batch), client.post("/v1/sagas", json=trip(COUNT))
        )
        assert (first.status_code, single.status_code) == (200, 202)
        answer = first.json()
        assert (answer["started"], answer["existing"], answer["refused"]) == (COUNT, 0, 0)
        assert [one["saga"]["id"] for one in answer["answers"]] == [f"book_trip:t{number}" for number in range(COUNT)]
        again = (await client.post("/v1/sagas:batch", content=batch)).json()
        assert (again["started"], again["existing"], again["refused"]) == (0, COUNT, 0)
        other = json.dumps({"starts": [trip(1, "another"), trip(COUNT + 1)]})
        mixed = (await client.post("/v1/sagas:batch", content=other)).json()
        assert [one["outcome"] for one in mixed["answers"]] == ["refused", "started"]
        assert mixed["answers"][0]["problem"]["code"] == "input_conflict"
    connection = await asyncpg.connect(database_url)
    try:
        assert await connection.fetchval("SELECT count(*) FROM saga") == COUNT + 2
        assert await connection.fetchval("SELECT count(*) FROM history WHERE seq = 1") == COUNT + 2
    finally:
        await connection.close()


async def test_killed_in_the_middle(coordinator: Part) -> None:
    """A batch that was never answered is sent again: each of its sagas is started once."""
    batch = json.dumps({"starts": [trip(number) for number in range(2_000)]}).encode()
    async with httpx.AsyncClient(timeout=60, headers={"Content-Type": "application/json"}) as client:
        url = (await coordinator.start({"AMENDS_FAILPOINTS": "commit_acknowledged:kill@2"})).split()[1]
        try:
            await client.post(f"{url}/v1/sagas:batch", content=batch)
            raise AssertionError("The coordinator was not killed.")
        except httpx.TransportError:
            await coordinator.ended()
        url = (await coordinator.start()).split()[1]
        answer = (await client.post(f"{url}/v1/sagas:batch", content=batch)).json()
        assert answer["existing"] > 0
        assert (answer["started"] + answer["existing"], answer["refused"]) == (2_000, 0)
