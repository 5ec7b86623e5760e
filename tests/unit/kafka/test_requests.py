"""From a request's record to a fact, and from its verdict to the record's end."""

from typing import Any

import msgspec
import pytest

from contracts.failures import Problem
from contracts.request_message import CancelSaga, Request, RequestMessage, SignalSaga, StartSaga, UpdateSaga
from contracts.values import write_value
from coordinator.engine.facts import (
    Accepted,
    Cancel,
    Conflict,
    Declined,
    Ignored,
    Known,
    Signal,
    Start,
    Unfit,
    Update,
    Verdict,
)
from tests.unit.kafka.taking import Consumed, Taking

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
TEA = StartSaga("make_tea", write_value({"kind": "oolong"}))


def consumed(request: Request, saga_id: str = "", **changes: Any) -> Consumed:
    message = RequestMessage("r-1", "/shop", request, saga_id, traceparent=TRACE)
    _, headers, value = msgspec.structs.replace(message, **changes).record()
    return Consumed(headers, value)


@pytest.fixture
def taking() -> Taking:
    return Taking()


def test_a_start_becomes_a_fact(taking: Taking) -> None:
    """With the key that the definition derives, in its latest version, and in the sender's trace."""
    taking.take(consumed(TEA))
    saga_id, fact = taking.fact()
    assert saga_id == "make_tea:oolong"
    assert isinstance(fact, Start)
    assert (fact.definition, fact.version) == ("make_tea", 2)
    assert bytes(fact.input) == b'{"kind":"oolong"}'
    assert fact.traceparent == f"make_tea:oolong make_tea {TRACE}"
    assert not taking.handled


def test_a_start_may_bring_its_key(taking: Taking) -> None:
    """It goes before the one that the definition would derive."""
    taking.take(consumed(msgspec.structs.replace(TEA, key="mine")))
    assert taking.fact()[0] == "make_tea:mine"


def test_a_start_may_bring_a_signal(taking: Taking) -> None:
    """Its id is the request's."""
    taking.take(consumed(msgspec.structs.replace(TEA, signal=SignalSaga("wish", write_value(1)))))
    _, fact = taking.fact()
    assert isinstance(fact, Start)
    assert fact.sent == Signal("wish", "r-1", msgspec.Raw(b"1"))


def test_a_start_may_bring_an_update(taking: Taking) -> None:
    """The same."""
    taking.take(consumed(msgspec.structs.replace(TEA, update=UpdateSaga("move", write_value(1)))))
    _, fact = taking.fact()
    assert isinstance(fact, Start)
    assert fact.sent == Update("move", "r-1", msgspec.Raw(b"1"))


def test_an_update_becomes_a_fact(taking: Taking) -> None:
    """Its id is the request's."""
    taking.take(consumed(UpdateSaga("move", write_value("Oslo")), "make_tea:oolong", request_id="u-1"))
    assert taking.fact() == ("make_tea:oolong", Update("move", "u-1", msgspec.Raw(b'"Oslo"')))


def test_a_signal_becomes_a_fact(taking: Taking) -> None:
    """Its id is the request's."""
    taking.take(consumed(SignalSaga("approval", write_value({"yes": True})), "make_tea:oolong", request_id="s-1"))
    saga_id, fact = taking.fact()
    assert saga_id == "make_tea:oolong"
    assert isinstance(fact, Signal)
    assert (fact.name, fact.id, bytes(fact.value)) == ("approval", "s-1", b'{"yes":true}')


@pytest.mark.parametrize("source", ["/shop", "/till"])
def test_an_id_is_the_same_whoever_sends_it(taking: Taking, source: str) -> None:
    """As the protocol has it: also over HTTP, where nobody says who sends, the same id is the same signal."""
    taking.take(consumed(SignalSaga("approval", write_value(1)), "make_tea:oolong", source=source))
    assert taking.fact() == ("make_tea:oolong", Signal("approval", "r-1", msgspec.Raw(b"1")))


