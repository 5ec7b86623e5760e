"""A short run of the real thing; the long one is ``make chaos MINUTES=…``."""

import asyncio
import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from coordinator.embedded.stack import stop_leftovers
from tests.chaos.town import chaos_root

ROOT = Path(__file__).parents[2]
KINDS = (
    "freeze a coordinator",
    "all processes die",
    "die again in recovery",
    "migration dies",
    "everything comes twice",
    "sessions are ended",
    "postgres stops, immediate",
    "postgres stops in recovery",
    "kafka dies",
    "kafka's data are deleted",
    "lose commits: postgres",
    "lose answers: kafka",
    "hold: postgres",
    "drop: kafka",
)
MINUTES = 5
OVERTIME_MINUTES = 6
"""Until each kind has struck, on a machine that has other things to do."""
LIMIT_MINUTES = 6
"""Far more than one fault takes."""


@pytest.fixture
def name() -> Iterator[str]:
    """Of a run that is this test's own; when all is well, nothing remains of it."""
    name = f"chaos-{os.getpid()}"
    yield name
    asyncio.run(stop_leftovers(chaos_root(name)))
    if not (chaos_root(name) / "evidence").exists():
        shutil.rmtree(chaos_root(name), ignore_errors=True)


async def chaos(name: str, *arguments: str) -> tuple[int, dict[str, Any], str]:
    """Exit status, summary and all that was said."""
    command = (sys.executable, "-m", "tests.chaos", "--name", name)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AMENDS_FAILPOINT")}
    running = await asyncio.create_subprocess_exec(
        *command,
        *arguments,
        cwd=ROOT,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert running.stdout is not None
    said = (await running.stdout.read()).decode(errors="replace")
    status = await running.wait()
    # A client that was broken off may complain behind it, when the process ends.
    summary = next((line for line in reversed(said.splitlines()) if line.startswith("{")), None)
    assert summary is not None, said[-5000:]
    return status, json.loads(summary), said


@pytest.mark.timeout(1200)
async def test_nothing_is_lost_doubled_or_orphaned(name: str) -> None:
    """Five minutes: each of these faults strikes, processes are killed all the while, the oracle has nothing to say."""
    kinds = (word for kind in KINDS for word in ("--only", kind))
    overtime = ("--overtime", str(OVERTIME_MINUTES))
    status, told, said = await chaos(name, "--seed", "11", "--minutes", str(MINUTES), *overtime, *kinds)
    assert status == 0, said[-8000:]
    assert told["fired"].keys() >= set(KINDS)
    assert sum(told["kills"].values()) >= 8
    assert told["sagas"]["started"] >= 300
    assert (told["lost"], told["doubled"], told["orphans"], told["deaths"]) == (0, 0, 0, 0)


@pytest.mark.timeout(540)
async def test_a_planted_bug_is_found(name: str) -> None:
    """A barrier that forgets undos, and every message twice: the run fails, says what is doubled, and keeps it."""
    one = ("--only", "everything comes twice", "--no-kills", "--once", "--minutes", str(LIMIT_MINUTES))
    status, told, said = await chaos(name, "--seed", "12", *one, "--plant", "undone_again")
    assert status == 1, said[-8000:]
    assert told["doubled"] > 0
    evidence = chaos_root(name) / "evidence"
    assert "(undo) 2 times" in "".join(file.read_text() for file in evidence.glob("*/objections.txt"))
    shutil.rmtree(evidence)
