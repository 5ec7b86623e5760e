"""The ledger of updates finds nothing where nothing is wrong, and everything that can be."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from contracts.failures import Problem
from coordinator.history.endings import SagaCompensated, SagaCompleted
from coordinator.history.events import Event
from coordinator.history.parking import SagaParked, SagaResumed
from coordinator.history.people import SagaPaused, SagaUnpaused
from coordinator.history.undos import CancelRequested, CompensationStarted
from coordinator.history.updates import UpdateAccepted, UpdateAnswered, UpdateRefused
from tests.update_ledger import update_faults

PARKED, RESUMED = SagaParked("code", "A bug.", 0), SagaResumed(0)
PAUSED, UNPAUSED = SagaPaused("", 0), SagaUnpaused("", 0)
CANCELLED, BACK = CancelRequested(Problem("cancelled"), 0), CompensationStarted(Problem("no"), 0)
COMPLETED = SagaCompleted(msgspec.Raw(b"1"), 0)


def accepted(number: int, id: str = "") -> Event:
    return UpdateAccepted(number, "favour", id or f"id-{number}", msgspec.Raw(b"1"), 0)


def answered(number: int) -> Event:
    return UpdateAnswered(number, msgspec.Raw(b"1"), 0)


def refused(number: int) -> Event:
    return UpdateRefused(number, Problem("no"), 0)


def found(*rows: Sequence[Event], **told: Any) -> list[str]:
    return list(update_faults("errand:1", rows, **told))


RIGHT = {
    "answered at once": [[accepted(1), answered(1)], [COMPLETED]],
    "two at once": [[accepted(1)], [accepted(2)], [answered(2)], [refused(1), COMPLETED]],
    "open, and the saga goes back": [[accepted(1)], [BACK], [SagaCompensated(0)]],
    "open through a pause": [[accepted(1)], [PAUSED], [UNPAUSED, answered(1)]],
    "answered by mended code": [[accepted(1), PARKED], [RESUMED, answered(1)]],
    "parked before it is answered": [[accepted(1), PARKED]],
}


@pytest.mark.parametrize("rows", RIGHT.values(), ids=RIGHT.keys())
def test_what_is_right_passes(rows: Sequence[Sequence[Event]]) -> None:
    """However an update may be taken in and answered; one that was acknowledged is there."""
    assert found(*rows, accepted={"id-1"}, declined={"id-3"}, quiet=True) == []


WRONG = {
    "accepted the update id-1 as number 2: twice, or out of turn": [[accepted(1)], [accepted(2, "id-1")]],
    "accepted the update id-2 as number 3": [[accepted(1)], [accepted(3, "id-2")]],
    "accepted the update id-1, and its code did not run": [[PAUSED], [accepted(1)]],
    "accepted the update id-2, and its code did not run": [[accepted(1)], [BACK, accepted(2)]],
    "answered update 2, which never came": [[accepted(1), answered(2)]],
    "refused update 1, which had its answer": [[accepted(1), answered(1)], [refused(1)]],
    "answered update 1, and its code did not run": [[accepted(1)], [BACK], [answered(1)]],
    "refused update 1, and its code did not run": [[accepted(1), PARKED], [refused(1)]],
    "is completed, and has not answered ['id-2']": [[accepted(1), accepted(2), answered(1), COMPLETED]],
    "never answered ['id-1']": [[accepted(1)], [PAUSED], [UNPAUSED]],
}


@pytest.mark.parametrize(("fault", "rows"), WRONG.items(), ids=WRONG.keys())
def test_what_is_wrong_is_told(fault: str, rows: Sequence[Sequence[Event]]) -> None:
    """One sentence says what."""
    assert fault in "; ".join(found(*rows, quiet=True))


def test_one_that_is_open_may_still_be_answered() -> None:
    """Until all is quiet."""
    assert found([accepted(1)]) == []


def test_what_senders_were_told_is_held_against_the_history() -> None:
    """A yes without the update, a no with it, and a reason that never was."""
    row = [accepted(1), answered(1)]
    assert "acknowledged the update id-2, and it is lost" in "; ".join(found(row, accepted={"id-1", "id-2"}))
    assert "declined the update id-1, and has it" in "; ".join(found(row, declined={"id-1"}))
    goes_back = {"id-2": "The saga goes back: it takes no updates any more."}
    paused = {"id-2": "The saga is paused, and its code cannot be asked."}
    assert "it could have taken it" in "; ".join(found(row, closed=goes_back))
    assert found(row, [CANCELLED], closed=goes_back) == []
    assert "it could have taken it" in "; ".join(found(row, [CANCELLED], closed=paused))
    assert found(row, [PAUSED], [UNPAUSED], closed=paused) == []
