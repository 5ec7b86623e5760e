"""After a run: nothing lost, nothing doubled, nothing left (O1, O2, O5, O6 of the faults to survive)."""

import asyncio
from time import perf_counter

import asyncpg

QUIET_WITHIN_S = 30.0


class OracleFailed(Exception):
    """The run did something wrong, so its figures count for nothing."""


_CHECKS = {
    "sagas that have not ended": "SELECT count(*) FROM saga WHERE ended_at IS NULL",
    "histories with a gap": "SELECT count(*) FROM (SELECT saga_id FROM history GROUP BY saga_id "
    "HAVING max(seq) <> count(*) OR min(seq) <> 1) gaps",
}


async def check(database_url: str) -> None:
    """Raises OracleFailed."""
    connection = await asyncpg.connect(database_url)
    try:
        for what, query in _CHECKS.items():
            count = await connection.fetchval(query)
            if count:
                raise OracleFailed(f"{count} {what}.")
        await _quiet(connection)
    finally:
        await connection.close()


async def _quiet(connection: asyncpg.Connection) -> None:
    """What Kafka has acknowledged leaves the outbox once nothing happens any more."""
    deadline = perf_counter() + QUIET_WITHIN_S
    while left := await connection.fetchval("SELECT count(*) FROM outbox"):
        if perf_counter() > deadline:
            raise OracleFailed(f"{left} commands are left in the outbox after {QUIET_WITHIN_S:.0f} s.")
        await asyncio.sleep(0.1)


async def check_effects(database_url: str) -> None:
    """No command of a participant had its effect twice. Raises OracleFailed."""
    connection = await asyncpg.connect(database_url)
    try:
        doubled = await connection.fetchval(
            "SELECT count(*) FROM (SELECT 1 FROM effect GROUP BY command_id, direction HAVING count(*) > 1) twice"
        )
        if doubled:
            raise OracleFailed(f"{doubled} effects happened twice.")
    finally:
        await connection.close()