@pytest.mark.parametrize("reason", ["", "It is cold."])
def test_a_cancel_becomes_a_fact(taking: Taking, reason: str) -> None:
    """With its reason, if it has one."""
    taking.take(consumed(CancelSaga(reason), "make_tea:oolong"))
    assert taking.fact() == ("make_tea:oolong", Cancel(reason))


@pytest.mark.parametrize("verdict", [Accepted(), Known()])
def test_what_the_history_has_is_handled(taking: Taking, verdict: Verdict) -> None:
    """Once it is decided, and not before."""
    taking.take(consumed(TEA))
    assert not taking.handled
    taking.decide(verdict)
    assert taking.handled
    assert taking.aside.reasons == []


@pytest.mark.parametrize(
    ("verdict", "reason"),
    [
        (Conflict("The saga has ended."), "The saga has ended."),
        (Declined(Problem("sent", "It is on its way.")), "The saga refuses the update: sent: It is on its way."),
        (Unfit("It takes no signal 'a'.", "name"), "It takes no signal 'a'."),
        (Unfit("Expected `int` - at `$.x`"), "The value does not fit: Expected `int` - at `$.x`."),
        (Ignored("there is no such saga"), "there is no such saga"),
    ],
)
def test_what_comes_to_nothing_is_set_aside(taking: Taking, verdict: Verdict, reason: str) -> None:
    """With the engine's reason; it is handled once that is durable."""
    taking.take(consumed(CancelSaga(), "make_tea:oolong"))
    taking.decide(verdict)
    assert taking.aside.reasons == [reason]
    assert not taking.handled
    taking.aside.done[0]()
    assert taking.handled


@pytest.mark.parametrize(
    ("record", "words"),
    [
        (Consumed([], b"{}"), "The header ce_id is missing."),
        (Consumed(None, b"{}"), "It could not be read: TypeError"),
        (consumed(TEA)._replace(value=b"{"), "Not JSON"),
        (consumed(StartSaga("make_te", write_value(1))), "has no saga 'make_te': did you mean make_tea?"),
        (
            consumed(StartSaga("make_tea", write_value({}))),
            "does not fit make_tea: Object missing required field `kind`",
        ),
        (consumed(StartSaga("make_tea", write_value({"kind": 1}))), "got `int` - at `$.kind`."),
        (consumed(StartSaga("tidy", write_value(None))), "give a key"),
        (consumed(msgspec.structs.replace(TEA, attributes={"Customer": "C-7"})), "lower-case letters"),
        (consumed(msgspec.structs.replace(TEA, attributes={"customer": "x" * 201})), "at most 200 printable"),
        (consumed(StartSaga("make_tea", write_value({"kind": "earl grey"}))), "The key 'earl grey' cannot be used"),
        (
            consumed(StartSaga("tidy", write_value(None), "a"))._replace(
                value=b'{"definition":"tidy","input":null,"key":"/"}'
            ),
            "'/'",
        ),
    ],
)
def test_what_cannot_be_read_is_set_aside(taking: Taking, record: Consumed, words: str) -> None:
    """With the reason, and without a fact."""
    taking.take(record)
    assert words in taking.aside.reasons[0]
    assert taking.intake.idle
    assert not taking.handled
    taking.aside.done[0]()
    assert taking.handled


def test_a_start_with_attributes(taking: Taking) -> None:
    """The saga is found by them."""
    taking.take(consumed(msgspec.structs.replace(TEA, attributes={"customer": "C-7", "amount": 120})))
    _, fact = taking.fact()
    assert isinstance(fact, Start)
    assert fact.attributes == {"customer": "C-7", "amount": 120}


def test_requests_wait_before_replies_do(taking: Taking) -> None:
    """What is under way comes first; and nobody takes more while the dead letters pile up."""
    taking.intake.offer("a:1", Cancel(), lambda verdict: None)
    assert not taking.requests.full
    taking.intake.offer("a:2", Cancel(), lambda verdict: None)
    assert taking.requests.full
    assert not taking.intake.full
    taking.intake.take(10)
    assert not taking.requests.full
    taking.aside.is_full = True
    assert taking.requests.full
