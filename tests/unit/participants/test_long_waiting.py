"""Handlers that take long and cannot begin yet, or do not end."""

import pytest

from contracts.command_message import CommandMessage
from participants.sdk import long_handlers
from tests.unit.participants.archive import unwalk, walk
from tests.unit.participants.test_long_without_barrier import Process


@pytest.fixture
def one() -> Process:
    """It has one place, and step 1 is there."""
    return Process(places=1)


async def test_an_undo_of_what_has_not_begun_waits_for_nobody(one: Process) -> None:
    """Its command needs no place any more."""
    await one.apart.handle([one.call(walk(step=1)), one.call(walk(step=2)), one.call(unwalk(step=2))])
    assert await one.said(1) == ["undo 1 succeeded null"]
    for _ in range(3):
        one.hand.steps.release()
    assert (await one.said(5))[4] == "1 succeeded 3"
    assert (one.hand.lasts, one.hand.undone) == ([None], [None])


async def test_what_waits_for_a_place_is_not_silent(one: Process) -> None:
    """Its attempts join it, however many: begun anew, it would stand behind all the others again."""
    await one.apart.handle([one.call(walk(1, step=1)), one.call(walk(2, step=2))])
    await one.apart.handle([one.call(walk(2, step=2, attempt=attempt)) for attempt in (2, 3)])
    await one.apart.handle([one.call(walk(3, step=3)), one.call(walk(2, step=2, attempt=4))])
    one.hand.steps.release()
    assert (await one.said(2))[1] == "1 succeeded 1"
    one.hand.steps.release()
    one.hand.steps.release()
    assert (await one.said(5))[2:] == ["4 progress 1", "4 progress 2", "4 succeeded 2"]


async def test_what_waits_for_a_place_is_handed_over_at_once(one: Process) -> None:
    """When the process stops, though somebody does not end who has it."""
    one.hand.hangs = True
    await one.apart.handle([one.call(walk(step=1)), one.call(walk(step=2))])
    one.hand.steps.release()
    await one.said(1)
    one.apart.long.close()
    assert (await one.said(2))[1] == "1 failed participant_stopped"
    one.hand.go.set()
    await one.apart.long.closed(10)


@pytest.mark.parametrize("again", [[unwalk(attempt=2)], [walk(attempt=2), unwalk(attempt=2)]])
async def test_no_undo_runs_beside_a_handler_that_does_not_end(
    again: list[CommandMessage], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does a later attempt of the undo, or whatever has come between."""
    monkeypatch.setattr(long_handlers, "UNDO_WAIT_S", 0.05)
    one = Process()
    one.hand.hangs = True
    await one.apart.handle([one.call(walk())])
    one.hand.steps.release()
    await one.said(1)
    await one.apart.handle([one.call(unwalk())])
    assert (await one.said(2))[1] == "undo 1 failed still_running"
    await one.apart.handle([one.call(each) for each in again])
    assert (await one.said(3))[2] == "undo 2 failed still_running"
    assert one.hand.undone == []
    one.hand.go.set()
    await one.apart.handle([one.call(unwalk(attempt=3))])
    assert (await one.said(4))[3] == "undo 3 succeeded null"
