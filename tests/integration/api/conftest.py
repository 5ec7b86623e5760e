"""Coordinators as real processes, on real servers."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from coordinator.cli.processes import Part

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
