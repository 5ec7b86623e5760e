"""A Postgres server that has run for a while has the files of its log; a fresh one has to make them under load."""

import asyncpg

FILES = 48
"""Of 16 MB each: more than a run fills."""


async def make_log_files(database_url: str) -> None:
    """Makes the files, which are used again from here on. Needs a superuser, and some two seconds.

    One takes 30 ms of CPU, in which nobody commits: once a second at full load, and never on a server that has run for
    some minutes.
    """
    connection = await asyncpg.connect(database_url)
    try:
        for _ in range(FILES):
            await connection.execute("SELECT pg_logical_emit_message(false, 'bench', '')")
            await connection.execute("SELECT pg_switch_wal()")
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()
