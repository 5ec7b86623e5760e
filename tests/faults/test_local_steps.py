"""Local steps on real servers: wherever a coordinator dies, a body is run again, and never beside its undo."""

from pathlib import Path

import pytest

from contracts.failpoints import LOCAL_FAILPOINTS
from tests.faults.asked import Asked
from tests.faults.doomed import doomed
from tests.faults.notes import Notes
from tests.faults.system import Armed, death_of

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture
def notes(tmp_path: Path) -> Notes:
    """Of this test's saga."""
    return Notes(tmp_path)


async def test_killed_while_the_body_runs(waiting: Asked, notes: Notes) -> None:
    """The other coordinator finds the row, runs the body from its beginning, and brings the saga to its end."""
    await waiting.system.start_coordinator(1)
    saga_id = await waiting.start("note_errand", "killed", {"folder": str(notes.folder)}, "completed")
    await notes.has("write begun")
    waiting.system.coordinators[0].kill()
    await notes.has("write begun", 2)
    notes.let("write")
    await waiting.reached(saga_id, "saga_completed")
    assert notes.words == ["write begun", "write begun", "write ended"]
    assert len({process for _, process in notes.lines}) == 2
    assert (await waiting.events(saga_id)).count("step_succeeded") == 1
    assert await waiting.faults() == []


async def test_killed_while_the_undo_runs(waiting: Asked, notes: Notes) -> None:
    """The undo is run again, the step is not."""
    await waiting.system.start_coordinator(1)
    notes.let("write")
    errand = {"folder": str(notes.folder), "refuse": True}
    saga_id = await waiting.start("note_errand", "undone", errand, "compensated")
    await notes.has("erase begun")
    waiting.system.coordinators[0].kill()
    await notes.has("erase begun", 2)
    notes.let("erase")
    await waiting.reached(saga_id, "saga_compensated")
    assert notes.words == ["write begun", "write ended", "erase begun", "erase begun", "erase ended"]
    assert await waiting.faults() == []


async def test_cancelled_by_way_of_another_coordinator(waiting: Asked, notes: Notes) -> None:
    """The owner hears of it from its outbox: it ends the body, and then runs the undo."""
    await waiting.system.start_coordinator(1)
    notes.let("erase")
    saga_id = await waiting.start("note_errand", "cancelled", {"folder": str(notes.folder)}, "compensated")
    await notes.has("write begun")
    assert await waiting.act(saga_id, "cancel", coordinator=1) == 202
    await waiting.reached(saga_id, "saga_compensated")
    assert notes.words == ["write begun", "write ended", "erase begun", "erase ended"]
    assert len({process for _, process in notes.lines}) == 1
    assert await waiting.faults() == []


async def test_stopped_while_the_body_runs(waiting: Asked, notes: Notes) -> None:
    """A coordinator that is told to stop gives the body some time, and then leaves the row to the other one."""
    await waiting.system.coordinators[0].stop()
    await waiting.system.start_coordinator(0, {"AMENDS_STOP_S": "1"})
    await waiting.system.start_coordinator(1)
    saga_id = await waiting.start("note_errand", "stopped", {"folder": str(notes.folder)}, "completed")
    await notes.has("write begun")
    await waiting.system.coordinators[0].stop()
    assert notes.words[:2] == ["write begun", "write ended"]
    notes.let("write")
    await waiting.reached(saga_id, "saga_completed")
    assert notes.words == ["write begun", "write ended"] * 2
    assert await waiting.faults() == []


@pytest.mark.parametrize("failpoint", sorted(LOCAL_FAILPOINTS - {"local_rows_found"}))
async def test_a_coordinator_that_dies_with_the_body(
    waiting: Asked, notes: Notes, failpoint: str, tmp_path: Path
) -> None:
    """Before its first line or with its answer in hand: started again, it runs the body, and the saga goes on."""
    system = waiting.system
    dying = await doomed(system, 0, failpoint, tmp_path)
    notes.let("write")
    saga_id = await waiting.start("note_errand", failpoint, {"folder": str(notes.folder)}, "completed")
    await dying
    assert dying.fired
    before = notes.words.copy()
    assert before == ([] if failpoint == "local_step_begun" else ["write begun", "write ended"])
    await system.start_coordinator(0)
    await waiting.reached(saga_id, "saga_completed")
    assert notes.words == [*before, "write begun", "write ended"]
    assert await waiting.faults() == []


async def test_a_coordinator_that_dies_with_what_another_has_left(waiting: Asked, notes: Notes, tmp_path: Path) -> None:
    """It has found the row of one that was killed, and runs nothing; the next one finds it again."""
    system = waiting.system
    saga_id = await waiting.start("note_errand", "left", {"folder": str(notes.folder)}, "completed")
    await notes.has("write begun")
    system.coordinators[0].kill()
    await death_of(system.coordinators[0])
    armed = Armed("local_rows_found", tmp_path)
    await system.coordinators[0].launch(armed.environment)
    await death_of(system.coordinators[0])
    assert armed.fired
    assert notes.words == ["write begun"]
    await system.start_coordinator(0)
    notes.let("write")
    await waiting.reached(saga_id, "saga_completed")
    assert notes.words == ["write begun", "write begun", "write ended"]
    assert await waiting.faults() == []


@pytest.mark.parametrize(
    "failpoint", ["fact_received", "history_written", "outbox_written", "commit_sent", "commit_acknowledged"]
)
async def test_a_coordinator_that_dies_with_the_answer(
    waiting: Asked, notes: Notes, failpoint: str, tmp_path: Path
) -> None:
    """Started again, it runs the body once more, unless the answer was committed; and then it does not."""
    system = waiting.system
    dying = await doomed(system, 0, failpoint, tmp_path, times=2)
    notes.let("write")
    saga_id = await waiting.start("note_errand", failpoint, {"folder": str(notes.folder)}, "completed")
    await dying
    await system.start_coordinator(0)
    await waiting.again()
    await waiting.reached(saga_id, "saga_completed")
    assert set(notes.words) == {"write begun", "write ended"}
    assert 1 <= notes.words.count("write begun") <= 2
    if failpoint == "commit_acknowledged":
        assert notes.words.count("write begun") == 1
    assert await waiting.faults() == []
