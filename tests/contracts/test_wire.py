"""The checker of real traffic: it takes what our code writes and rejects each deviation."""

from typing import Any

import msgspec
import pytest

from contracts import Problem
from contracts.answers import Answer, Failure, Pending, Progress, Refusal, Success
from contracts.asyncapi import asyncapi_document
from contracts.command_message import CommandMessage, UndoValue, reply_partition_of
from contracts.headers import UnreadableMessage
from contracts.ids import command_id, is_notice_id, notice_id, notice_number, undo_id
from contracts.lifecycle_message import CHANGES, Change, LifecycleMessage, SagaChanged
from contracts.reply_message import ReplyMessage
from contracts.topics import Topics
from contracts.travel import Flights
from contracts.travel.flights import FlightHold, ReserveFlight
from contracts.values import MAX_VALUE_BYTES, NULL, write_value
from tests.contracts.seats import Seats
from tests.contracts.wire import Wire, validate_record

SAGA = "book_trip:42"
TOPICS = Topics()
RESERVE = ReserveFlight("Ada", "Rome", 12_000)
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
ARGUMENTS = bytes(Flights.reserve.write_arguments((RESERVE,), {}))
PROBLEM = Problem("sold_out", "No seat is left.")
DEAD_LETTER = [
    ("amends-reason", b"The header ce_id is missing."),
    ("amends-topic", b"amends.replies"),
    ("amends-partition", b"0"),
    ("amends-offset", b"17"),
]
OPTIONAL = {"ce_deadline", "ce_replypartition", "traceparent"}
ANSWERS: list[Answer] = [
    Success(write_value(FlightHold("F-1", 12_000))),
    Refusal(PROBLEM),
    Failure(Problem("timeout", retryable=True, retry_after_ms=100)),
    Progress(write_value({"done": 3})),
    Pending(),
    Pending(86_400_000),
]


def command(**changes: Any) -> CommandMessage:
    message = CommandMessage(
        command_id=f"{SAGA}:1",
        type="flights.reserve",
        definition="book_trip",
        saga_id=SAGA,
        direction="forward",
        attempt=1,
        time_ms=1_700_000_000_250,
        reply_to=TOPICS.replies,
        value=ARGUMENTS,
        deadline_ms=1_700_000_005_250,
        reply_partition=11,
        traceparent=TRACE,
    )
    return msgspec.structs.replace(message, **changes)


def undo(result: msgspec.Raw) -> CommandMessage:
    value = write_value(UndoValue(msgspec.Raw(ARGUMENTS), result, write_value(PROBLEM)))
    return command(command_id=f"{SAGA}:1:undo", direction="undo", value=bytes(value))


def reply(answer: Answer, command_id: str = f"{SAGA}:1") -> ReplyMessage:
    return ReplyMessage("r-1", SAGA, command_id, 1, answer, "/amends/participants/flights", 1_700_000_000_300, TRACE)


def check(wire: Wire, topic: str, message: CommandMessage | ReplyMessage) -> str:
    return wire.check(topic, message.headers(), message.value, message.saga_id.encode())


def test_a_command_conforms() -> None:
    """What CommandMessage writes is what the schemas promise."""
    assert check(Wire(), TOPICS.commands("flights"), command()) == "flights.reserve"


@pytest.mark.parametrize("partition", [None, 0, 11])
def test_the_reply_partition_arrives(partition: int | None) -> None:
    """Where it is named, and only there."""
    message = command(reply_partition=partition)
    assert CommandMessage.read(message.headers(), ARGUMENTS).reply_partition == partition
    assert reply_partition_of(message.headers()) == partition


@pytest.mark.parametrize("text", ["-1", "1.0", "first", "1" * 10, "٣"])
def test_a_reply_partition_that_is_no_number_is_refused(text: str) -> None:
    """With a sentence that names the header."""
    headers = [*without("ce_replypartition"), ("ce_replypartition", text.encode())]
    with pytest.raises(UnreadableMessage, match="ce_replypartition"):
        CommandMessage.read(headers, ARGUMENTS)


def test_how_far_it_got_arrives() -> None:
    """JSON in a header, of a command only; a command without conforms too."""
    message = command(progress=b'{"done":"h\xc3\xa4lfte"}')
    assert check(Wire(), TOPICS.commands("flights"), message) == "flights.reserve"
    assert CommandMessage.read(message.headers(), ARGUMENTS).progress == b'{"done":"h\xc3\xa4lfte"}'
    assert CommandMessage.read(command().headers(), ARGUMENTS).progress is None


