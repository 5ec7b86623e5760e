"""The participant of docs/examples keeps the rules of the protocol; a later test runs it against a real Kafka."""

import importlib.util
import json
import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from contracts.asyncapi import asyncapi_document
from contracts.command_message import CommandMessage
from contracts.failures import Problem
from contracts.reply_message import ReplyMessage
from tests.contracts.seats import Seats, WantedSeat
from tests.contracts.wire import Wire

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "plain_participant.py"
ARGUMENTS = bytes(Seats.reserve.write_arguments((WantedSeat(7),), {}))


def load() -> Any:
    spec = importlib.util.spec_from_file_location("plain_participant", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


plain = load()


@pytest.fixture
def db(tmp_path: Path) -> sqlite3.Connection:
    return plain.open_database(str(tmp_path / "seats.sqlite"))


def reserve(step: int = 1, attempt: int = 1) -> CommandMessage:
    return CommandMessage(
        command_id=f"show:9:{step}",
        type="seats.reserve",
        definition="show",
        saga_id="show:9",
        direction="forward",
        attempt=attempt,
        time_ms=1_700_000_000_000,
        reply_to="amends.replies",
        value=ARGUMENTS,
        traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    )


def as_text(message: CommandMessage) -> dict[str, str]:
    return {name: value.decode() for name, value in message.headers()}


def release(step: int = 1) -> CommandMessage:
    value = {"command": json.loads(ARGUMENTS), "result": None, "cause": {"type": "timeout"}}
    return CommandMessage(
        command_id=f"show:9:{step}:undo",
        type="seats.reserve",
        definition="show",
        saga_id="show:9",
        direction="undo",
        attempt=1,
        time_ms=1_700_000_000_000,
        reply_to="amends.replies",
        value=json.dumps(value).encode(),
    )


def deliver(db: sqlite3.Connection, message: CommandMessage) -> tuple[str, Any]:
    """Delivers the message, holds it and its reply against the schemas, and returns the answer."""
    headers = plain.read(message.headers())
    word, value = plain.answer(db, headers, message.value)
    sent = plain.reply_headers(headers, word)
    wire = Wire(document=asyncapi_document([Seats]))
    wire.check("amends.commands.seats", message.headers(), message.value)
    wire.check("amends.replies", sent, value.encode())
    assert ReplyMessage.read(sent, value.encode()).command_id == message.command_id
    return word, json.loads(value)


def seats(db: sqlite3.Connection) -> list[str]:
    return [seat for (seat,) in db.execute("SELECT seat FROM seat ORDER BY seat")]


def test_a_command_takes_effect(db: sqlite3.Connection) -> None:
    """A command is answered with its result, and its effect is there."""
    assert deliver(db, reserve()) == ("succeeded", {"seat": "7A"})
    assert seats(db) == ["7A"]


def test_a_duplicate_gets_the_same_reply(db: sqlite3.Connection) -> None:
    """A second delivery is answered alike, and the effect is there once."""
    assert deliver(db, reserve()) == deliver(db, reserve(attempt=2))
    assert seats(db) == ["7A"]


def test_an_undo_takes_the_effect_away(db: sqlite3.Connection) -> None:
    """After the undo, delivered twice, nothing is left of the command."""
    deliver(db, reserve())
    assert deliver(db, release()) == deliver(db, release()) == ("succeeded", None)
    assert seats(db) == []


def test_an_undo_leaves_others_alone(db: sqlite3.Connection) -> None:
    """An undo undoes its own command only."""
    deliver(db, reserve(1))
    deliver(db, reserve(2))
    deliver(db, release(1))
    assert seats(db) == ["7B"]


def test_a_command_after_its_undo_is_refused(db: sqlite3.Connection) -> None:
    """The undo that came first left a tombstone; the late command finds it and does nothing."""
    deliver(db, release())
    word, problem = deliver(db, reserve())
    assert (word, problem["type"]) == ("refused", "undone_before")
    assert seats(db) == []


def test_a_full_row_is_refused(db: sqlite3.Connection) -> None:
    """A business no is a refusal, kept like any other answer."""
    for step in range(1, 7):
        deliver(db, reserve(step))
    assert deliver(db, reserve(7))[0] == deliver(db, reserve(7))[0] == "refused"


@pytest.mark.parametrize("value", [b"{}", b"{", b'{"request": {"row": "back"}}', b"7"])
def test_a_broken_value_changes_nothing(db: sqlite3.Connection, value: bytes) -> None:
    """What cannot be read is a failure that need not be tried again, and the barrier does not know it."""
    word, problem = plain.answer(db, as_text(reserve()), value)
    assert (word, json.loads(problem)["retryable"]) == ("failed", False)
    assert deliver(db, reserve())[0] == "succeeded"


def test_an_unknown_command_may_be_tried_again(db: sqlite3.Connection) -> None:
    """A command that the contract gained later fails for now: the participant that knows it may be on its way."""
    headers = {**as_text(reserve()), "ce_type": "seats.upgrade"}
    word, problem = plain.answer(db, headers, b"{}")
    assert (word, json.loads(problem)["retryable"]) == ("failed", True)


def test_a_missing_header_is_named() -> None:
    """A record without a header that the protocol requires is set aside with that header's name."""
    headers = [(name, value) for name, value in reserve().headers() if name != "ce_replyto"]
    with pytest.raises(ValueError, match="ce_replyto"):
        plain.read(headers)


def test_a_problem_of_the_example_is_one_of_the_contracts() -> None:
    """The example's refusals read as problems."""
    assert Problem(**json.loads(plain.UNDONE_BEFORE)).type == "undone_before"


def test_the_example_imports_nothing_of_ours() -> None:
    """It is written without our packages, or it would prove nothing."""
    imports = re.findall(r"^(?:from|import) (\w+)", EXAMPLE.read_text(encoding="utf-8"), re.MULTILINE)
    assert not {"contracts", "coordinator", "participants"} & set(imports)
