"""The fixtures of the test kit, for whoever has pytest: ``saga`` for sagas, ``participant_test`` for handlers.

Loaded by pytest itself. It imports what it offers only when a test asks for it: the start of every other test run must
not pay for it.
"""

import sys
from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Any, cast

import pytest

if TYPE_CHECKING:
    from coordinator.testing import SagaTest
    from participants.sdk.testing import ParticipantTest

MOST_LINES = 60
"""Of one saga's story below a test that failed."""
_told = pytest.StashKey[list[Any]]()
_failed = pytest.StashKey[bool]()


@pytest.fixture
def saga(request: pytest.FixtureRequest) -> "Generator[SagaTest]":
    """Runs sagas without servers: see coordinator.testing.SagaTest.

    A stub that nothing met, and a signal or an update that nobody took, fail the test.
    """
    # Loaded late: see the module.
    from coordinator.testing import SagaTest

    test = _remembered(request, SagaTest())
    yield test
    if not request.node.stash.get(_failed, True):
        test.check_reached()


@pytest.fixture
def participant_test(request: pytest.FixtureRequest) -> "type[ParticipantTest[Any]]":
    """Makes a participants.sdk.testing.ParticipantTest, and shows its messages below a test that fails."""
    # Loaded late: see the module.
    from participants.sdk.testing import ParticipantTest

    class Remembered(ParticipantTest[Any]):
        def __init__(self, *arguments: Any, **named: Any) -> None:
            super().__init__(*arguments, **named)
            _remembered(request, self)

    return Remembered


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Below a test that failed stands what happened to its sagas."""
    report = yield
    if report.when == "call":
        item.stash[_failed] = not report.passed
    if report.failed:
        for each in item.stash.get(_told, []):
            report.sections += [(title, "\n".join(_cut(lines))) for title, lines in each.told]
    return report


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """Commands and undos side by side with what was expected; a status in one line."""
    # Loaded late: see the module. A test that compares one of ours has loaded it.
    called, status = (sys.modules.get(f"coordinator.{room}") for room in ("testing.called", "engine.status"))
    if op != "==" or called is None or status is None:
        return None
    if isinstance(left, status.Status):
        return [f"'{left}' == {right!r}: what happened stands below"]
    if isinstance(left, list) and isinstance(right, list | tuple):
        entries = cast("list[object]", left)
        if any(isinstance(each, called.Called) for each in entries):
            return called.side_by_side(entries, right)
    return None


def _remembered(request: pytest.FixtureRequest, test: Any) -> Any:
    request.node.stash.setdefault(_told, []).append(test)
    return test


def _cut(lines: Sequence[str]) -> Sequence[str]:
    return lines if len(lines) <= MOST_LINES else [f"… {len(lines) - MOST_LINES} before", *lines[-MOST_LINES:]]
