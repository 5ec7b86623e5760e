"""``amends definition check --against-open``: the sagas of a real database, replayed on the code at hand."""

import asyncio
import json
import sys

import asyncpg
import pytest

import migrations
from coordinator.catalogue import DEFINITIONS
from coordinator.runtime.shards import shard_of
from tests.sagas import SagaDriver

TRIP = {"traveller": "Ada", "destination": "Rome", "card": "visa"}
SAGAS = 450


def driven(key: str, *, ended: bool) -> SagaDriver:
    driver = SagaDriver(*DEFINITIONS, key=key).start({"trip_id": key, **TRIP})
    if ended:
        return driver.refuses("flights.reserve").is_("failed")
    return driver.succeeds("flights.reserve", {"ref": "F", "price": 1})


async def insert(connection: asyncpg.Connection, driver: SagaDriver) -> None:
    """As a coordinator writes it."""
    await connection.execute(
        "INSERT INTO saga (saga_id, definition, version, status, input, shard, started_at, ended_at, updated_at) "
        "VALUES ($1, 'book_trip', 1, $2, '{}', $3, date_trunc('second', now()), CASE WHEN $4 THEN now() END, now())",
        driver.saga_id,
        driver.status.value,
        shard_of(driver.saga_id),
        driver.status.ended,
    )
    await connection.executemany(
        "INSERT INTO history (saga_id, seq, events, at) VALUES ($1, $2, $3::json, now())",
        [(driver.saga_id, seq, row.decode()) for seq, row in enumerate(driver.rows, 1)],
    )


async def check(database_url: str, catalogue: str, *arguments: str) -> tuple[int, list[dict[str, str]], str]:
    """Its exit status, what it shows, and what it says."""
    environment = {"AMENDS_DATABASE_URL": database_url, "AMENDS_CATALOGUE": catalogue, "PYTHONPATH": "."}
    command = ("-m", "coordinator.cli", "definition", "check", "--against-open", "-o", "jsonl", *arguments)
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, said = await process.communicate()
    assert process.returncode is not None
    return process.returncode, [json.loads(line) for line in out.splitlines()], said.decode().strip()


@pytest.fixture
async def filled(database_url: str) -> str:
    """Sagas that are under way, more than a page has, and some that have ended; one that does not fit."""
    await migrations.upgrade(database_url)
    connection = await asyncpg.connect(database_url)
    for number in range(SAGAS):
        await insert(connection, driven(f"open-{number}", ended=False))
    for number in range(3):
        await insert(connection, driven(f"ended-{number}", ended=True))
    await connection.close()
    return database_url


async def test_the_code_at_hand_fits_all(filled: str) -> None:
    """All open ones, page by page, and as many of each end as were asked for; nothing is changed."""
    connection = await asyncpg.connect(filled)
    before = await connection.fetchval("SELECT md5(string_agg(t::text, '' ORDER BY saga_id)) FROM saga t")
    assert await check(filled, "coordinator.catalogue") == (0, [], f"{SAGAS} sagas: {SAGAS} fits.")
    status, shown, said = await check(filled, "coordinator.catalogue", "--closed", "2")
    assert (status, shown, said) == (0, [], f"{SAGAS + 2} sagas: {SAGAS + 2} fits.")
    assert before == await connection.fetchval("SELECT md5(string_agg(t::text, '' ORDER BY saga_id)) FROM saga t")
    await connection.close()


async def test_other_code_would_park_them(filled: str) -> None:
    """Each with the reason; the exit status says so too."""
    status, shown, said = await check(filled, "tests.faults.visit", "-d", "book_trip")
    assert status == 4
    assert len(shown) == SAGAS
    assert {each["verdict"] for each in shown} == {"would_be_parked"}
    assert shown[0]["message"] == "Version 1 of book_trip is not deployed."
    assert said == f"{SAGAS} sagas: {SAGAS} would be parked."


async def test_no_database(database_url: str) -> None:
    """A sentence that says where to look."""
    nowhere = database_url.rsplit("/", 1)[0] + "/nowhere"
    status, shown, said = await check(nowhere, "coordinator.catalogue")
    assert (status, shown) == (1, [])
    assert "AMENDS_DATABASE_URL" in said
