"""``amends db …``."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import asyncpg
import typer

import migrations
from coordinator.bootstrap import database_url
from coordinator.cli.exits import Exit
from coordinator.cli.setup import settings, setup_errors
from coordinator.cli.talk import fail, put, say
from coordinator.config import masked_url

T = TypeVar("T")
app = typer.Typer(no_args_is_help=True)


@app.callback()
def db() -> None:
    """The schema of the coordinator's database (AMENDS_DATABASE_URL)."""


@app.command()
def upgrade() -> None:
    """Bring the schema to this release. Safe to run from several places at once."""
    url = _url()
    _run(migrations.upgrade(url))
    say(f"{masked_url(url)} has the schema {migrations.head()}.")


@app.command()
def current() -> None:
    """Print the schema's revision. Exit status 4 when it is not this release's."""
    found, wanted = _run(migrations.current(_url())), migrations.head()
    put(found or "none")
    if found != wanted:
        fail(f"This release needs {wanted}: run `amends db upgrade`.", Exit.CONFLICT)


def _url() -> str:
    chosen = settings()
    with setup_errors():
        return database_url(chosen)


def _run(work: Coroutine[Any, Any, T]) -> T:
    try:
        return asyncio.run(work)
    except migrations.MigrationError as error:
        fail(str(error))
    except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
        fail(f"The database cannot be used: {str(error).rstrip('.')}. See AMENDS_DATABASE_URL.")
