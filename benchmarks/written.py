"""What the two servers have written so far, and what is kept of it."""

from collections.abc import Mapping
from pathlib import Path

import asyncpg

from coordinator.cli.stack import Stack


async def bytes_written(stack: Stack) -> Mapping[str, int]:
    """``wal``: of the whole Postgres server. ``kafka``: of all its topics' logs, if it is the one of this stack."""
    wal = await _ask(stack, "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint")
    logs = stack.root / "kafka" / "data"
    return {"wal": wal, **({"kafka": _sizes(logs)} if logs.is_dir() else {})}


async def bytes_kept(stack: Stack) -> float:
    """Of each saga in the coordinator's tables and indexes."""
    size = await _ask(stack, "SELECT pg_total_relation_size('saga') + pg_total_relation_size('history')")
    return size / await _ask(stack, "SELECT count(*) FROM saga")


async def commits(stack: Stack) -> int:
    """Transactions of the coordinator's database so far; the server may be a second behind."""
    return await _ask(stack, "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()")


async def _ask(stack: Stack, query: str) -> int:
    connection = await asyncpg.connect(stack.database_url)
    try:
        found: int = await connection.fetchval(query)
        return found
    finally:
        await connection.close()


def _sizes(folder: Path) -> int:
    return sum(log.stat().st_size for log in folder.glob("*/*.log") if log.is_file())
