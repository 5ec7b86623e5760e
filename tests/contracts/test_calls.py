"""Calls of sagas by sagas, as coordinators write them, are what the AsyncAPI document says."""

import pytest

from contracts.answers import Answer, Failure, Pending, Refusal, Success
from contracts.command_message import CommandMessage, Direction
from contracts.failures import Problem
from contracts.topics import Topics
from contracts.values import NULL
from coordinator.engine.decision import ToParent
from coordinator.runtime.calls import answer_row, call_row
from tests.contracts.wire import Wire

TOPICS = Topics()


def call(direction: Direction = "forward", participant: str = "saga") -> CommandMessage:
    undo = b'{"command":{"input":1},"result":null,"cause":{"type":"no"}}'
    return CommandMessage(
        command_id="plan_tour:7:1" if direction == "forward" else "plan_tour:7:1:undo",
        type=f"{participant}.plan_visit",
        definition="plan_tour",
        saga_id="plan_tour:7",
        direction=direction,
        attempt=1,
        time_ms=1_772_366_400_000,
        reply_to=TOPICS.replies,
        reply_partition=3,
        value=b'{"input":1}' if direction == "forward" else undo,
    )


@pytest.mark.parametrize(("direction", "name"), [("forward", "call"), ("undo", "call.undo")])
@pytest.mark.parametrize("participant", ["saga", "detached"])
def test_a_call(direction: Direction, name: str, participant: str) -> None:
    """Under the key of the saga that is called."""
    row = call_row(call(direction, participant), "plan_visit:7", TOPICS)
    assert Wire().check(row.topic, row.headers, row.value, row.key.encode()) == name


def test_without_the_child_it_is_none() -> None:
    """The check above can fail."""
    row = call_row(call(), "plan_visit:7", TOPICS)
    with pytest.raises(AssertionError, match="ce_child"):
        Wire().check(row.topic, row.headers[:-1], row.value)


@pytest.mark.parametrize(
    "answer",
    [Success(NULL), Refusal(Problem("no")), Failure(Problem("terminated")), Pending()],
    ids=lambda answer: type(answer).__name__,
)
@pytest.mark.parametrize("command_id", ["plan_tour:7:1", "plan_tour:7:1:undo"])
def test_an_answer(answer: Answer, command_id: str) -> None:
    """Under the key of the saga that called, whatever it says."""
    said = ToParent("plan_tour:7", command_id, 1, answer, 3)
    row = answer_row("plan_visit:7", "plan_visit", said, 1_772_366_400_000, None, TOPICS)
    assert Wire().check(row.topic, row.headers, row.value, row.key.encode()) == "call.answer"
