"""What a trip's history says, read as anybody can read it over HTTP."""

from collections.abc import Sequence
from typing import Any

Events = Sequence[dict[str, Any]]


def steps_in_words(events: Events) -> str:
    """``4 steps``, or ``2 undone, in reverse``."""
    undone = _steps(events, "undo_succeeded")
    if undone:
        return f"{len(undone)} undone, in reverse"
    return f"{len(_steps(events, 'step_succeeded'))} steps"


def undone_in_reverse(events: Events) -> bool:
    """Whether the undos succeeded in the reverse order of the steps' success, and for all that succeeded or none."""
    undone = _steps(events, "undo_succeeded")
    return not undone or undone == _steps(events, "step_succeeded")[::-1]


def attempts_of_undo(events: Events, step: int) -> int:
    """How often the step's undo was sent."""
    sent = [event for event in events if event["type"] in ("undo_issued", "undo_retried")]
    return sum(event["step"] == step for event in sent)


def _steps(events: Events, type: str) -> list[int]:
    return [event["step"] for event in events if event["type"] == type]
