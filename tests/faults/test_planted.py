"""What is planted into real databases is found there: the evidence is read as the oracle needs it (O9)."""

import asyncpg
import pytest

from tests.faults.oracle import judge
from tests.faults.system import System
from tests.faults.trips import Trips

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def execute(url: str, *statements: str) -> None:
    """Runs them in this database."""
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def test_what_is_planted_is_found(system: System, trips: Trips) -> None:
    """One violation of each rule, in the tables of the coordinator and of the participants."""
    doubled, stuck, wrong = [await trips.ask("booked") for _ in range(3)]
    declined, backwards = [await trips.ask("declined") for _ in range(2)]
    assert await trips.faults() == []
    await system.coordinators[0].stop()
    command = "command_id, attempt, saga_id, topic, headers, value, at"
    await execute(
        system.database_url,
        f"UPDATE saga SET status = 'running', ended_at = NULL WHERE saga_id = '{stuck}'",
        f"INSERT INTO outbox ({command}) VALUES ('{stuck}:1', 1, '{stuck}', 'nowhere', '[]', '', now())",
        f"DELETE FROM history WHERE saga_id = '{wrong}' AND seq = 2",
        f"DELETE FROM saga WHERE saga_id = '{doubled}'",
        f"""UPDATE history SET events = replace(replace(replace(events::text, '"undo_issued","step":2',
            '"undo_issued","step":9'), '"undo_issued","step":1', '"undo_issued","step":2'),
            '"undo_issued","step":9', '"undo_issued","step":1')::json WHERE saga_id = '{backwards}'""",
    )
    await execute(
        system.participant_urls["hotels"],
        f"INSERT INTO effect (command_id, direction) VALUES ('{stuck}:2', 'forward')",
        f"DELETE FROM effect WHERE command_id = '{declined}:2' AND direction = 'undo'",
    )
    await execute(
        system.participant_urls["payments"], f"UPDATE charge SET amount = amount + 1 WHERE saga_id = '{wrong}'"
    )
    faults = judge(await trips.evidence())
    await execute(system.database_url, f"DELETE FROM outbox WHERE saga_id = '{stuck}'")
    told = {fault.partition(":")[0] for fault in faults if "cannot be told" not in fault}
    assert told == {"O1", "O2", "O3", "O4", "O5", "O6", "O7", "O8"}
    assert any("cents" in fault for fault in faults)
    assert any("there is only: forward" in fault for fault in faults)
