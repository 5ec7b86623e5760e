"""Histories as they are exported, read."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import msgspec

from coordinator.history.codec import read_events
from coordinator.history.events import Event
from coordinator.history.rounds import SagaContinued, begun
from coordinator.history.started import SagaStarted

History = Path | str | bytes | Sequence[Event] | Sequence[Any] | dict[str, Any]


class UnreadableHistory(ValueError):
    """What was given is no history; the message says what one is."""


def read_history(history: History) -> list[list[Event]]:
    """The rows. Raises UnreadableHistory."""
    if isinstance(history, Path) or (isinstance(history, str) and history.endswith((".json", ".jsonl"))):
        return read_history(Path(history).read_bytes())
    if isinstance(history, str | bytes):
        return _rows(_parsed(history.encode() if isinstance(history, str) else history))
    if isinstance(history, Sequence) and history and isinstance(history[0], SagaStarted | SagaContinued):
        return [list(cast(Sequence[Event], history))]
    return _rows(history)


def _parsed(data: bytes) -> Any:
    try:
        return msgspec.json.decode(data)
    except msgspec.DecodeError:
        try:
            return [msgspec.json.decode(line) for line in data.splitlines() if line.strip()]
        except msgspec.DecodeError as error:
            raise UnreadableHistory(f"This is not the JSON of a history: {error}.") from error


def _rows(found: Any) -> list[list[Event]]:
    """As ``amends saga history -o json`` prints them, a page of the HTTP interface, or rows alone."""
    if isinstance(found, dict):
        page = cast(dict[str, Any], found)
        if page.get("next"):
            raise UnreadableHistory(
                "This is one page of a history: export all of it, with `amends saga history ID -o json`."
            )
        found = page.get("rows")
    try:
        rows = [
            read_events(msgspec.json.encode(cast(dict[str, Any], row)["events"] if isinstance(row, dict) else row))
            for row in found
        ]
    except (KeyError, TypeError, msgspec.MsgspecError) as error:
        raise UnreadableHistory(f"These are not the rows of a history: {error!r}. {_HOW}") from error
    if not rows or begun(rows[0]) is None:
        raise UnreadableHistory(f"A history begins with saga_started, or saga_continued, and this does not. {_HOW}")
    return rows


_HOW = "Export one with `amends saga history ID -o json`."
