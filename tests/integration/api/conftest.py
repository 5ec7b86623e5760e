"""Coordinators as real processes, on real servers."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from coordinator.cli.processes import Part
from tests.conftest import NewDatabase

MakeCoordinator = Callable[..., Part]


@pytest.fixture
async def make_coordinator(
    database_url: str, bootstrap: str, topic_prefix: str, tmp_path: Path
) -> AsyncIterator[MakeCoordinator]:
    """Makes coordinators of one deployment, not started; those still running at the end are killed."""
    made: list[Part] = []

    def make(*arguments: str, **variables: str) -> Part:
        environment = {
            "AMENDS_DATABASE_URL": database_url,
            "AMENDS_KAFKA_BOOTSTRAP": bootstrap,
            "AMENDS_TOPIC_PREFIX": topic_prefix,
            "AMENDS_INSTANCE": "coordinator",
            "AMENDS_HTTP_PORT": "0",
            **variables,
        }
        serve = ("-m", "coordinator.cli", "serve", *arguments)
        made.append(Part("coordinator", serve, environment, tmp_path / f"coordinator-{len(made)}.log"))
        return made[-1]

    yield make
    for part in made:
        if part.pid is not None:
            part.kill()
            await part.ended()


@pytest.fixture
async def coordinator(make_coordinator: MakeCoordinator) -> Part:
    """One that brings its database's schema along; not started."""
    return make_coordinator("--migrate")


@pytest.fixture
async def participants(
    new_database: NewDatabase, bootstrap: str, topic_prefix: str, tmp_path: Path
) -> AsyncIterator[list[Part]]:
    """The services of book_trip, not started."""
    parts: list[Part] = []
    for name in ("flights", "hotels", "payments"):
        environment = {
            "AMENDS_KAFKA_BOOTSTRAP": bootstrap,
            "AMENDS_TOPIC_PREFIX": topic_prefix,
            "AMENDS_PARTICIPANT_DATABASE_URL": await new_database(),
        }
        run = ("-m", "coordinator.cli", "participant", "run", name)
        parts.append(Part(name, run, environment, tmp_path / f"{name}.log"))
    yield parts
    await asyncio.gather(*(part.stop() for part in parts))
