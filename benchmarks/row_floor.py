"""The floor of those who write saga by saga: its rows through pgbench, one statement a transition, 16 clients."""

import asyncio
import re
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import asyncpg

from benchmarks.floor_rows import Statement, statements
from coordinator.embedded.failure import EmbeddedServerFailed
from coordinator.embedded.postgres_binaries import postgres_binaries

CLIENTS = 16
_TPS = re.compile(r"tps = ([\d.]+)")


class PgbenchFailed(Exception):
    """It ended without a figure; the message has what it said."""


@dataclass(frozen=True, slots=True)
class RowFloor:
    """Sagas a second, and what sent them."""

    rate: float
    through: str


async def row_floor(database_url: str, seconds: float) -> RowFloor:
    """In a database of its own, with the schema of the store. Raises PgbenchFailed."""
    try:
        pgbench = postgres_binaries(None, Path()) / "pgbench"
    except EmbeddedServerFailed:
        pgbench = Path("pgbench that is not installed")
    if pgbench.is_file():
        return RowFloor(await _through_pgbench(pgbench, database_url, seconds), "pgbench")
    return RowFloor(await _through_asyncpg(database_url, seconds), "asyncpg")


async def _through_pgbench(pgbench: Path, database_url: str, seconds: float) -> float:
    given = {name: value for statement in statements() for name, value in statement.parameters.items()}
    variables = [word for name, value in given.items() for word in ("-D", f"{name}={value}")]
    with TemporaryDirectory() as folder:
        script = Path(folder) / "saga.sql"
        script.write_text(_script())
        shape = ["-n", "-M", "prepared", "-c", str(CLIENTS), "-j", "1", "-T", str(max(1, round(seconds)))]
        process = await asyncio.create_subprocess_exec(
            *(pgbench, *shape, "-D", "i=0", *variables, "-f", script, database_url),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await process.communicate()
    found = _TPS.search(said.decode(errors="replace"))
    if process.returncode or found is None:
        raise PgbenchFailed(f"pgbench ended with {process.returncode}: {said.decode(errors='replace')[-500:]}")
    return float(found[1])


def _script() -> str:
    """pgbench keeps a variable of each client from one saga to the next: with it, every saga has an id of its own."""
    saga_id = "('row-floor:' || :client_id::text || '-' || :i::text)"
    lines = [re.sub(r"(?<!:):saga_id\b", saga_id, " ".join(each.sql.split())) for each in statements()]
    return "\\set i :i + 1\n" + "".join(f"{line};\n" for line in lines)


async def _through_asyncpg(database_url: str, seconds: float) -> float:
    connections = await asyncio.gather(*(asyncpg.connect(database_url) for _ in range(CLIENTS)))
    begin = perf_counter()
    try:
        counts = await asyncio.gather(
            *(
                _sagas(connection, f"row-floor:{number}", statements(), begin + seconds)
                for number, connection in enumerate(connections)
            )
        )
        return sum(counts) / (perf_counter() - begin)
    finally:
        await asyncio.gather(*(connection.close() for connection in connections))


async def _sagas(connection: asyncpg.Connection, name: str, transitions: list[Statement], end: float) -> int:
    prepared = [(await connection.prepare(sql), given) for sql, given in (each.positional() for each in transitions)]
    count = 0
    while perf_counter() < end:
        count += 1
        for statement, given in prepared:
            await statement.fetch(f"{name}-{count}", *given)
    return count
