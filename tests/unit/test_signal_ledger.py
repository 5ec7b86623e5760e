"""The ledger of signals finds nothing where nothing is wrong, and everything that can be."""

from collections.abc import Sequence

import msgspec
import pytest

from contracts.failures import Problem
from coordinator.history.events import Event
from coordinator.history.parking import SagaParked, SagaResumed
from coordinator.history.people import SagaPaused, SagaUnpaused
from coordinator.history.signals import (
    SignalAbandoned,
    SignalAwaited,
    SignalDeferred,
    SignalHeeded,
    SignalReceived,
    SignalTaken,
)
from coordinator.history.undos import CompensationStarted
from tests.signal_ledger import signal_faults

PARKED, RESUMED = SagaParked("code", "A bug.", 0), SagaResumed(0)
BACK = CompensationStarted(Problem("no"), 0)
PAUSED, UNPAUSED = SagaPaused("wait", 0), SagaUnpaused("go on", 0)
WAITS = SignalAwaited(1, "note", 0)


def received(number: int, name: str = "note", id: str = "") -> Event:
    return SignalReceived(number, name, id or f"id-{number}", msgspec.Raw(b"1"), 0)


def deferred(id: str) -> Event:
    return SignalDeferred("note", id, msgspec.Raw(b"1"), 0)


def found(*rows: Sequence[Event], yes: Sequence[str] = (), no: Sequence[str] = ()) -> list[str]:
    return list(signal_faults("errand:1", rows, set(yes), set(no)))


RIGHT = {
    "kept, and taken in order": [[received(1), received(2)], [SignalTaken(1, 0)], [SignalTaken(2, 0)]],
    "awaited": [[WAITS], [received(1), SignalTaken(1, 0, 1)]],
    "awaited, while another is kept": [[WAITS, received(1, "word")], [SignalAbandoned(1, 0)]],
    "deferred, and taken in": [[PARKED], [deferred("id-1")], [RESUMED, received(1)]],
    "deferred, and deferred again": [[PARKED, deferred("id-1")], [RESUMED, PARKED, deferred("id-1")]],
    "deferred, and given up by who goes back": [[PARKED, deferred("id-1")], [RESUMED, BACK]],
}


@pytest.mark.parametrize("rows", RIGHT.values(), ids=RIGHT.keys())
def test_what_is_right_passes(rows: Sequence[Sequence[Event]]) -> None:
    """However a signal may come and go; one that was acknowledged is found as received or as deferred."""
    has_one = any(isinstance(event, SignalReceived | SignalDeferred) for row in rows for event in row)
    assert found(*rows, yes=["id-1"] if has_one else []) == []


WRONG = {
    "twice, out of turn, or too late": [[received(1)], [received(2, id="id-1")]],
    "as number 3": [[received(1), received(3)]],
    "as number 1: twice, out of turn, or too late": [[BACK], [received(1)]],
    "deferred the signal id-1, and had it already": [[PARKED, deferred("id-1")], [deferred("id-1")]],
    "or its code was not stopped": [[deferred("id-1")]],
    "did not take in ['id-1']": [[PARKED, deferred("id-1")], [RESUMED]],
    "which was not there, or was taken before": [[received(1)], [SignalTaken(1, 0)], [SignalTaken(1, 0)]],
    "took signal 2 (note) before [1]": [[received(1), received(2)], [SignalTaken(2, 0)]],
    "which was not for it": [[WAITS, received(1, "word"), SignalTaken(1, 0, 1)]],
    "waits for ['note'], and has kept": [[received(1)], [WAITS]],
}


@pytest.mark.parametrize(("fault", "rows"), WRONG.items(), ids=WRONG.keys())
def test_what_is_wrong_is_told(fault: str, rows: Sequence[Sequence[Event]]) -> None:
    """One sentence says what."""
    assert fault in "; ".join(found(*rows))


def test_of_two_for_which_an_undo_waited_one_is_heeded() -> None:
    """Both came before it was tried again. One of another name would have been lost."""
    rows = [[BACK, PAUSED], [deferred("id-1"), deferred("id-2")]]
    assert found(*rows, [UNPAUSED, SignalHeeded("note", "id-1", 0)], yes=["id-1", "id-2"]) == []
    assert "id-2, and it is lost" in found(*rows, [UNPAUSED, SignalHeeded("word", "id-1", 0)], yes=["id-2"])[0]


def test_what_senders_were_told_is_held_against_the_history() -> None:
    """A yes without the signal, and a no of a saga that could have taken it."""
    assert "acknowledged the signal id-2, and it is lost" in "; ".join(found([received(1)], yes=["id-1", "id-2"]))
    assert "refused the signals ['id-1'], and could have taken them" in "; ".join(found([PARKED], no=["id-1"]))
    assert found([PARKED], [BACK], no=["id-1"]) == []
