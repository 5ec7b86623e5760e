"""A test that goes through every outcome of a saga. Run it with pytest."""

from coordinator.catalogue.book_trip import book_trip
from coordinator.explore.exploration import explore

TRIP = {"trip_id": "1", "traveller": "Ada", "destination": "Lisbon", "card": "4242"}


def test_nothing_is_left_behind() -> None:
    """However a trip ends, what was done is undone or a person is told."""
    found = explore(book_trip, TRIP)
    assert found.complete
    assert not found.findings
    assert {outcome.ends for outcome in found.outcomes} == {"completed", "failed", "compensated", "parked"}
