"""The command line against a whole stack: coordinator and participants as processes."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator

import pytest

import migrations
from coordinator.cli.processes import Part
from tests.integration.api.conftest import MakeCoordinator

TRIP = {"trip_id": "t1", "traveller": "Ada", "destination": "Lisbon", "card": "visa-4242"}


class Amends:
    """Runs command lines against one coordinator."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def __call__(self, *arguments: str) -> tuple[int, str]:
        """Exit status and standard output."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "coordinator.cli", *arguments, "--url", self._url),
            stdout=asyncio.subprocess.PIPE,
        )
        out, _ = await process.communicate()
        return await process.wait(), out.decode()


@pytest.fixture
async def amends(make_coordinator: MakeCoordinator, participants: list[Part]) -> AsyncIterator[Amends]:
    """The command line, and everything behind it."""
    coordinator = make_coordinator("--migrate")
    ready, *_ = await asyncio.gather(coordinator.start(), *(part.start() for part in participants))
    yield Amends(ready.split()[1])
    await coordinator.stop()


async def test_a_trip_from_the_command_line(amends: Amends) -> None:
    """A trip is booked and another one undone; exit statuses say which, and both can be watched and listed."""
    status, out = await amends("saga", "start", "book_trip", "-i", json.dumps(TRIP), "--wait", "60", "-o", "json")
    assert (status, json.loads(out)["status"]) == (0, "completed")
    declined = json.dumps({**TRIP, "trip_id": "t2", "card": "refuse-1"})
    assert (await amends("saga", "start", "book_trip", "-i", declined))[0] == 0
    status, out = await amends("saga", "watch", "book_trip:t2", "-o", "jsonl")
    assert status == 5
    types = [event["type"] for line in out.splitlines() for event in json.loads(line)["events"]]
    assert (types[0], types[-1]) == ("saga_started", "saga_compensated")
    _, out = await amends("saga", "list", "-o", "jsonl")
    assert [json.loads(line)["status"] for line in out.splitlines()] == ["compensated", "completed"]


async def amends_db(verb: str, url: str) -> tuple[int, str, str]:
    """`amends db <verb>`: exit status, standard output, standard error."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "coordinator.cli", "db", verb),
        env={**os.environ, "AMENDS_DATABASE_URL": url},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, said = await process.communicate()
    return await process.wait(), out.decode(), said.decode()


async def test_schema_from_the_command_line(database_url: str) -> None:
    """A database without the schema is found out, brought to head, and found to be there."""
    before = await amends_db("current", database_url)
    assert before[:2] == (4, "none\n")
    assert "amends db upgrade" in before[2]
    assert (await amends_db("upgrade", database_url))[0] == 0
    assert (await amends_db("current", database_url))[:2] == (0, f"{migrations.head()}\n")


@pytest.mark.parametrize("url", ["postgresql://postgres@127.0.0.1:9/none", "mysql://db/amends"])
async def test_no_database(url: str) -> None:
    """A database that cannot be used is said to be so in a sentence."""
    status, _, said = await amends_db("upgrade", url)
    assert status == 1
    assert said.startswith("The database cannot be used: ")
    assert "Traceback" not in said
