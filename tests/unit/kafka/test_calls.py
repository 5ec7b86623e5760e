"""Calls of sagas by sagas among the requests: from the record to a fact, and to the answer that the parent gets."""

from typing import Any

import msgspec
import pytest

from contracts.answers import Answer, Failure, Pending, Refusal, Success
from contracts.command_message import CommandMessage
from contracts.failures import Problem
from contracts.topics import Topics
from contracts.values import NULL
from coordinator.engine.facts import Accepted, Ignored, Known, Start, UndoChild, Verdict
from coordinator.history.started import Parent
from coordinator.runtime.calls import call_row
from tests.unit.kafka.taking import Consumed, Taking

CHILD, TRACE = "make_tea:oolong", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
INPUT = b'{"kind":"oolong"}'
NO = Problem("no", "Not today.")
BEGAN = Success(msgspec.Raw(b'"make_tea:oolong"'))
CALL = CommandMessage(
    command_id="party:1:2",
    type="saga.make_tea",
    definition="party",
    saga_id="party:1",
    direction="forward",
    attempt=3,
    time_ms=1_772_366_400_000,
    reply_to="amends.replies",
    reply_partition=5,
    value=b'{"input":' + INPUT + b"}",
    traceparent=TRACE,
)
UNDO = msgspec.structs.replace(
    CALL,
    command_id="party:1:2:undo",
    direction="undo",
    attempt=1,
    value=b'{"command":' + CALL.value + b',"result":null,"cause":' + msgspec.json.encode(NO) + b"}",
)


def sent(message: CommandMessage, child: str = CHILD, **changes: Any) -> Consumed:
    row = call_row(msgspec.structs.replace(message, **changes), child, Topics())
    return Consumed(row.headers, row.value)


@pytest.fixture
def taking() -> Taking:
    return Taking()


@pytest.mark.parametrize(("type", "detached"), [("saga.make_tea", False), ("detached.make_tea", True)])
def test_a_call_begins_a_saga(taking: Taking, type: str, detached: bool) -> None:
    """In the parent's trace; its first event will say whose step it is, and where the answer goes."""
    taking.take(sent(CALL, type=type))
    saga_id, fact = taking.fact()
    parent = Parent("party:1", "party:1:2", 3, 5, detached)
    assert saga_id == CHILD
    assert fact == Start("make_tea", 2, msgspec.Raw(INPUT), f"{CHILD} make_tea {TRACE}", parent=parent)
    assert not taking.handled


def test_an_undo(taking: Taking) -> None:
    """It knows what it undoes, should it come first; nobody begins a trace for that."""
    taking.take(sent(UNDO))
    saga_id, fact = taking.fact()
    assert (saga_id, type(fact)) == (CHILD, UndoChild)
    start = Start("make_tea", 2, msgspec.Raw(INPUT), TRACE, parent=Parent("party:1", "party:1:2", 1, 5))
    assert fact == UndoChild("party:1:2", 1, NO, start)


def test_an_undo_of_what_is_not_deployed_here(taking: Taking) -> None:
    """The saga may be there all the same: it is asked."""
    taking.take(sent(UNDO, "make_coffee:1", type="saga.make_coffee"))
    assert taking.fact() == ("make_coffee:1", UndoChild("party:1:2", 1, NO, None))


@pytest.mark.parametrize(
    "verdict", [Accepted(answer=Pending()), Known(Refusal(NO)), Known(BEGAN)], ids=["began", "refused", "there"]
)
def test_what_is_answered_at_once(taking: Taking, verdict: Accepted | Known) -> None:
    """The call is handled when its answer is durable, and not before."""
    taking.take(sent(CALL))
    taking.decide(verdict)
    assert verdict.answer is not None
    assert taking.answers.said == [(CALL, CHILD, verdict.answer)]
    assert not taking.handled
    taking.answers.done[0]()
    assert taking.handled
    assert taking.aside.reasons == []


@pytest.mark.parametrize("verdict", [Accepted(), Known()])
def test_what_the_child_will_answer_itself(taking: Taking, verdict: Verdict) -> None:
    """By what it commits, or has committed."""
    taking.take(sent(UNDO))
    taking.decide(verdict)
    assert taking.answers.said == []
    assert taking.handled


@pytest.mark.parametrize(
    ("changes", "child", "answer"),
    [
        ({"type": "saga.make_coffee"}, "make_coffee:1", Failure),
        ({"value": b'{"input":{"kind":7}}'}, CHILD, Refusal),
        ({"value": b"{}"}, CHILD, Refusal),
    ],
)
def test_what_cannot_begin(taking: Taking, changes: Any, child: str, answer: type[Answer]) -> None:
    """The parent hears of it: it may be asked again where another coordinator has the definition, and not where the
    input does not fit."""
    taking.take(sent(CALL, child, **changes))
    [(_, to, said)] = taking.answers.said
    assert to == child
    assert isinstance(said, answer)
    assert isinstance(said, Failure | Refusal)
    assert (said.problem.type, said.problem.retryable) == (
        ("unknown_definition", True) if answer is Failure else ("cannot_begin", False)
    )
    taking.answers.done[0]()
    assert taking.handled


@pytest.mark.parametrize(
    "record",
    [
        sent(CALL, "nonsense"),
        sent(CALL, value=b"[1]"),
        sent(UNDO, value=b"{}"),
        sent(UNDO, value=b'{"command":{},"result":null,"cause":7}'),
        sent(CALL)._replace(value=b"{"),
        sent(CALL)._replace(headers=[each for each in sent(CALL).headers if each[0] != "ce_attempt"]),
        sent(CALL)._replace(headers=[*sent(CALL).headers[:-1], ("ce_child", b"\xff")]),
    ],
)
def test_what_is_no_call(taking: Taking, record: Consumed) -> None:
    """It is set aside, and the partition moves on."""
    taking.take(record)
    assert len(taking.aside.reasons) == 1
    taking.aside.done[0]()
    assert taking.handled


def test_what_belongs_to_nothing(taking: Taking) -> None:
    """It is set aside with the reason."""
    taking.take(sent(UNDO))
    taking.decide(Ignored("the saga is gone"))
    assert taking.aside.reasons == ["the saga is gone"]


def test_an_answer_says_to_which_attempt(taking: Taking) -> None:
    """A call that comes again is answered again, each attempt its own."""
    for attempt in (3, 4):
        taking.take(sent(CALL, attempt=attempt))
        taking.decide(Known(Success(NULL)))
    assert [call.attempt for call, _, _ in taking.answers.said] == [3, 4]
