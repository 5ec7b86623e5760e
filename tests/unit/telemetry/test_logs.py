"""Log lines."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from coordinator.telemetry.logs import configure_logs


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


class Terminal(io.StringIO):
    """Says that somebody is watching."""

    def isatty(self) -> bool:
        return True


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_lines_are_json_when_nobody_watches() -> None:
    """One object for each line, with what was said, by whom, how urgent, and when."""
    stream = io.StringIO()
    configure_logs(stream=stream)
    structlog.get_logger("coordinator.store").warning("Postgres is away.", host="db")
    (line,) = lines(stream)
    assert line.pop("timestamp")
    assert line == {"event": "Postgres is away.", "host": "db", "logger": "coordinator.store", "level": "warning"}


def test_libraries_speak_the_same_form() -> None:
    """What goes through the standard library's logging looks the same."""
    stream = io.StringIO()
    configure_logs(stream=stream)
    logging.getLogger("aiokafka").error("no %s", "broker")
    assert [(line["event"], line["logger"]) for line in lines(stream)] == [("no broker", "aiokafka")]


def test_a_terminal_gets_text() -> None:
    """People do not read JSON."""
    stream = Terminal()
    configure_logs(stream=stream)
    structlog.get_logger("a").info("hello")
    assert "hello" in stream.getvalue()
    assert "{" not in stream.getvalue()


def test_the_form_can_be_chosen() -> None:
    """A terminal that wants JSON gets it."""
    stream = Terminal()
    configure_logs(form="json", stream=stream)
    structlog.get_logger("a").info("hello")
    assert lines(stream)[0]["event"] == "hello"


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_traceback_shows_nobodys_data(form: str) -> None:
    """Local variables stay where they are."""
    stream = io.StringIO()
    configure_logs(form="json" if form == "json" else "console", stream=stream)
    card_number = "4111" * 4
    try:
        raise RuntimeError("declined")
    except RuntimeError:
        structlog.get_logger("a").exception("A charge failed.")
    assert "RuntimeError" in stream.getvalue()
    assert card_number not in stream.getvalue()


def test_what_is_below_the_level_is_left_out() -> None:
    """Both for our own lines and for libraries'."""
    stream = io.StringIO()
    configure_logs("warning", stream=stream)
    structlog.get_logger("a").info("ours")
    logging.getLogger("b").info("theirs")
    assert stream.getvalue() == ""


def test_an_unknown_level_is_refused() -> None:
    """A typing error must not silence the coordinator."""
    with pytest.raises(ValueError, match="use debug, info"):
        configure_logs("loud")
