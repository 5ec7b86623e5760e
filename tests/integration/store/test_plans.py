"""The hot statements are planned by their indexes, in order, however full the tables are."""

import re
from itertools import product

import pytest

from coordinator.store import statements
from coordinator.store.connection import Pool

FULL = """
    INSERT INTO saga (saga_id, definition, version, status, input, shard, started_at, updated_at, wake_at)
    SELECT 'book_trip:' || n, 'book_trip', 1, 'running', '{}', 1, now(), now(), now() FROM generate_series(1, 5000) n
"""
STATEMENTS = {
    "DELETE_CONFIRMED": "one_row_per_command",
    "LOAD": "one_saga_per_id",
    "DUE": "saga_due",
    "LEFTOVERS": "one_row_per_command",
    "OUTBOX_OF": "one_row_per_command",
    "PARKED_FOR_CODE": "saga_parked_for_code",
    "HISTORY": "one_decision_per_seq",
}


def _parts(*there: bool) -> dict[str, bool]:
    names = ("starts", "changes", "shown", "outbox", "confirmed", "rounds", "over")
    return dict(zip(names, there, strict=True))


COMMITS = {
    f"commit of {' '.join(name for name, there in parts.items() if there) or 'histories only'}": (
        statements.commit_batch(**parts),
        "one_decision_per_seq",
    )
    for parts in (
        *(_parts(*there, False, False) for there in product([False, True], repeat=5)),
        *(_parts(True, True, True, True, True, True, over) for over in (False, True)),
    )
}
LOOKED_UP = {name: (getattr(statements, name), index) for name, index in STATEMENTS.items()} | COMMITS


@pytest.mark.parametrize("filled", [False, True], ids=["empty", "filled"])
@pytest.mark.parametrize("name", LOOKED_UP)
async def test_the_index_is_used(pool: Pool, name: str, filled: bool) -> None:
    """No table is read through, and no page is sorted: a plan made on an empty table stays good."""
    if filled:
        await pool.execute(FULL)
    await pool.execute("ANALYZE")
    statement, index = LOOKED_UP[name]
    plan = await plan_of(pool, statement)
    assert index in plan
    assert not re.search(r"Seq Scan|Bitmap|Sort", plan), plan
    scans = re.findall(r"(?:Index|Index Only) Scan (?:Backward )?using (\w+)", plan)
    assert set(scans) <= {index, "one_saga_per_id", "one_decision_per_seq", "one_row_per_command"}, plan


@pytest.mark.parametrize("filled", [False, True], ids=["empty", "filled"])
@pytest.mark.parametrize("name", ["NEWEST", "NEWEST_OF_DEFINITION"])
async def test_lists_read_a_page_of_each_status(pool: Pool, name: str, filled: bool) -> None:
    """The newest of each status come from an index in their order; only these pages are merged by sorting."""
    if filled:
        await pool.execute(FULL)
    await pool.execute("ANALYZE")
    plan = await plan_of(pool, getattr(statements, name))
    assert re.search(r"Incremental Sort\n.*\n.*\n *-> +Index Scan Backward using saga_by_(status|definition)", plan), (
        plan
    )
    assert "Seq Scan" not in plan


async def test_a_list_by_attributes_asks_their_index(pool: Pool) -> None:
    """Nothing else is read but the sagas that it names. A plan made while there were none is made anew."""
    async with pool.connection() as connection:
        await connection.execute(f"PREPARE looked_at AS {statements.NEWEST_WITH_ATTRIBUTES}")
        look = "EXPLAIN (COSTS false) EXECUTE looked_at(NULL, NULL, NULL, NULL, NULL, NULL, NULL)"
        await connection.execute(look)
        await connection.execute(FULL)
        await connection.execute(
            "UPDATE saga SET attributes = jsonb_build_object('n', saga_id) WHERE saga_id < 'book_trip:3'"
        )
        await connection.execute("ANALYZE")
        plan = "\n".join(row[0] for row in await connection.fetch(look))
    assert "Bitmap Index Scan on saga_by_attributes" in plan, plan
    assert "Index Scan using one_saga_per_id" in plan
    assert "Seq Scan" not in plan


async def plan_of(pool: Pool, statement: str) -> str:
    """The plan that the store's own sessions use for it, whatever its arguments."""
    arguments = ", ".join(["NULL"] * len(set(re.findall(r"\$\d+", statement))))
    async with pool.connection() as connection:
        await connection.execute(f"PREPARE looked_at AS {statement}")
        rows = await connection.fetch(f"EXPLAIN (COSTS false) EXECUTE looked_at({arguments})")
        await connection.execute("DEALLOCATE looked_at")
    return "\n".join(row[0] for row in rows)
