"""The stores under test. Each test runs once for every one of them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Literal

import pytest

from coordinator.runtime.ports import ReadModel, SagaStore
from coordinator.store.connection import connect
from coordinator.store.read_model import PostgresReadModel
from coordinator.store.saga_store import PostgresStore
from tests.database import migrated_template, migrated_url
from tests.fakes.memory_store import MemoryStore

__all__ = ["migrated_template", "migrated_url"]

Kind = Literal["memory", "postgres", "postgres_stepwise", "postgres_behind_pooler"]


@dataclass(frozen=True, slots=True)
class Stores:
    """One log, as two coordinators and a reader see it."""

    mine: SagaStore
    theirs: SagaStore
    read: ReadModel


@pytest.fixture(params=["memory", "postgres", "postgres_stepwise", "postgres_behind_pooler"])
def kind(request: pytest.FixtureRequest) -> Kind:
    """Which one. ``postgres_behind_pooler`` is what runs behind a pooler, here without one."""
    return request.param


@pytest.fixture
def log_url(request: pytest.FixtureRequest, kind: Kind) -> str | None:
    """Where the log is kept; no server is started for the one in memory."""
    return None if kind == "memory" else request.getfixturevalue("migrated_url")


@pytest.fixture
async def stores(kind: Kind, log_url: str | None) -> AsyncIterator[Stores]:
    """An empty log."""
    if log_url is None:
        memory = MemoryStore()
        yield Stores(memory, memory, memory)
        return
    cache = 0 if kind == "postgres_behind_pooler" else 200
    pools = [await connect(log_url, pool_size=2, statement_cache_size=cache) for _ in range(2)]
    mine, theirs = (PostgresStore(pool, stepwise=kind == "postgres_stepwise") for pool in pools)
    yield Stores(mine, theirs, PostgresReadModel(pools[0]))
    for pool in pools:
        await pool.close()


@pytest.fixture
def store(stores: Stores) -> SagaStore:
    """One coordinator's way to it."""
    return stores.mine


@pytest.fixture
def read(stores: Stores) -> ReadModel:
    """A reader's way to it."""
    return stores.read
