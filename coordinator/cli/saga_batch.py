"""Starting many sagas from lines of JSON."""

import asyncio
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from coordinator.cli.client import Client
from coordinator.cli.exits import Exit
from coordinator.cli.talk import fail

_STARTS = 1_000
"""In one request."""
_BYTES = 4 * 1024 * 1024
"""Of lines in one request, unless one line alone has more."""
_TRIES = 20


class Line(NamedTuple):
    """One start, and where it stands."""

    number: int
    start: Any
    size: int


def read_lines(name: str, definition: str | None) -> list[Line]:
    """The starts in this file, or on standard input for ``-``; with a definition, each line is an input of it.

    Ends the command when one line is not JSON, before anything is started.
    """
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        fail(f"The file {name!r} cannot be read ({reason}).", Exit.USAGE)
    lines: list[Line] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except ValueError as error:
            fail(f"Line {number} is not JSON: {error}. Nothing was started.", Exit.USAGE)
        lines.append(
            Line(number, value if definition is None else {"definition": definition, "input": value}, len(line))
        )
    return lines


async def start_lines(client: Client, lines: Sequence[Line]) -> list[dict[str, Any]]:
    """The answers in order, each with the number of its ``line``. What is refused for now is sent again for a while.

    Raises Refusal.
    """
    answers: dict[int, dict[str, Any]] = {}
    for handful in _handfuls(lines):
        left, tries = handful, 0
        while left:
            found = await client.post("/v1/sagas:batch", {"starts": [line.start for line in left]})
            answers.update((line.number, answer) for line, answer in zip(left, found["answers"], strict=True))
            tries += 1
            if found["retry_after_s"] is None or tries == _TRIES:
                break
            left = [line for line in left if answers[line.number].get("problem", {}).get("status") in (429, 503)]
            await asyncio.sleep(found["retry_after_s"])
    return [{"line": line.number, **answers[line.number]} for line in lines]


def _handfuls(lines: Sequence[Line]) -> Iterator[Sequence[Line]]:
    handful: list[Line] = []
    size = 0
    for line in lines:
        if handful and (len(handful) == _STARTS or size + line.size > _BYTES):
            yield handful
            handful, size = [], 0
        handful.append(line)
        size += line.size
    if handful:
        yield handful
