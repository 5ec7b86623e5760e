"""The command line over an application with sagas in memory."""

from collections.abc import Callable

import httpx
import pytest
from typer.testing import CliRunner, Result

from coordinator.api.app import build_app
from coordinator.api.parts import Parts
from coordinator.cli.main import app
from tests.unit.api.conftest import parts, sagas

__all__ = ["parts", "sagas"]

Amends = Callable[..., Result]


@pytest.fixture
def amends(parts: Parts) -> Amends:
    """Runs a command line."""
    transport = httpx.ASGITransport(build_app(parts))

    def make_http(url: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=transport, base_url=url)

    def run(*arguments: str, input: str | None = None) -> Result:
        return CliRunner().invoke(app, list(arguments), input=input, obj=make_http)

    return run
