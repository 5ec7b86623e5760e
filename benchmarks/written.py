"""Bytes that the two servers have written so far."""

from collections.abc import Mapping
from pathlib import Path

import asyncpg

from coordinator.cli.stack import Stack


async def bytes_written(stack: Stack) -> Mapping[str, int]:
    """``wal``: of the whole Postgres server. ``kafka``: of all its topics' logs, if it is the one of this stack."""
    connection = await asyncpg.connect(stack.database_url)
    try:
        wal: int = await connection.fetchval("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint")
    finally:
        await connection.close()
    logs = stack.root / "kafka" / "data"
    return {"wal": wal, **({"kafka": _sizes(logs)} if logs.is_dir() else {})}


def _sizes(folder: Path) -> int:
    return sum(log.stat().st_size for log in folder.glob("*/*.log") if log.is_file())
