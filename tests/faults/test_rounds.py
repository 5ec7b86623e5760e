"""Round after round on real servers: the saga takes no more room in the last than in the first, whoever dies."""

import os
from pathlib import Path
from typing import Any

import pytest

from tests.faults.asked import Asked

pytestmark = pytest.mark.asyncio(loop_scope="session")

ROUNDS = int(os.environ.get("ROUNDS", "400"))
"""``ROUNDS=10000 pytest tests/faults/test_rounds.py`` is the whole length: some minutes."""
KILLS = 4
MOST_ROWS, MOST_BYTES = 8, 8_000
"""What may be kept of the saga: the rows of one round, and those of its first, which are empty."""


async def kept(waiting: Asked, saga_id: str) -> Any:
    """Which round it is in, and what the database has of it."""
    (row,) = await waiting.fetch(
        "SELECT round, (SELECT count(*) FROM history AS h WHERE h.saga_id = s.saga_id) AS rows, "
        "(SELECT sum(octet_length(events::text)) FROM history AS h WHERE h.saga_id = s.saga_id) AS bytes "
        "FROM saga AS s WHERE saga_id = $1",
        saga_id,
    )
    return row


async def test_rounds_without_an_end(waiting: Asked, tmp_path: Path) -> None:
    """The coordinator is killed a few times on the way, and started again."""
    system, tally = waiting.system, tmp_path / "tally"
    count = {"file": str(tally), "rounds": ROUNDS}
    saga_id = await waiting.start("count_rounds", "rounds", count, "completed")
    assert await waiting.signal(saga_id, "note", "from the first round", "note-1")
    for kill in range(1, KILLS + 1):
        await waiting.in_round(saga_id, kill * ROUNDS // (KILLS + 1))
        system.coordinators[0].kill()
        await system.coordinators[0].ended()
        there = await kept(waiting, saga_id)
        assert there["rows"] <= MOST_ROWS, there
        assert there["bytes"] <= MOST_BYTES, there
        await system.start_coordinator(0)
    await waiting.in_round(saga_id, ROUNDS)
    await waiting.reached(saga_id, "saga_completed")
    there = await kept(waiting, saga_id)
    print(f"{ROUNDS} rounds: {there['rows']} rows, {there['bytes']} bytes")
    assert there["round"] == ROUNDS
    assert there["rows"] <= MOST_ROWS, there
    assert there["bytes"] <= MOST_BYTES, there
    done = [int(line.split()[0]) for line in tally.read_text().splitlines()]
    assert sorted(set(done)) == list(range(ROUNDS))
    assert len(done) <= ROUNDS + KILLS, "a body is run again where its coordinator was killed, and nowhere else"
    assert await waiting.faults() == []
