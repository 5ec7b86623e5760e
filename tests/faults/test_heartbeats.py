"""A step that walks many records is killed or frozen again and again: each record is done once, little is done again.

``RECORDS=1000000 KILLS=20 FREEZES=20`` is the whole of it; the suite has a share.
"""

import asyncio
import os
import secrets
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from contracts.failpoints import LONG_FAILPOINTS
from coordinator.cli.processes import Part
from coordinator.embedded.server import KafkaServer, PostgresServer
from coordinator.embedded.stack import Servers
from tests.faults.asked import Asked
from tests.faults.system import Armed, System, death_of, deployed
from tests.faults.waiting import until
from tests.faults.walking import AT_ONCE_MS, DEFINITIONS

pytestmark = pytest.mark.asyncio(loop_scope="module")

RECORDS = int(os.environ.get("RECORDS", "120000"))
KILLS = int(os.environ.get("KILLS", "3"))
FREEZES = int(os.environ.get("FREEZES", "1"))
INTERVALS = 200
INTERVAL = RECORDS // INTERVALS
WITHIN_S = 60 + 20 * KILLS
ONE_PLACE = {"AMENDS_PARTICIPANT_LONG_HANDLERS": "1"}
ROOM = 1 + 10
"""Of a process with one place."""
_EVENTS = "history, json_array_elements(events) AS e"
_AT = "(e ->> 'at')::bigint"
WALKED_AT = {"long_handler_begun": 0, "heartbeat_acknowledged": 100, "long_handler_ended": 500}
"""Of 500 records, an interval of a hundred."""


