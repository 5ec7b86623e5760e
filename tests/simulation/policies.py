"""What single calls have otherwise than their commands declare, as a part of a program."""

from typing import Any

import msgspec

from contracts import Retry
from contracts.retry import AwaitSignal
from tests.simulation.contracts import Shop

FREES = "back"
"""The signal for which held steps wait. It is no parameter of the sagas."""
_BACKOFF = "200ms..1s"


class Using(msgspec.Struct, frozen=True, omit_defaults=True):
    """As declared, where nothing is said."""

    timeout: str | None = None
    attempts: int | None = None
    """As often, and then what ``end`` says."""
    end: str = "undo"
    """``undo``, ``park``, or the signal that is waited for."""
    undo: str = ""
    """``swap``: the other undo; ``none``: what it does stands when the saga goes back."""
    undo_attempts: int | None = None
    undo_end: str = "undo"


def using(command: Any, asked: Using) -> Any:
    """The bound command with these policies."""
    chosen: dict[str, Any] = {} if asked.timeout is None else {"timeout": asked.timeout}
    if asked.attempts is not None:
        chosen["retry"] = _retry(asked.attempts, asked.end)
    if asked.undo_attempts is not None:
        chosen["undo_retry"] = _retry(asked.undo_attempts, asked.undo_end)
    if asked.undo:
        chosen["undo"] = None if asked.undo == "none" else Shop.swap
    return command.using(**chosen)


def _retry(attempts: int, end: str) -> Retry:
    on_exhausted = end if end in ("undo", "park") else AwaitSignal(end)
    return Retry(attempts=attempts, backoff=_BACKOFF, on_exhausted=on_exhausted)  # pyright: ignore[reportArgumentType]
