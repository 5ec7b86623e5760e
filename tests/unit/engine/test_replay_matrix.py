"""Every awaitable at every moment: new; answered when new; unanswered on replay; answered later on replay; answered.

The rows stand in ``awaitables.py`` and in ``awaited_….py``: what a body asks for at first,
how it is answered, and what comes of it. The driver compares the warm saga with the rebuilt one after every activation.
"""

import pytest

from tests.sagas import SagaDriver
from tests.unit.engine.awaitables import ROWS
from tests.unit.engine.rows import Row


@pytest.fixture(params=ROWS, ids=lambda row: row.name)
def row(request: pytest.FixtureRequest) -> Row:
    return request.param


def begun(row: Row) -> SagaDriver:
    return SagaDriver(row.definition).start()


def ended(saga: SagaDriver, row: Row) -> None:
    saga.succeeds("shop.look", 1)
    for answer in row.after:
        answer(saga.is_("running").restarts())
    saga.is_("completed")
    assert saga.result == row.result


def test_new(row: Row) -> None:
    """It asks once for what it needs, and waits."""
    begun(row).expects(*row.asks).is_("running")


def test_answered_later_when_new(row: Row) -> None:
    """A warm saga takes the answers and goes on."""
    saga = begun(row)
    for answer in row.answers:
        answer(saga)
    ended(saga, row)


def test_unanswered_on_replay(row: Row) -> None:
    """A rebuilt saga stands where it stood, and asks for nothing again."""
    saga = begun(row)
    before = saga.machine.state
    for _ in range(3):
        saga.restarts().advance()
        assert saga.new_events == []
    saga.expects()
    assert saga.machine.state == before


def test_answered_later_on_replay(row: Row) -> None:
    """A saga rebuilt before every answer takes it and goes on."""
    saga = begun(row)
    for answer in row.answers:
        answer(saga.restarts())
    ended(saga.restarts(), row)


def test_answered(row: Row) -> None:
    """A saga rebuilt when all is answered stands behind it, at its last step."""
    saga = begun(row)
    for answer in row.answers:
        answer(saga)
    saga.restarts().advance().expects()
    assert saga.send("shop.look").attempt == 1
    ended(saga, row)


def test_replayed_whole(row: Row) -> None:
    """The whole history replays, cut off after any row, without asking for anything else."""
    saga = begun(row)
    for answer in row.answers:
        answer(saga)
    ended(saga, row)
    for end in range(len(saga.rows)):
        part = SagaDriver(row.definition)
        part.rows = saga.rows[:end]
        assert part.restarts().advance().last is not None
        assert part.new_events == []
