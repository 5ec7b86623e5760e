"""docs/writing-a-participant.md: what it shows stands in its files, and its tests pass."""

from pathlib import Path

import pytest

from tests.pages import code_blocks, text_of
from tests.unit.testing.test_plugin import ran

pytest_plugins = ["pytester"]

ROOT = Path(__file__).resolve().parents[3]
EXAMPLES = ROOT / "docs" / "examples"
BLOCKS = code_blocks(text_of("docs/writing-a-participant.md"))


def test_there_is_some() -> None:
    """An empty list would prove nothing."""
    assert len(BLOCKS) >= 3


@pytest.mark.parametrize(("file", "code"), BLOCKS)
def test_what_is_shown_is_what_is_run(file: str, code: str) -> None:
    """Each block is a part of its file."""
    assert code.strip() in (ROOT / file).read_text(encoding="utf-8")


def test_the_tests_of_a_long_handler_pass(
    pytester: pytest.Pytester, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As they stand there, the proof in every order and with a crash before each statement among them."""
    monkeypatch.setenv("ARCHIVE_TEST_DATABASE", database_url.replace("postgresql://", "postgresql+asyncpg://"))
    monkeypatch.syspath_prepend(EXAMPLES)
    ran(pytester, (EXAMPLES / "test_take_stock.py").read_text(encoding="utf-8")).assert_outcomes(passed=3)
