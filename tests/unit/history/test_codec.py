"""Events as JSON: how they are written is a promise to every later release."""

import json
from typing import Any, get_args

import msgspec
import pytest

from contracts import Kind, Problem
from coordinator.history.codec import read_events, write_events
from coordinator.history.events import ASKED, Asked, Event
from coordinator.history.parking import ReplyDeferred, SagaParked
from coordinator.history.started import SagaStarted
from coordinator.history.steps import StepIssued, StepProgressed, StepSucceeded
from coordinator.history.undos import UndoRegistered
from tests.unit.engine.test_lifecycle import SAMPLES

RAW = msgspec.Raw(b'{"z": 1.50, "a": "\\u00e9"}')
WRITTEN: dict[str, tuple[Event, dict[str, Any]]] = {
    "started": (
        SagaStarted("book_trip", 1, RAW, 1),
        {"type": "saga_started", "definition": "book_trip", "version": 1, "input": {"z": 1.5, "a": "é"}, "at": 1},
    ),
    "issued": (
        StepIssued(1, "shop.take", RAW, Kind.PIVOT, True, 1, 2),
        {
            "type": "step_issued",
            "step": 1,
            "command": "shop.take",
            "arguments": {"z": 1.5, "a": "é"},
            "kind": "pivot",
            "undoable": True,
            "at": 1,
            "deadline": 2,
        },
    ),
    "pending": (
        StepProgressed(1, 2, 3, msgspec.Raw(b"null")),
        {"type": "step_progressed", "step": 1, "attempt": 2, "at": 3, "details": None},
    ),
    "registered": (
        UndoRegistered(1, "shop.ship", RAW, 2),
        {"type": "undo_registered", "step": 1, "command": "shop.ship", "arguments": {"z": 1.5, "a": "é"}, "at": 2},
    ),
    "registered saga": (
        UndoRegistered(1, "saga.send", RAW, 2, 3, child="send:1"),
        {
            "type": "undo_registered",
            "step": 1,
            "command": "saga.send",
            "arguments": {"z": 1.5, "a": "é"},
            "at": 2,
            "scope": 3,
            "child": "send:1",
        },
    ),
    "parked": (
        SagaParked("code", "why", 1),
        {"type": "saga_parked", "why": "code", "message": "why", "at": 1},
    ),
    "parked by a bug": (
        SagaParked("code", "why", 1, raised=True),
        {"type": "saga_parked", "why": "code", "message": "why", "at": 1, "raised": True},
    ),
    "deferred": (
        ReplyDeferred("x:1:1", 1, "refused", msgspec.Raw(b'{"type":"no"}'), 1),
        {
            "type": "reply_deferred",
            "command_id": "x:1:1",
            "attempt": 1,
            "answer": "refused",
            "value": {"type": "no"},
            "at": 1,
        },
    ),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_how_it_is_written(name: str) -> None:
    """Name of the event in ``type``, its fields as they are called; what has its default may be left out."""
    event, written = WRITTEN[name]
    assert json.loads(write_events([event])) == [written]


@pytest.mark.parametrize("event", SAMPLES.values(), ids=lambda event: type(event).__name__)
def test_every_event_comes_back(event: Event) -> None:
    """What was written is read as it was."""
    data = write_events([event])
    assert write_events(read_events(data)) == data
    assert type(read_events(data)[0]) is type(event)


def test_every_event_is_frozen_and_in_the_past_tense() -> None:
    """Nobody changes what has happened; the tag is the class's name."""
    for kind in get_args(Event):
        assert kind.__struct_config__.frozen
        words = "".join(part.capitalize() for part in kind.__struct_config__.tag.split("_"))
        assert words == kind.__name__


def test_values_inside_are_not_rewritten() -> None:
    """A participant's JSON is kept byte for byte."""
    (event,) = read_events(write_events([StepSucceeded(1, 1, RAW, 1)]))
    assert isinstance(event, StepSucceeded)
    assert bytes(event.result) == bytes(RAW)


def test_unknown_fields_are_skipped() -> None:
    """A release can read what a later one added to an event."""
    (event,) = read_events(b'[{"type":"saga_resumed","at":1,"by":"somebody"}]')
    assert json.loads(write_events([event])) == [{"type": "saga_resumed", "at": 1}]


def test_an_unknown_event_is_an_error() -> None:
    """An event that this release does not know would be a hole in the history."""
    with pytest.raises(msgspec.ValidationError):
        read_events(b'[{"type":"saga_dreamt","at":1}]')


def test_a_problem_comes_back_whole() -> None:
    """With its details."""
    problem = Problem("no", "words", True, 5, {"a": [1, None]})
    data = msgspec.json.encode(problem)
    assert msgspec.json.decode(data, type=Problem) == problem


def test_what_code_asks_for_is_listed_alike_twice() -> None:
    """The tuple for isinstance has what the union has."""
    assert set(ASKED) == set(get_args(Asked))
