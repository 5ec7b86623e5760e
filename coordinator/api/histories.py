"""Histories as events, for what is answered from them."""

from coordinator.errors import UNREADABLE_HISTORY, ProblemError
from coordinator.history.codec import UnreadableEvent, read_events
from coordinator.history.events import Event
from coordinator.history.kept_rows import UnreadableHistory
from coordinator.runtime.ports import HistoryRow

ROWS = 1000
"""Read at once."""


def events_of(saga_id: str, row: HistoryRow) -> list[Event]:
    """The events of a row of the saga's history. Raises ProblemError when this release cannot read them."""
    try:
        return read_events(bytes(row.events))
    except UnreadableEvent as error:
        found = UnreadableHistory(f"{saga_id}'s", row.seq, error)
        raise ProblemError(
            UNREADABLE_HISTORY,
            f"{found} `amends saga history {saga_id} -o json` shows the row as it is. Nothing is lost.",
        ) from error
