"""A coordinator that starts while its database comes and goes."""

import asyncpg
import pytest

import migrations
from coordinator.cli import serving
from coordinator.config import SetupError


@pytest.mark.parametrize(
    "error",
    [
        OSError("refused"),
        asyncpg.InterfaceError("connection is closed"),
        asyncpg.InternalClientError("cannot switch to state 11; another operation (2) is in progress"),
        asyncpg.TooManyConnectionsError("too many clients already"),
        asyncpg.CannotConnectNowError("the database system is starting up"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_it_waits_for_its_database(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """Whatever a connection says that breaks while it is being made or asked."""
    answers: list[Exception | str] = [error, error, migrations.head()]

    async def current(url: str) -> str:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(migrations, "current", current)
    monkeypatch.setattr(serving, "_AGAIN_S", 0)
    await serving._schema("postgresql://nowhere/none", migrate=False)
    assert answers == []


async def test_a_database_without_a_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    """Is said, with what to do."""

    async def current(url: str) -> None:
        return None

    monkeypatch.setattr(migrations, "current", current)
    with pytest.raises(SetupError, match="amends db upgrade"):
        await serving._schema("postgresql://nowhere/none", migrate=False)
