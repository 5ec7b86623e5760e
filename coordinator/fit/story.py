"""A history as lines for people."""

from collections.abc import Sequence

import msgspec

from coordinator.history.codec import write_events
from coordinator.history.events import Event
from coordinator.history.in_words import event_line


def story(history: Sequence[Event]) -> list[str]:
    """An event a line, with the time since the start."""
    commands: dict[int, str] = {}
    events = msgspec.json.decode(write_events(history))
    begun = events[0]["at"] if events else 0
    return [f"{_since(each['at'] - begun):>9}  {event_line(each, commands)}" for each in events]


def _since(ms: int) -> str:
    seconds = ms / 1_000
    if seconds < 600:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 36_000 else f"{seconds / 3_600:.0f} h"
