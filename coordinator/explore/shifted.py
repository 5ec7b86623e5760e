"""A history that took longer: the same events, all but the first row's at a later time.

Whoever answers, answers when he likes: what came at once might as well have come a day later. So a saga can be found
at any of its awaits when its deadline passes.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from coordinator.history.events import Event

Row = tuple[Event, ...]
"""What one activation wrote."""

_TIMES = ("at", "due", "deadline", "retry_at")


def shifted(rows: Sequence[Row], by_ms: int) -> list[Row]:
    """The rows, with every time after the saga's first activation later by so many milliseconds."""
    return [*rows[:1], *(tuple(_later(event, by_ms) for event in row) for row in rows[1:])]


def _later(event: Event, by_ms: int) -> Event:
    times: dict[str, Any] = {
        name: time + by_ms for name in _TIMES if isinstance(time := getattr(event, name, None), int)
    }
    return msgspec.structs.replace(event, **times)
