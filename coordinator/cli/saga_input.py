"""The input of a saga, or the like, as the command line takes it: JSON, a file, or standard input."""

import json
import sys
from pathlib import Path
from typing import Any

from coordinator.cli.exits import Exit
from coordinator.cli.talk import fail


def read_input(given: str | None, what: str = "The input", verb: str = "is") -> Any:
    """The value. JSON text is told from a file's name by how it begins; ``-`` is standard input.

    ``what`` is how it is called when it cannot be read.
    """
    if given is None:
        return None
    text = sys.stdin.read() if given == "-" else given if _is_json(given) else _file(given, what, verb)
    try:
        return json.loads(text)
    except ValueError as error:
        fail(f"{what} {verb} not JSON: {error}.", Exit.USAGE)


def _is_json(given: str) -> bool:
    return given.lstrip()[:1] in ("{", "[", '"') or given in ("null", "true", "false") or _is_number(given)


def _is_number(given: str) -> bool:
    try:
        float(given)
    except ValueError:
        return False
    return True


def _file(name: str, what: str, verb: str) -> str:
    try:
        return Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        fail(f"{what} {name!r} {verb} neither JSON nor a file that can be read ({reason}).", Exit.USAGE)
