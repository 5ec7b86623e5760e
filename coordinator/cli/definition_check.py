"""``amends definition check --against-open``: all open sagas of a database, replayed on the code at hand."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from typing import Annotated, Any

import typer

from coordinator.bootstrap import open_pool
from coordinator.cli.exits import Exit
from coordinator.cli.output import OutputOption, show_rows
from coordinator.cli.setup import import_from_here, settings, setup_errors
from coordinator.cli.talk import fail, say
from coordinator.config import Settings
from coordinator.engine.status import ENDED, Status
from coordinator.fit.judge import Judged, judge
from coordinator.guard import guard_sagas
from coordinator.runtime.ports import SagaPage, SagaView, StoreUnavailable
from coordinator.saga import Definitions
from coordinator.saga.catalogues import load_definitions
from coordinator.store.connection import Pool
from coordinator.store.read_model import PostgresReadModel
from coordinator.store.saga_store import PostgresStore

_PAGE = 200
_OPEN = [status for status in Status if not status.ended]


app = typer.Typer()


@app.command()
def check(
    against_open: Annotated[
        bool, typer.Option("--against-open", help="All open sagas of the database AMENDS_DATABASE_URL.")
    ] = False,
    closed: Annotated[int, typer.Option("--closed", min=0, help="And so many that have ended, the newest.")] = 0,
    definition: Annotated[str | None, typer.Option("--definition", "-d", help="Only sagas of this definition.")] = None,
    output: OutputOption = "table",
) -> None:
    """Replay sagas of a database on the code at hand (AMENDS_CATALOGUE), without touching them.

    Says which would be parked, and at which line. Run it before you deploy; exit status 4 when some do not fit.
    """
    if not against_open:
        fail("Say what to check the code against: --against-open.", Exit.USAGE)
    import_from_here()
    guard_sagas()
    chosen = settings()
    with setup_errors():
        definitions = load_definitions(chosen.catalogue)
    try:
        counts, misfits = asyncio.run(_check(chosen, definitions, definition, closed))
    except StoreUnavailable as error:
        fail(f"The database cannot be used: {str(error).rstrip('.')}. See AMENDS_DATABASE_URL.")
    show_rows(misfits, ["id", "version", "status", "verdict", "message"], output)
    told = ", ".join(f"{count:,} {verdict.replace('_', ' ')}" for verdict, count in counts.most_common())
    say(f"{counts.total():,} sagas: {told or 'there are none'}.")
    if misfits:
        raise typer.Exit(Exit.CONFLICT)


async def _check(
    chosen: Settings, definitions: Definitions, definition: str | None, closed: int
) -> tuple[Counter[str], list[dict[str, Any]]]:
    """How many sagas there are of each verdict, and those that do not fit."""
    with setup_errors():
        pool = await open_pool(chosen)
    counts, misfits = Counter[str](), list[dict[str, Any]]()
    try:
        async for view, judged in _judged(pool, definitions, definition, closed):
            counts[judged.verdict] += 1
            if not judged.well:
                shown = {"id": view.saga_id, "version": view.version, "status": view.status}
                misfits.append({**shown, "verdict": judged.verdict, "message": judged.message})
    finally:
        await pool.close()
    return counts, misfits


async def _judged(
    pool: Pool, definitions: Definitions, definition: str | None, closed: int
) -> AsyncGenerator[tuple[SagaView, Judged]]:
    store = PostgresStore(pool, stepwise=False)
    async for views in _pages(PostgresReadModel(pool), definition, closed):
        found = await store.load([view.saga_id for view in views])
        for view in views:
            if (stored := found.get(view.saga_id)) is not None:
                yield view, judge(definitions, view.saga_id, stored.rows)


async def _pages(sagas: PostgresReadModel, definition: str | None, closed: int) -> AsyncGenerator[Sequence[SagaView]]:
    """Newest first: all that are open, then some of each end."""
    for status in [*_OPEN, *sorted(ENDED)]:
        left = closed if status.ended else None
        before: tuple[int, str] | None = None
        while left is None or left > 0:
            limit = _PAGE if left is None else min(_PAGE, left)
            page = await sagas.sagas(SagaPage(definition=definition, status=status.value, limit=limit, before=before))
            if page:
                yield page
                before = page[-1].started_at, page[-1].saga_id
            if len(page) < limit:
                break
            left = None if left is None else left - len(page)
