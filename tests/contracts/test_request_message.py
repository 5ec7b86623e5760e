"""Requests on the wire: what a service writes, the coordinator reads; whatever else comes, it says what is wrong."""

from collections.abc import Sequence

import msgspec
import pytest

from contracts.headers import Headers, UnreadableMessage
from contracts.request_message import CancelSaga, Request, RequestMessage, SignalSaga, StartSaga
from contracts.topics import Topics
from contracts.values import MAX_VALUE_BYTES, write_value
from tests.contracts.wire import validate_record

SAGA = "book_trip:42"
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
START = StartSaga("book_trip", write_value({"traveller": "Ada"}), "42")
REQUESTS: list[Request] = [
    START,
    StartSaga("book_trip", write_value(None)),
    SignalSaga("approval", write_value({"approved": True})),
    CancelSaga("The traveller is ill."),
    CancelSaga(),
]


def message(request: Request, **changes: object) -> RequestMessage:
    made = RequestMessage(
        request_id="r-1",
        source="/shop/orders",
        request=request,
        saga_id="" if isinstance(request, StartSaga) else SAGA,
        time_ms=1_700_000_000_250,
        traceparent=TRACE,
        tracestate="shop=1",
    )
    return msgspec.structs.replace(made, **changes)


def with_header(headers: Headers, name: str, value: bytes | None) -> Headers:
    """The headers with this one instead of its like; None: without it."""
    others = [each for each in headers if each[0] != name]
    return others if value is None else [*others, (name, value)]


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda request: type(request).__name__)
def test_what_is_written_is_read(request_: Request) -> None:
    """All but the time, which is for people; and it conforms to the schemas."""
    written = message(request_)
    key, headers, value = written.record()
    read = RequestMessage.read(headers, value)
    assert msgspec.structs.replace(read, request=request_) == msgspec.structs.replace(written, time_ms=None)
    assert type(read.request) is type(request_)
    assert msgspec.json.encode(read.request) == msgspec.json.encode(request_)
    assert validate_record(Topics().requests, headers, value, key).startswith("request.")


@pytest.mark.parametrize(
    ("request_", "saga_id", "key"),
    [
        (START, "", b"book_trip:42"),
        (StartSaga("book_trip", write_value(1)), "", None),
        (StartSaga("book_trip", write_value(1)), "book_trip:7", b"book_trip:7"),
        (CancelSaga(), SAGA, b"book_trip:42"),
    ],
)
def test_the_key_is_the_saga_where_it_is_known(request_: Request, saga_id: str, key: bytes | None) -> None:
    """So that the requests of one saga keep their order."""
    assert message(request_, saga_id=saga_id).record().key == key


def test_time_and_trace_may_be_left_out() -> None:
    """A record needs no more headers than those that are demanded."""
    bare = message(CancelSaga(), time_ms=None, traceparent=None, tracestate=None)
    _, headers, value = bare.record()
    assert {name for name, _ in headers}.isdisjoint({"ce_time", "traceparent", "tracestate"})
    assert RequestMessage.read(headers, value) == bare


def test_unknown_fields_and_headers_pass() -> None:
    """Readers ignore what they do not know."""
    headers = [*message(CancelSaga()).headers(), ("x-shop", b"\xff")]
    assert RequestMessage.read(headers, b'{"reason": "x", "since_1_1": true}').request == CancelSaga("x")


