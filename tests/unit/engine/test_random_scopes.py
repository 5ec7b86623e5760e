"""Sagas that go back to save-points more often than not, and refusals in every moment: see ``test_random_sagas.py``."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coordinator.engine.status import Status
from tests.unit.engine.random_acts import lived
from tests.unit.engine.random_programs import Program, programs
from tests.unit.engine.test_random_sagas import check, check_updates

ACTS = (
    *("succeeds",) * 6,
    *("refuses", "fails for good", "wakes", "rests") * 2,
    *("restarts", "cancels", "resumes", "is paused", "is mended", "is told a note", "is told a word"),
    *("is asked a favour", "skips an undo", "confirms an undo", "clock steps back"),
)


def in_scopes() -> st.SearchStrategy[Program]:
    """A few things in scopes, alone or beside each other, and something before and behind them."""
    body, parallel = programs(bugs=True), st.booleans()
    trials = st.tuples(st.sampled_from(["retreat", "trial"]), parallel, body, body).map(list)
    several = st.lists(trials.map(lambda trial: [trial]), min_size=2, max_size=3)
    beside = st.tuples(st.sampled_from(["gather", "settle", "group", "first"]), several).map(list)
    limited = st.tuples(st.just("timeout"), st.sampled_from([3, 7]), trials.map(lambda trial: [trial])).map(list)
    within = st.tuples(st.just("retreat"), parallel, st.lists(trials | beside, min_size=1, max_size=2), body).map(list)
    return st.tuples(programs(), trials | beside | limited | within, programs()).map(
        lambda parts: [*parts[0][:1], parts[1], *parts[2][:1]]
    )


@pytest.mark.timeout(300)
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(in_scopes(), st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 5)), max_size=25))
def test_whatever_is_undone(program: Program, acts: list[tuple[str, int]]) -> None:
    """What must hold, holds; and when all is answered the saga has ended or is parked, and no scope is left half."""
    driver = lived(program, acts, check)
    check_updates(driver, quiet=True)
    assert driver.status.ended or driver.status is Status.PARKED
    if driver.status is Status.COMPLETED:
        assert not driver.machine.state.scopes.undoing
