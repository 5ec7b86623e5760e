"""docs/testing-a-saga.md shows what is so: its code is the files', and the files' tests pass."""

import re
from pathlib import Path

import pytest

from tests.pages import code_blocks
from tests.unit.testing.test_plugin import HEAD, ran

pytest_plugins = ["pytester"]

ROOT = Path(__file__).resolve().parents[3]
EXAMPLES = ROOT / "docs" / "examples"
PAGE = (ROOT / "docs" / "testing-a-saga.md").read_text(encoding="utf-8")
CODE = code_blocks(PAGE)
SHOWN = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize(("path", "code"), CODE, ids=[f"{path}-{n}" for n, (path, _) in enumerate(CODE)])
def test_code_stands_in_its_file(path: str, code: str) -> None:
    """The block is in the file, letter by letter."""
    assert code in (ROOT / path).read_text(encoding="utf-8")


def test_every_block_names_its_file() -> None:
    """No Python on the page that nothing checks."""
    assert len(CODE) == PAGE.count("```python") == 13


def test_the_tests_of_sagas_pass(pytester: pytest.Pytester) -> None:
    """As they stand there, with a folder of exported histories."""
    histories = pytester.mkdir("histories")
    for file in (ROOT / "tests" / "golden").glob("*.json"):
        (histories / file.name).write_bytes(file.read_bytes())
    result = ran(pytester, (EXAMPLES / "test_book_trip.py").read_text(encoding="utf-8"))
    result.assert_outcomes(passed=8 + len(list(histories.iterdir())))


def test_the_tests_of_a_saga_with_a_signal_pass(pytester: pytest.Pytester) -> None:
    """As they stand there, beside their saga."""
    pytester.syspathinsert(EXAMPLES)
    ran(pytester, (EXAMPLES / "test_book_stay.py").read_text(encoding="utf-8")).assert_outcomes(passed=5)


def test_the_tests_of_a_saga_that_is_asked_pass(pytester: pytest.Pytester) -> None:
    """Likewise."""
    pytester.syspathinsert(EXAMPLES)
    ran(pytester, (EXAMPLES / "test_ship_order.py").read_text(encoding="utf-8")).assert_outcomes(passed=7)


def test_what_stands_below_a_failed_test(pytester: pytest.Pytester) -> None:
    """The lines that the page shows are printed, in that order."""
    test = (
        HEAD
        + """
async def test_undoes(saga: SagaTest) -> None:
    saga.stub(Payments.charge).refuses("card_declined")
    run = await saga.run(book_trip, TRIP)
    assert run.undone == [Flights.release, Hotels.release]
"""
    )
    lines = [f"*{line}".replace("[", "[[]") for line in SHOWN[0].splitlines() if line != "…"]
    ran(pytester, test).stdout.fnmatch_lines(lines)
