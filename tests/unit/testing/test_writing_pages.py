"""docs/writing-a-saga.md and docs/changing-a-saga.md show what is so: their code is the files'."""

import re
from pathlib import Path

import pytest

from coordinator.saga import Signal, saga
from tests.pages import code_blocks
from tests.sagas import SagaDriver
from tests.unit.testing.test_plugin import ran

pytest_plugins = ["pytester"]

ROOT = Path(__file__).resolve().parents[3]
EXAMPLES = ROOT / "docs" / "examples"
WRITING = (ROOT / "docs" / "writing-a-saga.md").read_text(encoding="utf-8")
CHANGING = (ROOT / "docs" / "changing-a-saga.md").read_text(encoding="utf-8")
CODE = [*code_blocks(WRITING), *code_blocks(CHANGING)]


@pytest.mark.parametrize(("path", "code"), CODE, ids=[f"{path}-{n}" for n, (path, _) in enumerate(CODE)])
def test_code_stands_in_its_file(path: str, code: str) -> None:
    """The block is in the file, letter by letter."""
    assert code in (ROOT / path).read_text(encoding="utf-8")


def test_every_block_names_its_file() -> None:
    """No Python on the page that nothing checks."""
    assert (WRITING.count("```python"), CHANGING.count("```python")) == (16, 1)
    assert len(CODE) == 17


@pytest.mark.parametrize(
    ("tests", "count"),
    [
        ("test_run_tab", 5),
        ("test_deliver_paper", 1),
        ("test_plan_weekend", 4),
        ("test_plan_visit", 5),
        ("test_plan_tour", 3),
        ("test_move_guest", 5),
        ("test_keep_room", 4),
        ("test_rent_room", 5),
    ],
)
def test_the_tests_of_its_sagas_pass(pytester: pytest.Pytester, tests: str, count: int) -> None:
    """As they stand there, beside their sagas."""
    pytester.syspathinsert(EXAMPLES)
    ran(pytester, (EXAMPLES / f"{tests}.py").read_text(encoding="utf-8")).assert_outcomes(passed=count)


def test_whoever_was_served_before_gets_no_water(monkeypatch: pytest.MonkeyPatch) -> None:
    """The saga of the page, changed while it ran."""
    monkeypatch.syspath_prepend(str(EXAMPLES))
    from run_tab import Bar
    from serve_late import serve_late

    @saga(version=1, name="serve_late")
    async def before(guest: str, bar: Bar) -> int:
        price = await bar.pour("beer")
        await bar.charge(price)
        return price

    early = SagaDriver(before).start("Ada").deploys(serve_late).succeeds(1, 4).expects("bar.pour")
    early.succeeds(2, 1).expects("bar.charge")
    late = SagaDriver(before).start("Ada").succeeds(1, 4).deploys(serve_late).succeeds(2, "r-1").is_("completed")
    assert late.result == 4


def test_what_a_saga_says_whose_code_was_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Word for word."""
    monkeypatch.syspath_prepend(str(EXAMPLES))
    from run_tab import Bar, Order, run_tab

    @saga(version=1, name="run_tab")
    async def changed(guest: str, bar: Bar, order: Signal[Order]) -> str:
        return await bar.charge(0)

    driver = SagaDriver(run_tab).start("Ada").deploys(changed).wake().is_("parked")
    (shown,) = re.findall(r"```text\n(.*?)```", CHANGING, re.DOTALL)
    assert " ".join(shown.split()) == driver.parked_message