class Archivist:
    """The participant's processes, and what their database says."""

    def __init__(self, system: System, database: str, folder: Path) -> None:
        self.url = system.servers.postgres.url(database)
        environment = {
            "AMENDS_KAFKA_BOOTSTRAP": system.servers.kafka.bootstrap,
            "AMENDS_TOPIC_PREFIX": system.topics.prefix,
            "AMENDS_PARTICIPANT_DATABASE_URL": self.url,
            "AMENDS_PARTICIPANT_SESSION_TIMEOUT_MS": str(system.session_timeout_ms),
            "PYTHONPATH": str(Path(__file__).parents[2]),
        }
        self.parts = {
            name: Part(
                name,
                ("-m", "tests.faults.archivist"),
                {**environment, "AMENDS_PARTICIPANT_INSTANCE": name},
                folder / f"{name}.log",
            )
            for name in ("archive-1", "archive-2")
        }
        self.part, self.other = self.parts.values()
        """The second is only started by tests that need it."""

    async def fetch(self, statement: str, *arguments: object) -> Any:
        """One value."""
        connection = await asyncpg.connect(self.url)
        try:
            return await connection.fetchval(statement, *arguments)
        finally:
            await connection.close()

    async def reached(self, saga_id: str, record: int) -> None:
        """Returns once this record was walked."""

        async def there() -> bool:
            return await self.walked(saga_id) >= record

        await until(there, WITHIN_S)

    async def at_it(self, saga_id: str) -> str:
        """The process that has walked last."""
        return await self.fetch(
            "SELECT process FROM lap WHERE command_id = $1 ORDER BY until DESC LIMIT 1", f"{saga_id}:1"
        )

    async def left_by(self, saga_id: str, process: str) -> None:
        """Returns once another process walks."""

        async def another() -> bool:
            return await self.at_it(saga_id) != process

        await until(another, WITHIN_S)

    async def walked(self, saga_id: str) -> int:
        """Up to which record."""
        return await self.fetch("SELECT coalesce(max(until), 0) FROM lap WHERE command_id = $1", f"{saga_id}:1")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def system(
    servers: Servers[PostgresServer, KafkaServer], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[System]:
    """A coordinator with the saga, and nobody who walks."""
    settings = {"AMENDS_CATALOGUE": "tests.faults.walking"}
    system = System(servers, tmp_path_factory.mktemp("heartbeats"), participants=(), settings=settings)
    async with deployed(system):
        yield system


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def archivist(system: System, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Archivist]:
    """Running."""
    database = f"archive_{secrets.token_hex(5)}"
    await system.servers.postgres.create_database(database)
    archivist = Archivist(system, database, tmp_path_factory.mktemp("archive"))
    try:
        await archivist.part.start()
        yield archivist
    finally:
        archivist.part.send(signal.SIGCONT)
        await asyncio.gather(archivist.part.stop(), archivist.other.stop())
        await system.servers.postgres.drop_database(database)


@pytest_asyncio.fixture(loop_scope="module")
async def asked(system: System) -> AsyncIterator[Asked]:
    """This test's own sagas."""
    async with Asked(system, DEFINITIONS) as asked:
        yield asked


async def test_each_record_is_done_once_whoever_is_killed(
    system: System, archivist: Archivist, asked: Asked, record_property: Any
) -> None:
    """At random moments the participant is killed, and with every fifth kill, and the second, the coordinator too. At
    most one interval is done again for each."""
    random = Random(secrets.randbits(32))
    saga_id = await asked.start("take_stock", "killed", {"records": RECORDS, "interval": INTERVAL}, "completed")
    coordinator = system.coordinators[0]
    for kill in range(1, KILLS + 1):
        left = int(RECORDS * 0.8) - (before := await archivist.walked(saga_id))
        await archivist.reached(saga_id, before + 1 + random.randrange(max(1, left // (KILLS - kill + 1))))
        archivist.part.kill()
        assert await death_of(archivist.part) == -signal.SIGKILL
        assert await archivist.walked(saga_id) < RECORDS
        if kill % 5 == 2:
            coordinator.kill()
            await death_of(coordinator)
            await system.start_coordinator()
        await archivist.part.start()
    await asked.again()
    await asked.reached(saga_id, "saga_completed")
    again = await archivist.fetch("SELECT sum(again) FROM lap WHERE command_id = $1", f"{saga_id}:1")
    attempts = await archivist.fetch("SELECT count(DISTINCT attempt) FROM lap WHERE command_id = $1", f"{saga_id}:1")
    record_property("done_again", again)
    print(f"{RECORDS:,} records, {KILLS} kills, intervals of {INTERVAL:,}: {again:,} done again in {attempts} attempts")
    assert await archivist.fetch("SELECT count(*) FROM done WHERE command_id = $1", f"{saga_id}:1") == RECORDS
    assert attempts >= KILLS
    assert again <= KILLS * INTERVAL
    events = await asked.events(saga_id)
    assert (events.count("step_succeeded"), events.count("step_issued")) == (1, 1)
    assert await asked.faults() == []


@pytest.mark.parametrize("failpoint", sorted(LONG_FAILPOINTS))
async def test_killed_at_a_failpoint(archivist: Archivist, asked: Asked, tmp_path: Path, failpoint: str) -> None:
    """The next process goes on where it was, and does nothing again."""
    armed = Armed(failpoint, tmp_path)
    await archivist.part.stop()
    await archivist.part.start(armed.environment)
    dying = asyncio.create_task(death_of(archivist.part))
    saga_id = await asked.start("take_stock", failpoint, {"records": 500, "interval": 100}, "completed")
    assert await dying == -signal.SIGKILL
    assert armed.fired
    assert await archivist.walked(saga_id) == WALKED_AT[failpoint]
    await archivist.part.start()
    await asked.reached(saga_id, "saga_completed")
    assert await archivist.fetch("SELECT sum(again) FROM lap WHERE command_id = $1", f"{saga_id}:1") == 0
    assert await asked.faults() == []


async def test_what_was_walked_is_undone_when_the_saga_is_cancelled(
    system: System, archivist: Archivist, asked: Asked
) -> None:
    """The handler is stopped where it is, and then its undo is called."""
    shelf = {"records": 10**9, "interval": 100}
    saga_id = await asked.start("take_stock", "cancelled", shelf, "compensated")
    await archivist.reached(saga_id, 1_000)
    assert await asked.act(saga_id, "cancel") == 202
    await asked.reached(saga_id, "saga_compensated")
    stopped_at = await archivist.walked(saga_id)
    assert await archivist.fetch("SELECT count(*) FROM done WHERE command_id = $1", f"{saga_id}:1") == 0
    assert await asked.faults() == []
    assert await archivist.walked(saga_id) == stopped_at


async def test_a_process_that_is_told_to_stop_hands_over(system: System, archivist: Archivist, asked: Asked) -> None:
    """The attempt fails at once, and the next one goes on where it was: no deadline passes, and an interval at most is
    done again."""
    shelf = {"records": 60_000, "interval": 100}
    saga_id = await asked.start("take_stock", "stopped", shelf, "completed")
    await archivist.reached(saga_id, 1_000)
    await archivist.part.stop()
    stopped_at = await archivist.walked(saga_id)
    assert stopped_at < shelf["records"]
    await archivist.part.start()
    await asked.reached(saga_id, "saga_completed")
    problems = await asked.fetch(
        "SELECT e -> 'problem' ->> 'type' AS type FROM history, json_array_elements(events) AS e "
        "WHERE saga_id = $1 AND e ->> 'type' = 'step_attempt_failed' ORDER BY seq LIMIT 1",
        saga_id,
    )
    assert [row["type"] for row in problems] == ["participant_stopped"]
    again = await archivist.fetch("SELECT sum(again) FROM lap WHERE command_id = $1", f"{saga_id}:1")
    assert again <= shelf["interval"], "it may be stopped between the end of a transaction and its heartbeat"
    assert await asked.faults() == []


async def test_who_waits_for_a_place_uses_no_attempt_up(archivist: Archivist, asked: Asked) -> None:
    """Each has one attempt, and less time than all of them need; some find no room even to wait."""
    await archivist.part.stop()
    await archivist.part.start(ONE_PLACE)
    shelf = {"records": 6_000, "interval": 50}
    sagas = [await asked.start("take_stock_at_once", f"{n}", shelf, "completed") for n in range(ROOM + 3)]
    for saga_id in sagas:
        await asked.reached(saga_id, "saga_completed")
    assert await _failures(asked, sagas) == {"no_place"}
    rows = await asked.fetch(f"SELECT max({_AT}) - min({_AT}) AS ms FROM {_EVENTS} WHERE saga_id = ANY($1)", sagas)
    assert rows[0]["ms"] > 2 * AT_ONCE_MS
    assert await asked.faults() == []


async def test_many_that_wait_for_a_place_are_each_done_once(archivist: Archivist, asked: Asked) -> None:
    """Also when the process is killed in the middle, and those that waited are in nobody's memory any more."""
    await archivist.part.stop()
    await archivist.part.start(ONE_PLACE)
    shelf = {"records": 2_000, "interval": 100}
    sagas = [await asked.start("take_stock", f"many_{n}", shelf, "completed") for n in range(2 * ROOM)]
    for ended in (3, ROOM):
        await _ended(asked, sagas, ended)
        archivist.part.kill()
        assert await death_of(archivist.part) == -signal.SIGKILL
        await archivist.part.start(ONE_PLACE)
    for saga_id in sagas:
        await asked.reached(saga_id, "saga_completed")
        assert (await asked.events(saga_id)).count("step_succeeded") == 1
    assert "no_place" in await _failures(asked, sagas)
    ids = [f"{saga_id}:1" for saga_id in sagas]
    assert await archivist.fetch("SELECT count(*) FROM done WHERE command_id = ANY($1)", ids) == len(ids) * 2_000
    assert await archivist.fetch("SELECT sum(again) FROM lap WHERE command_id = ANY($1)", ids) <= 2 * 100
    assert await asked.faults() == []


async def _ended(asked: Asked, sagas: list[str], count: int) -> None:
    """Returns once so many have."""

    async def enough() -> bool:
        ended = "SELECT count(*) AS ended FROM saga WHERE saga_id = ANY($1) AND status = 'completed'"
        return (await asked.fetch(ended, sagas))[0]["ended"] >= count

    await until(enough)


async def _failures(asked: Asked, sagas: list[str]) -> set[str]:
    """The types of problems for which attempts of these have failed."""
    found = await asked.fetch(
        f"SELECT e -> 'problem' ->> 'type' AS type FROM {_EVENTS} "
        "WHERE saga_id = ANY($1) AND e ->> 'type' = 'step_attempt_failed'",
        sagas,
    )
    return {row["type"] for row in found}


@pytest.mark.parametrize("cancelled", [False, True])
async def test_a_process_that_froze_is_followed_by_another(
    archivist: Archivist, asked: Asked, tmp_path: Path, cancelled: bool
) -> None:
    """It goes on from the last heartbeat, or undoes; the frozen one wakes then, and does no harm."""
    armed = Armed("heartbeat_acknowledged", tmp_path, times=3, how="stop")
    await archivist.part.stop()
    await archivist.part.start(armed.environment)
    key, ends = ("frozen_undone", "compensated") if cancelled else ("frozen", "completed")
    saga_id = await asked.start("take_stock", key, {"records": 1_000, "interval": 100}, ends)
    await armed.fires()
    assert await archivist.walked(saga_id) == 300
    await archivist.other.start()
    if cancelled:
        assert await asked.act(saga_id, "cancel") == 202
    await asked.reached(saga_id, f"saga_{ends}")
    archivist.part.send(signal.SIGCONT)
    await archivist.part.stop()
    await archivist.other.stop()
    done = await archivist.fetch("SELECT count(*) FROM done WHERE command_id = $1", f"{saga_id}:1")
    again = await archivist.fetch("SELECT sum(again) FROM lap WHERE command_id = $1", f"{saga_id}:1")
    assert (done, again, await archivist.walked(saga_id)) == ((0, 0, 300) if cancelled else (1_000, 0, 1_000))
    await archivist.part.start()
    assert (await asked.events(saga_id)).count("step_succeeded") == (0 if cancelled else 1)
    assert await asked.faults() == []


@pytest.mark.timeout(60 + 60 * FREEZES)
async def test_each_record_is_done_once_whoever_is_frozen(archivist: Archivist, asked: Asked) -> None:
    """At random moments, also within a transaction; the other one goes on, and then the frozen one wakes."""
    random = Random(secrets.randbits(32))
    await archivist.other.start()
    saga_id = await asked.start("take_stock", "whoever", {"records": RECORDS, "interval": INTERVAL}, "completed")
    for freeze in range(1, FREEZES + 1):
        left = int(RECORDS * 0.8) - (before := await archivist.walked(saga_id))
        await archivist.reached(saga_id, before + 1 + random.randrange(max(1, left // (FREEZES - freeze + 1))))
        part = archivist.parts[process := await archivist.at_it(saga_id)]
        part.send(signal.SIGSTOP)
        await archivist.left_by(saga_id, process)
        part.send(signal.SIGCONT)
    await asked.reached(saga_id, "saga_completed")
    await archivist.other.stop()
    again = await archivist.fetch("SELECT sum(again) FROM lap WHERE command_id = $1", f"{saga_id}:1")
    assert await archivist.fetch("SELECT count(*) FROM done WHERE command_id = $1", f"{saga_id}:1") == RECORDS
    assert again <= FREEZES * INTERVAL
    events = await asked.events(saga_id)
    assert (events.count("step_succeeded"), events.count("step_issued")) == (1, 1)
    assert await asked.faults() == []
