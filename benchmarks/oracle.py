"""After a run: nothing lost, nothing doubled, nothing left (O1, O2, O5, O6 of the faults to survive)."""

import asyncio
from collections.abc import Mapping
from time import perf_counter

import asyncpg

QUIET_WITHIN_S = 30.0


class OracleFailed(Exception):
    """The run did something wrong, so its figures count for nothing."""


_CHECKS = {
    "sagas that have not ended": "SELECT count(*) FROM saga WHERE ended_at IS NULL",
    "histories with a gap": "SELECT count(*) FROM (SELECT saga_id FROM history GROUP BY saga_id "
    "HAVING max(seq) <> count(*) OR min(seq) <> 1) gaps",
    "sagas without a history": "SELECT count(*) FROM saga WHERE NOT EXISTS "
    "(SELECT FROM history WHERE history.saga_id = saga.saga_id)",
}
_ENDED = "SELECT status, count(*) FROM saga WHERE definition = $1 GROUP BY status"
_DOUBLED = "SELECT count(*) FROM (SELECT FROM effect GROUP BY command_id, direction HAVING count(*) > 1) twice"
_EFFECTS = (
    "SELECT count(*) FILTER (WHERE direction = 'forward'), count(*) FILTER (WHERE direction = 'undo') FROM effect"
)


async def check(database_url: str, ended: Mapping[str, int], definition: str = "three_steps") -> None:
    """``ended``: how many sagas the clients were told to have ended, by status. Raises OracleFailed."""
    connection = await asyncpg.connect(database_url)
    try:
        for what, query in _CHECKS.items():
            count = await connection.fetchval(query)
            if count:
                raise OracleFailed(f"{count} {what}.")
        rows = await connection.fetch(_ENDED, definition)
        found: dict[str, int] = {row["status"]: row["count"] for row in rows}
        if found != {status: count for status, count in ended.items() if count}:
            raise OracleFailed(f"Clients were told of {dict(ended)}, the database has {found}.")
        await quiet(connection)
    finally:
        await connection.close()


async def quiet(connection: asyncpg.Connection) -> None:
    """What Kafka has acknowledged leaves the outbox once nothing happens any more."""
    deadline = perf_counter() + QUIET_WITHIN_S
    while left := await connection.fetchval("SELECT count(*) FROM outbox"):
        if perf_counter() > deadline:
            raise OracleFailed(f"{left} commands are left in the outbox after {QUIET_WITHIN_S:.0f} s.")
        await asyncio.sleep(0.1)


async def check_effects(database_url: str, *, done: int, undone: int) -> None:
    """A participant's effects: each once, and as many as there have to be. Raises OracleFailed."""
    connection = await asyncpg.connect(database_url)
    try:
        doubled = await connection.fetchval(_DOUBLED)
        found = await connection.fetchrow(_EFFECTS)
    finally:
        await connection.close()
    if doubled:
        raise OracleFailed(f"{doubled} effects happened twice.")
    if found is None or tuple(found) != (done, undone):
        raise OracleFailed(f"{done} effects and {undone} undone should be there; found: {found and tuple(found)}.")


async def check_all(database_url: str, participant_urls: Mapping[str, str], ended: Mapping[str, int]) -> None:
    """A whole stack of participants that keep what they do; the third refused where a saga ended compensated."""
    await check(database_url, ended)
    completed, compensated = ended.get("completed", 0), ended.get("compensated", 0)
    for name, url in participant_urls.items():
        if name == "third":
            await check_effects(url, done=completed, undone=0)
        else:
            await check_effects(url, done=completed + compensated, undone=compensated)
