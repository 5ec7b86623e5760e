"""Sagas as people look at them, on Postgres."""

from collections.abc import Mapping, Sequence

import asyncpg
import msgspec

from coordinator.engine.status import Status
from coordinator.runtime.ports import HistoryRow, SagaPage, SagaView
from coordinator.store import statements
from coordinator.store.connection import Pool
from coordinator.store.gathered import Gathered

_ALL_STATUSES = [status.value for status in Status]
_NEWER_THAN_ALL = (float("inf"), "")


class PostgresReadModel:
    """Answers the port ``ReadModel``."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._gathered = Gathered(self._sagas)

    async def saga(self, saga_id: str) -> SagaView | None:
        """See the port. Raises StoreUnavailable."""
        return await self._gathered.get(saga_id)

    async def _sagas(self, saga_ids: Sequence[str]) -> Mapping[str, SagaView]:
        found = await self._pool.fetch(statements.SAGAS, saga_ids)
        return {row["saga_id"]: _view(row) for row in found}

    async def sagas(self, page: SagaPage) -> Sequence[SagaView]:
        """See the port. Raises StoreUnavailable."""
        wanted = [page.status] if page.status is not None else _ALL_STATUSES
        arguments = (wanted, *(page.before or _NEWER_THAN_ALL), page.limit)
        if page.attributes:
            objects = [msgspec.json.encode(one).decode() for one in page.attributes]
            found = await self._pool.fetch(
                statements.NEWEST_WITH_ATTRIBUTES, *arguments, objects, page.definition, page.parent
            )
        elif page.parent is not None:
            found = await self._pool.fetch(statements.NEWEST_OF_PARENT, *arguments, page.parent, page.definition)
        elif page.definition is None:
            found = await self._pool.fetch(statements.NEWEST, *arguments)
        else:
            found = await self._pool.fetch(statements.NEWEST_OF_DEFINITION, *arguments, page.definition)
        return [_view(row) for row in found]

    async def history(self, saga_id: str, after: int = 0, limit: int = 1000) -> Sequence[HistoryRow]:
        """See the port. Raises StoreUnavailable."""
        found = await self._pool.fetch(statements.HISTORY, saga_id, after, limit)
        return [HistoryRow(row["seq"], row["at"], msgspec.Raw(row["events"])) for row in found]


def _view(row: asyncpg.Record) -> SagaView:
    outcome, attributes = row["outcome"], row["attributes"]
    return SagaView(
        saga_id=row["saga_id"],
        definition=row["definition"],
        version=row["version"],
        status=row["status"],
        input=msgspec.Raw(row["input"]),
        outcome=msgspec.Raw(outcome) if outcome is not None else None,
        parked_for=row["parked_for"],
        wake_at=row["wake_at"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        traceparent=row["traceparent"],
        parent=row["parent"],
        status_line=row["status_line"],
        attributes=msgspec.Raw(attributes) if attributes is not None else None,
        round=row["round"],
    )
