"""Participants that are not written with our SDK: the example of the documentation, and one that answers at random."""

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from contracts.asyncapi import asyncapi_document
from coordinator.cli.processes import Part
from coordinator.embedded.server import KafkaServer, PostgresServer
from coordinator.embedded.stack import Servers
from tests.contracts.seats import Seats
from tests.contracts.test_plain_participant import EXAMPLE
from tests.contracts.wire import Wire
from tests.faults.asked import Asked
from tests.faults.hall import DEFINITIONS
from tests.faults.oracle import judge
from tests.faults.queues import all_records
from tests.faults.system import System, death_of, deployed
from tests.faults.usher import SOLD_OUT_ROW, Usher

pytestmark = pytest.mark.asyncio(loop_scope="module")

SEATS_IN_A_ROW = 6


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hall(
    servers: Servers[PostgresServer, KafkaServer], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[System]:
    """A coordinator with the sagas of the hall, and nobody who serves it."""
    system = System(
        servers,
        tmp_path_factory.mktemp("hall"),
        participants=(),
        settings={"AMENDS_CATALOGUE": "tests.faults.hall"},
    )
    async with deployed(system):
        yield system


@pytest_asyncio.fixture(loop_scope="module")
async def asked(hall: System) -> AsyncIterator[Asked]:
    """This test's own sagas."""
    async with Asked(hall, DEFINITIONS) as asked:
        yield asked


def plain_participant(hall: System, folder: Path) -> Part:
    """The example, as a process; its database is a file."""
    environment = {
        "AMENDS_KAFKA_BOOTSTRAP": hall.servers.kafka.bootstrap,
        "AMENDS_TOPIC_PREFIX": hall.topics.prefix,
        "SEATS_DATABASE": str(folder / "seats.sqlite"),
    }
    return Part("seats", [os.fspath(EXAMPLE)], environment, folder / "seats.log")


def taken(folder: Path) -> set[str]:
    """Whose seats are taken."""
    db = sqlite3.connect(folder / "seats.sqlite")
    try:
        return {command_id.rpartition(":")[0] for (command_id,) in db.execute("SELECT command_id FROM seat")}
    finally:
        db.close()


async def party(asked: Asked, definition: str, name: str, rows: list[int], expected: str) -> str:
    """Asks for seats."""
    return await asked.start(definition, name, {"name": name, "rows": rows}, expected)


async def test_a_participant_without_our_sdk_takes_part(hall: System, asked: Asked, tmp_path: Path) -> None:
    """Its sagas complete, and where it refuses a later step, it undoes the earlier ones; killed in between, it goes on.
    All that travels is what the generated schemas promise."""
    part = plain_participant(hall, tmp_path)
    await part.launch()
    try:
        seated = await party(asked, "seat_party", "small", [1, 2, 3], "completed")
        refused = await party(asked, "seat_party", "large", [7] * (SEATS_IN_A_ROW + 1), "compensated")
        await asked.reached(refused, "step_succeeded", 3)
        part.kill()
        await death_of(part)
        await part.launch()
        await asked.at_rest()
        assert await asked.faults() == []
        assert taken(tmp_path) == {seated}
        assert (await asked.events(refused)).count("undo_succeeded") == SEATS_IN_A_ROW
    finally:
        await part.stop()
    wire = Wire(hall.topics, asyncapi_document([Seats]))
    topics = hall.topics
    for record in await all_records(hall, [topics.commands("seats"), topics.replies, topics.dead_letters]):
        wire.check(record.topic, record.headers, record.value, record.key)
    assert wire.seen.keys() >= {"seats.reserve", "seats.reserve.succeeded", "undone", "refused"}


@pytest.mark.parametrize("seed", range(3))
async def test_replies_in_any_order_and_number(hall: System, asked: Asked, seed: int) -> None:
    """M2: of many sagas with several steps at once; each reply comes one to three times, mixed with failures of
    attempts that never were."""
    async with Usher(hall, seed) as usher:
        whole = {f"whole-{seed}-{number}": [1, 2, 3, 4] for number in range(12)}
        broken = {f"broken-{seed}-{number}": [1, SOLD_OUT_ROW, 3, 4] for number in range(12)}
        await asyncio.gather(
            *(party(asked, "seat_crowd", name, rows, "completed") for name, rows in whole.items()),
            *(party(asked, "seat_crowd", name, rows, "compensated") for name, rows in broken.items()),
            *(party(asked, "seat_party", name, rows, "compensated") for name, rows in broken.items()),
        )
        await asked.at_rest()
        assert await asked.faults() == []
        evidence = replace(await asked.evidence(), effects=usher.effects, ledgers=frozenset({"seats"}))
        wanted = [effect for effect in usher.effects if effect.command_id.rpartition(":")[0] in evidence.sagas]
        assert judge(replace(evidence, effects=wanted)) == []
        assert len(wanted) > 12 * 4
