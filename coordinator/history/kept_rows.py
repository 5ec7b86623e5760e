"""The rows of a saga's history, as a store has them."""

from collections.abc import Sequence

from coordinator.history.codec import UnreadableEvent, read_events
from coordinator.history.events import Event
from coordinator.history.rounds import SagaContinued


class UnreadableHistory(ValueError):
    """This release cannot read it; the message says which event it is, and what to do."""

    def __init__(self, whose: str, row: int, error: UnreadableEvent) -> None:
        super().__init__(
            f"This release cannot read event {error.event} of row {row} of {whose} history: {str(error).rstrip('.')}. "
            "Deploy the release that wrote it, or a newer one."
        )


def read_rows(kept: Sequence[bytes | str]) -> list[list[Event]]:
    """All that are kept, from the one with which the saga, or its round, begins. Raises UnreadableHistory."""
    rows: list[list[Event]] = []
    for row in kept:
        try:
            rows.append(read_events(row))
        except UnreadableEvent as error:
            begins = rows[0][0] if rows and rows[0] else None
            first = begins.row if isinstance(begins, SagaContinued) else 1
            raise UnreadableHistory("the saga's", first + len(rows), error) from error
    return rows
