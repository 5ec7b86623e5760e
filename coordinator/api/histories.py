"""Histories as events, for what is answered from them."""

from coordinator.errors import UNREADABLE_HISTORY, ProblemError
from coordinator.history.codec import UnreadableEvent, read_events
from coordinator.history.events import Event
from coordinator.runtime.ports import HistoryRow

ROWS = 1000
"""Read at once."""


def events_of(saga_id: str, row: HistoryRow) -> list[Event]:
    """The events of a row of the saga's history. Raises ProblemError when this release cannot read them."""
    try:
        return read_events(bytes(row.events))
    except UnreadableEvent as error:
        raise ProblemError(
            UNREADABLE_HISTORY,
            f"This release cannot read event {error.event} of row {row.seq} of the history of {saga_id}: "
            f"{str(error).rstrip('.')}. Deploy the release that wrote it, or a newer one; "
            f"`amends saga history {saga_id} -o json` shows the row as it is. Nothing is lost.",
        ) from error
