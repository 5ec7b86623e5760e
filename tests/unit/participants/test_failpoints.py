"""Failpoints are off, unless the environment names them."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from contracts.failpoints import FAILPOINTS, LONG_FAILPOINTS, parse_failpoints

ROOT = Path(__file__).parents[3]


def reach(environment: dict[str, str], times: int = 1) -> subprocess.CompletedProcess[str]:
    """A process that gets to ``reply_queued`` so many times and then prints that it lives."""
    code = "from contracts.failpoints import failpoint\n" + "failpoint('reply_queued')\n" * times + "print('alive')"
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_off_by_default() -> None:
    """Nothing happens."""
    assert reach({}).stdout == "alive\n"


@pytest.mark.parametrize(("times", "killed"), [(2, False), (3, True)])
def test_kills_the_nth_time(times: int, killed: bool) -> None:
    """Not before."""
    ended = reach({"AMENDS_FAILPOINTS": "commit_sent:kill, reply_queued:kill@3"}, times)
    assert (ended.returncode == -signal.SIGKILL) is killed


def test_fires_once_for_all_processes_that_share_the_file(tmp_path: Path) -> None:
    """The one that is started again lives."""
    environment = {"AMENDS_FAILPOINTS": "reply_queued:kill", "AMENDS_FAILPOINT_FILE": str(tmp_path / "fired")}
    assert [reach(environment).returncode for _ in range(2)] == [-signal.SIGKILL, 0]


@pytest.mark.parametrize("text", ["no_such_place:kill", "reply_queued", "reply_queued:explode", "reply_queued:kill@0"])
def test_a_misspelt_failpoint_is_an_error(text: str) -> None:
    """A test that kills nobody proves nothing."""
    with pytest.raises(ValueError, match="AMENDS_FAILPOINTS"):
        parse_failpoints(text)


def test_every_failpoint_in_the_participants_code_is_declared() -> None:
    """And the other way round."""
    code = "".join(file.read_text() for file in (ROOT / "participants" / "sdk").glob("*.py"))
    used = set(re.findall(r'failpoint\("(\w+)"\)', code))
    assert used == {name for name in FAILPOINTS if name in used}
    assert len(used) == 5 + len(LONG_FAILPOINTS)