@pytest.mark.parametrize(
    ("request_", "name", "value", "words"),
    [
        (START, "ce_id", None, "The header ce_id is missing."),
        (START, "ce_id", b"", "The header ce_id is missing."),
        (START, "ce_id", b"\xff", "A header is not UTF-8"),
        (START, "ce_id", b"a\x00b", "1 to 200 printable characters"),
        (START, "ce_id", b"a" * 201, "1 to 200 printable characters"),
        (START, "ce_type", None, "The header ce_type is missing."),
        (START, "ce_type", b"start", "ce_type is 'start': expected 'amends.request.'"),
        (START, "ce_type", b"amends.request.pause", "one of start, signal, update, cancel"),
        (START, "ce_source", None, "The header ce_source is missing."),
        (START, "traceparent", b"\xff", "traceparent is not UTF-8"),
        (CancelSaga(), "ce_subject", None, "The header ce_subject is missing: it says which saga is meant."),
        (CancelSaga(), "ce_subject", b"\xff", "ce_subject is not UTF-8"),
        (CancelSaga(), "ce_subject", b"42", "'42' is not a saga's id"),
        (CancelSaga(), "ce_subject", b"Book:42", "is not a saga's id"),
        (CancelSaga(), "ce_subject", b"book_trip:", "The key '' cannot be used"),
        (CancelSaga(), "ce_subject", b"book_trip:4/2", "The key '4/2' cannot be used"),
        (CancelSaga(), "ce_subject", b"book_trip:" + b"4" * 201, "1 to 200 printable characters"),
    ],
)
def test_a_header_that_does_not_fit(request_: Request, name: str, value: bytes | None, words: str) -> None:
    """Is named."""
    with pytest.raises(UnreadableMessage) as raised:
        RequestMessage.read(with_header(message(request_).headers(), name, value), message(request_).value)
    assert words in str(raised.value)
    assert str(raised.value).endswith(".")


BAD_JSON: Sequence[tuple[bytes | None, str]] = [
    (None, "There is no value"),
    (b"", "There is no value"),
    (b"{", "Not JSON"),
    (b"\xff", "Not JSON"),
    (b"[" * 100_000, "Not JSON"),
    (b'{"definition":"a","name":"a","input":NaN,"value":NaN}', "Not JSON"),
    (b'{"definition":"a","name":"a","input":"\\u0000","value":"\\u0000"}', "U+0000"),
    (b'"' + b"x" * MAX_VALUE_BYTES + b'"', "262,146 bytes"),
    (b"null", "Expected `object`, got `null`"),
    (b"[]", "Expected `object`, got `array`"),
]


@pytest.mark.parametrize(
    ("request_", "value", "words"),
    [
        *((request_, *bad) for request_ in (START, SignalSaga("a", write_value(1)), CancelSaga()) for bad in BAD_JSON),
        (START, b'{"input": 1}', "missing required field `definition`"),
        (START, b'{"definition": "a"}', "missing required field `input`"),
        (START, b'{"definition": 1, "input": 1}', "Expected `str`, got `int` - at `$.definition`"),
        (START, b'{"definition": "a", "input": 1, "key": 7}', "at `$.key`"),
        (START, b'{"definition": "a", "input": 1, "signal": {"name": "A b", "value": 1}}', "The signal 'A b'"),
        (START, b'{"definition": "a", "input": 1, "signal": {"name": "a"}}', "missing required field `value`"),
        (SignalSaga("a", write_value(1)), b'{"value": 1}', "missing required field `name`"),
        (SignalSaga("a", write_value(1)), b'{"name": "a"}', "missing required field `value`"),
        (SignalSaga("a", write_value(1)), b'{"name": "A b", "value": 1}', "The signal 'A b'"),
        (CancelSaga(), b'{"reason": null}', "at `$.reason`"),
    ],
)
def test_a_value_that_does_not_fit(request_: Request, value: bytes | None, words: str) -> None:
    """Is told apart, with the place."""
    with pytest.raises(UnreadableMessage) as raised:
        RequestMessage.read(message(request_).headers(), value)
    assert words in str(raised.value)
    assert str(raised.value).endswith(".")


@pytest.mark.parametrize(
    ("unsendable", "words"),
    [
        (message(CancelSaga(), saga_id=""), "ce_subject is missing"),
        (message(CancelSaga(), saga_id="42"), "not a saga's id"),
        (message(StartSaga("book_trip", write_value(1)), saga_id="42"), "not a saga's id"),
        (message(CancelSaga(), request_id=""), "ce_id is missing"),
        (message(StartSaga("book_trip", write_value(1), "a b")), "The key 'a b' cannot be used"),
        (message(SignalSaga("a", write_value("x" * (MAX_VALUE_BYTES - 2)))), "a message may have 262,144"),
    ],
)
def test_what_could_not_be_read_is_not_written(unsendable: RequestMessage, words: str) -> None:
    """The sender hears of it, and not only the dead letters."""
    with pytest.raises(ValueError, match=words):
        unsendable.record()
