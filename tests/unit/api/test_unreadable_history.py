"""A history that this release cannot read: whoever asks is told which saga, which event, and what to do."""

import httpx
import msgspec
import pytest

from coordinator.engine.facts import Start, Update
from coordinator.history.codec import UnreadableEvent, read_events
from coordinator.runtime.ports import HistoryRow
from tests.unit.api.definitions import pour
from tests.unit.api.sagas import SagasInMemory
from tests.unit.api.test_start_refused import problem

SAGA = "pour:a"
NEWER = b'[{"type":"timer_started","timer":1,"at":1,"due":2},{"type":"saga_sang","at":1}]'


@pytest.fixture(autouse=True)
async def newer_history(sagas: SagasInMemory) -> None:
    """Its second row is of another release."""
    await sagas.submit(SAGA, Start(pour.name, pour.version, msgspec.Raw(b"null")))
    await sagas.submit(SAGA, Update("wish", "w-1", msgspec.Raw(b'{"guest":"Ada"}')))
    sagas.rows[SAGA][1] = HistoryRow(2, 1, msgspec.Raw(NEWER))


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "queries/cups"), ("GET", "updates/wish/w-1"), ("GET", "updates/wish/w-2")]
)
async def test_what_needs_it_is_refused(client: httpx.AsyncClient, method: str, path: str) -> None:
    """A problem, and not a mistake of ours."""
    found = problem(await client.request(method, f"/v1/sagas/{SAGA}/{path}"), 500, "unreadable_history")
    assert found["detail"].startswith("This release cannot read event 2 of row 2 of pour:a's history: ")
    assert "saga_sang" in found["detail"]
    assert "Deploy the release" in found["detail"]


async def test_it_can_be_looked_at(client: httpx.AsyncClient) -> None:
    """As it is: whoever exports it loses nothing."""
    found = (await client.get(f"/v1/sagas/{SAGA}/history")).json()
    assert found["rows"][1]["events"][1]["type"] == "saga_sang"


@pytest.mark.parametrize(
    ("row", "event", "words"),
    [
        (NEWER, 2, "saga_sang"),
        (b'[{"type":"timer_started","timer":"x","at":1,"due":2}]', 1, "timer"),
        (b"[1]", 1, "object"),
        (b"{}", 0, "array"),
        (b"[{", 0, "truncated"),
    ],
)
def test_which_event_it_is(row: bytes, event: int, words: str) -> None:
    """From 1; 0 where it is no row at all."""
    with pytest.raises(UnreadableEvent, match=words) as caught:
        read_events(row)
    assert caught.value.event == event
