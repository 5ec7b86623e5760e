"""After a restart: what was due has ended as it should, once, and nobody has touched the rest."""

from collections import Counter
from collections.abc import Mapping, Sequence

import asyncpg

from benchmarks.many.in_flight import Group
from benchmarks.oracle import OracleFailed, check_effects, quiet
from coordinator.cli.stack import Stack

_ENDED = "SELECT definition, status, count(*) FROM saga GROUP BY definition, status"
_CHECKS = {
    "histories with a gap": "SELECT count(*) FROM (SELECT FROM history GROUP BY saga_id "
    "HAVING max(seq) <> count(*) OR min(seq) <> 1) AS gaps",
    "sagas that had nothing to do and went on": "SELECT count(*) FROM history JOIN saga USING (saga_id) "
    "WHERE seq > 2 AND ended_at IS NULL",
    "steps that succeeded twice": "SELECT count(*) FROM (SELECT FROM history JOIN saga USING (saga_id), "
    "json_array_elements(events) AS event WHERE ended_at IS NOT NULL AND event ->> 'type' = 'step_succeeded' "
    "GROUP BY saga_id, event ->> 'step' HAVING count(*) > 1) AS twice",
}


async def check_recovered(
    stack: Stack, connection: asyncpg.Connection, resting: Sequence[Group], due: Sequence[Group]
) -> None:
    """Raises OracleFailed. The models are sagas as well: two of them end too."""
    wanted = Counter({("approval", "running"): 1, ("rest", "running"): 2})
    wanted += Counter({("three_steps", "completed"): 1, ("three_steps", "compensated"): 1})
    for group in resting:
        wanted[group.model.definition, "running"] += group.count
    for group in due:
        wanted[group.model.definition, "compensated" if group.model.refused else "completed"] += group.count
    await quiet(connection)
    await check_sagas(connection, +wanted)
    completed = sum(count for (_, status), count in wanted.items() if status == "completed")
    compensated = sum(count for (_, status), count in wanted.items() if status == "compensated")
    await check_effects(stack.participant_urls["second"], done=completed + compensated, undone=compensated)
    await check_effects(stack.participant_urls["third"], done=completed, undone=0)


async def check_sagas(connection: asyncpg.Connection, wanted: Mapping[tuple[str, str], int]) -> None:
    """``wanted``: how many of each definition have which status. Raises OracleFailed."""
    found = {(row[0], row[1]): row[2] for row in await connection.fetch(_ENDED)}
    if found != wanted:
        raise OracleFailed(f"There should be {dict(wanted)}, the database has {found}.")
    for what, query in _CHECKS.items():
        if count := await connection.fetchval(query):
            raise OracleFailed(f"{count} {what}.")
