"""The real runtime and the real SDK in simulated worlds: safe all the time, and quiet once the faults are over."""

import os
import subprocess
import sys
import time
from dataclasses import replace
from typing import get_args

import pytest

from coordinator.history.endings import SagaEnded
from coordinator.history.events import Event
from tests.simulation.company import COMPANY
from tests.simulation.plan import KINDS, Plan
from tests.simulation.report import again, story, totals
from tests.simulation.seeds import Seen, run_many
from tests.simulation.shrink import shrunk
from tests.simulation.world import World, simulate

SEEDS = 300
SAGAS = 10
SEEN_TO = ("held_freed", "seen_to_by_Resume", "seen_to_by_RetryStep", "seen_to_by_GiveResult", "seen_to_by_Cancel")
"""What people do about steps that are held."""
ANSWERED_LATER = ("later_succeeded", "later_refused", "later_failed")


@pytest.mark.timeout(1200)
def test_every_seed_ends_well() -> None:
    """Whatever the faults, every saga ends or says why; and every kind of fault did come."""
    began = time.monotonic()
    total = Seen()
    for seen in run_many(1, SEEDS, SAGAS, processes=os.cpu_count() or 1):
        total.merge(seen)
    print(totals(total, time.monotonic() - began))
    if total.failed:
        seed = min(total.failed)
        pytest.fail(f"{again(seed, SAGAS)}\n{story(shrunk(simulate(seed, SAGAS), 60.0))}")
    assert total.sagas == SEEDS * SAGAS
    assert [kind for kind in KINDS if not total.came[kind]] == []
    assert set(total.ends) == {end.__name__ for end in get_args(SagaEnded)}
    assert {event.__name__ for event in get_args(Event)} - total.reached.keys() == set()
    assert set(SEEN_TO + ANSWERED_LATER + COMPANY) - total.reached.keys() == set()


def test_a_world_without_faults_is_quiet_at_once() -> None:
    """No fault comes that was not asked for, and no more time passes than the sagas take."""
    world = World(replace(Plan.draw(7, 30), rates={}, skew_s=0.0, trouble_s=5.0))
    outcome = world.run()
    assert outcome.faults == []
    assert sum(count for kind, count in outcome.came.items() if kind != "conflict") == 0
    left_parked = sum(change.status == "parked" for change in world.witness.changes.values())
    assert sum(outcome.ends.values()) + left_parked == 30 + outcome.called


def test_the_same_seed_is_the_same_world() -> None:
    """In two processes whose hashes of strings differ, everything happens at the same times in the same order."""
    code = "from tests.simulation.world import simulate\nfor seed in (3, 17, 40): print(simulate(seed, 10).digest)"
    said = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": hashes},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hashes in ("1", "2")
    ]
    assert said[0] == said[1]
    assert len(set(said[0].split())) == 3