def test_progress_that_is_no_json_is_refused() -> None:
    """With a sentence."""
    with pytest.raises(UnreadableMessage, match="Not JSON"):
        CommandMessage.read([*command().headers(), ("ce_progress", b"half")], ARGUMENTS)


@pytest.mark.parametrize("result", [NULL, write_value(FlightHold("F-1", 12_000))], ids=["unknown", "known"])
def test_an_undo_conforms(result: msgspec.Raw) -> None:
    """An undo conforms with the result of its command, and without one."""
    assert check(Wire(), TOPICS.commands("flights"), undo(result)) == "flights.reserve.undo"


def test_the_largest_undo_can_be_read() -> None:
    """Arguments, result and cause may each be as large as a value may be: the undo that carries all three is read."""
    largest = msgspec.Raw(b'"' + b"x" * (MAX_VALUE_BYTES - 2) + b'"')
    value = msgspec.json.encode(UndoValue(largest, largest, largest))
    message = command(command_id=f"{SAGA}:1:undo", direction="undo", value=value)
    assert CommandMessage.read(message.headers(), value).value == value


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: type(answer).__name__)
def test_every_answer_conforms(answer: Answer) -> None:
    """Each of the five answers that ReplyMessage writes conforms."""
    wire = Wire()
    check(wire, TOPICS.commands("flights"), command())
    check(wire, TOPICS.replies, reply(answer))
    assert wire.seen.total() == 2


def test_the_reply_to_an_undo_conforms() -> None:
    """An undo's success carries null."""
    assert check(Wire(), TOPICS.replies, reply(Success(NULL), f"{SAGA}:1:undo")) == "undone"


def test_a_result_is_held_against_its_command() -> None:
    """A success whose value is no result of the command that it answers is rejected."""
    wire = Wire()
    check(wire, TOPICS.commands("flights"), command())
    with pytest.raises(AssertionError, match="'ref' is a required property"):
        check(wire, TOPICS.replies, reply(Success(write_value({"price": 1}))))


def test_a_success_for_no_command_is_rejected() -> None:
    """A success must name a command that was sent."""
    with pytest.raises(AssertionError, match="nobody sent the command"):
        check(Wire(), TOPICS.replies, reply(Success(NULL)))


def without(name: str) -> list[tuple[str, bytes]]:
    return [(key, value) for key, value in command().headers() if key != name]


@pytest.mark.parametrize("name", sorted({name for name, _ in command().headers()} - OPTIONAL))
def test_a_required_header_is_missed(name: str) -> None:
    """A command without one of the headers it must have is rejected."""
    with pytest.raises(AssertionError, match=name):
        validate_record(TOPICS.commands("flights"), without(name), ARGUMENTS)


@pytest.mark.parametrize("name", sorted(OPTIONAL))
def test_an_optional_header_is_not_missed(name: str) -> None:
    """A command without a deadline or without a trace conforms."""
    assert validate_record(TOPICS.commands("flights"), without(name), ARGUMENTS)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ce_id", b"42"),
        ("ce_id", b"book_trip:42:1:undo"),
        ("ce_attempt", b"0"),
        ("ce_time", b"yesterday"),
        ("ce_deadline", b"2026-03-01T12:00:00"),
        ("ce_replypartition", b"-1"),
        ("ce_source", b"book_trip"),
        ("ce_subject", b"42"),
        ("ce_specversion", b"0.3"),
        ("traceparent", b"00-xyz"),
        ("content-type", b"text/plain"),
    ],
)
def test_a_header_must_have_its_form(name: str, value: bytes) -> None:
    """A header whose text is not as promised is rejected."""
    headers = [(key, value if key == name else kept) for key, kept in command().headers()]
    with pytest.raises(AssertionError, match="headers"):
        validate_record(TOPICS.commands("flights"), headers, ARGUMENTS)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "there is no value"),
        (b"{", "not JSON"),
        (b"{}", "'request' is a required property"),
        (b'{"request": {"traveller": 1, "destination": "Rome", "price": 2}}', "is not of type 'string'"),
        (b'"' + b"x" * MAX_VALUE_BYTES + b'"', "over 262144"),
    ],
)
def test_a_value_must_fit(value: bytes | None, reason: str) -> None:
    """A value that is missing, broken, wrong or too large is rejected with the reason."""
    with pytest.raises(AssertionError, match=reason):
        validate_record(TOPICS.commands("flights"), command().headers(), value)


