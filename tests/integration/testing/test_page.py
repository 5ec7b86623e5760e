"""docs/testing-a-saga.md: its tests of handlers pass, and what it shows of a mistake is what is said."""

import re
import sys
from importlib import import_module
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import create_async_engine

from contracts.travel import Hotels
from contracts.travel.hotels import ReserveHotel
from participants.hotels import ledger
from participants.sdk.testing import ParticipantTest, Unproved
from tests.unit.testing.test_plugin import ran

pytest_plugins = ["pytester"]

ROOT = Path(__file__).resolve().parents[3]
EXAMPLES = ROOT / "docs" / "examples"
PAGE = (ROOT / "docs" / "testing-a-saga.md").read_text(encoding="utf-8")


def test_the_tests_of_handlers_pass(
    pytester: pytest.Pytester, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As they stand there, one after another in one database."""
    monkeypatch.setenv("HOTELS_TEST_DATABASE", database_url.replace("postgresql://", "postgresql+asyncpg://"))
    ran(pytester, (EXAMPLES / "test_hotels.py").read_text(encoding="utf-8")).assert_outcomes(passed=3)


async def test_what_is_said_of_a_mistake(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lines that the page shows are in the message, in that order."""
    monkeypatch.setattr(sys, "path", [str(EXAMPLES), *sys.path])
    engine = create_async_engine(database_url.replace("postgresql://", "postgresql+asyncpg://"))
    careless = import_module("careless_hotels").careless_hotels(engine)
    with pytest.raises(Unproved) as caught:
        await ParticipantTest(careless, engine, effects=ledger).prove(
            Hotels.reserve, ReserveHotel("Ada", "Lisbon", nights=2, price=18_000)
        )
    await engine.dispose()
    shown = next(block for block in re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL) if "end wrong" in block)
    assert str(caught.value).startswith(shown.removesuffix("…\n").rstrip())
