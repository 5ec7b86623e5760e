"""The barrier's rules, one by one: what is known of a command, what comes, what is answered."""

import msgspec
import pytest

from contracts import Problem
from contracts.answers import Progress, Refusal, Success
from contracts.command_message import Direction
from participants.sdk.entry import NOTHING_TO_UNDO, UNDONE_BEFORE, Entry

DONE = Success(msgspec.Raw(b"1"))
BEGUN = Progress(msgspec.Raw(b'{"run":null,"attempt":1}'))
REFUSED = Refusal(Problem("sold_out"))


@pytest.mark.parametrize(
    ("known", "direction", "answer"),
    [
        (Entry("a"), "forward", None),
        (Entry("a", DONE), "forward", DONE),
        (Entry("a", REFUSED), "forward", REFUSED),
        (Entry("a", DONE, undone=True), "forward", DONE),
        (Entry("a", tombstone=True), "forward", UNDONE_BEFORE),
        (Entry("a", BEGUN), "forward", None),
        (Entry("a", BEGUN, undone=True), "forward", UNDONE_BEFORE),
        (Entry("a", BEGUN), "undo", None),
        (Entry("a", BEGUN, undone=True), "undo", NOTHING_TO_UNDO),
        (Entry("a"), "undo", NOTHING_TO_UNDO),
        (Entry("a", DONE), "undo", None),
        (Entry("a", REFUSED), "undo", NOTHING_TO_UNDO),
        (Entry("a", DONE, undone=True), "undo", NOTHING_TO_UNDO),
        (Entry("a", tombstone=True), "undo", NOTHING_TO_UNDO),
    ],
)
def test_rules(known: Entry, direction: Direction, answer: Success | Refusal | None) -> None:
    """None: the handler is called."""
    assert known.decide(direction) == answer


def test_only_an_undo_of_nothing_leaves_a_tombstone() -> None:
    """And that has to be written."""
    entry = Entry("a")
    entry.decide("undo")
    assert (entry.tombstone, entry.changed) == (True, True)


def test_what_stands_is_not_written_again() -> None:
    """A duplicate costs no write."""
    entry = Entry("a", DONE)
    entry.decide("forward")
    assert not entry.changed
