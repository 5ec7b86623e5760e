"""What alembic runs. Called by ``migrations.upgrade`` with a connection; by alembic's own command line without one."""

import asyncio
import os
from typing import Any

from alembic import context
from sqlalchemy import Connection

import migrations
from contracts.failpoints import failpoint
from coordinator.store.tables import metadata


def _step_done(*_: Any, **__: Any) -> None:
    failpoint("migration_step")


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        transaction_per_migration=True,
        on_version_apply=_step_done,
    )
    with context.begin_transaction():
        context.run_migrations()


async def _run_alone() -> None:
    async with migrations.connection_to(os.environ["AMENDS_DATABASE_URL"]) as connection:
        await connection.run_sync(_run)
        await connection.commit()


_given = context.config.attributes.get("connection")
if _given is not None:
    _run(_given)
else:
    asyncio.run(_run_alone())