def test_unknown_fields_and_headers_pass() -> None:
    """Readers ignore what they do not know, so the schemas allow it."""
    value = ARGUMENTS[:-1] + b', "since_1_1": true}'
    assert validate_record(TOPICS.commands("flights"), [*command().headers(), ("x-shop", b"7")], value)


def test_the_key_is_the_saga() -> None:
    """A record with another key than its saga's id is rejected."""
    with pytest.raises(AssertionError, match="the key is b'other'"):
        validate_record(TOPICS.commands("flights"), command().headers(), ARGUMENTS, key=b"other")


@pytest.mark.parametrize("topic", ["amends.commands.boats", "amends.audit", "shop.replies", "amends"])
def test_a_foreign_topic_is_rejected(topic: str) -> None:
    """Only topics of the protocol, under the deployment's prefix, pass."""
    with pytest.raises(AssertionError, match="is no topic"):
        validate_record(topic, command().headers(), ARGUMENTS)


def test_a_command_on_the_wrong_topic_is_rejected() -> None:
    """A participant's topic carries its own commands only."""
    with pytest.raises(AssertionError, match="nothing that the channel has"):
        validate_record(TOPICS.commands("hotels"), command().headers(), ARGUMENTS)


def test_headers_must_not_come_twice() -> None:
    """A header that comes twice is rejected, for readers differ in which one counts."""
    with pytest.raises(AssertionError, match="more than once"):
        validate_record(TOPICS.commands("flights"), [*command().headers(), ("ce_attempt", b"2")], ARGUMENTS)


NOTICE = LifecycleMessage(
    notice_id(SAGA, 3),
    "parked",
    SAGA,
    3,
    1_772_366_400_250,
    SagaChanged("book_trip", 1, "parked", problem=Problem("parked_for_undo", "Why."), attributes={"customer": "C-7"}),
    TRACE,
)


@pytest.mark.parametrize("change", CHANGES)
def test_a_notice(change: Change) -> None:
    """Written as it is described, and read as it was written."""
    notice = msgspec.structs.replace(NOTICE, change=change)
    assert validate_record(TOPICS.lifecycle, notice.headers(), notice.value)
    assert LifecycleMessage.read(notice.headers(), notice.value) == notice


def test_a_notice_of_something_new_is_passed_over() -> None:
    """A later release may tell of more."""
    headers = [(name, b"amends.saga.married" if name == "ce_type" else value) for name, value in NOTICE.headers()]
    assert LifecycleMessage.read(headers, b"{}") is None


@pytest.mark.parametrize("name", ["ce_id", "ce_type", "ce_subject", "ce_time", "ce_number"])
def test_a_notice_without_a_header(name: str) -> None:
    """It is named."""
    with pytest.raises(UnreadableMessage, match=name):
        LifecycleMessage.read([header for header in NOTICE.headers() if header[0] != name], NOTICE.value)


@pytest.mark.parametrize("key", ["1", "1:lifecycle", "x:1", "x:1:undo"])
def test_the_id_of_a_notice_is_no_commands(key: str) -> None:
    """Whatever a saga's key is called."""
    saga, notice = f"a:{key}", notice_id("a:x", 1)
    assert notice not in {command_id(saga, 1), undo_id(saga, 1), notice_id(saga, 1)}
    assert is_notice_id(notice)
    assert not is_notice_id(command_id(saga, 1))
    assert not is_notice_id(undo_id(saga, 1))
    assert notice_number(notice_id(saga, 12)) == 12


@pytest.mark.parametrize("name", [name for name, _ in DEAD_LETTER])
def test_a_dead_letter_tells_where_it_came_from(name: str) -> None:
    """A dead letter may carry anything, but says why it is there and where it was."""
    headers = [(key, value) for key, value in DEAD_LETTER if key != name]
    assert validate_record(TOPICS.dead_letters, DEAD_LETTER, b"\xff") == "dead-letter"
    with pytest.raises(AssertionError, match=name):
        validate_record(TOPICS.dead_letters, headers, b"\xff")


def test_contracts_of_a_test_can_be_checked() -> None:
    """A document made for other contracts, and another prefix, serve as well."""
    topics = Topics("t1")
    wire = Wire(topics, asyncapi_document([Seats]))
    seats = command(type="seats.reserve", value=b'{"request": {"row": 3}}', reply_to=topics.replies)
    check(wire, topics.commands("seats"), seats)
    check(wire, topics.replies, reply(Success(msgspec.Raw(b'{"seat": "3A"}'))))
    assert wire.seen == {"seats.reserve": 1, "seats.reserve.succeeded": 1}
