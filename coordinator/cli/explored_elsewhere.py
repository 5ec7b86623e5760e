"""The same exploration in another process, where sets of texts have another order and the clock shows another time.

Python draws that order anew for each process. A saga that goes through a set asks for its steps in one order before a
crash and in another behind it, which no number of runs in one process shows. Nor do they show that a saga reads the
hour or the day: there the local time is that of another time zone.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from tempfile import TemporaryFile
from typing import Any

import msgspec

from coordinator.cli.exits import Exit
from coordinator.cli.talk import fail
from coordinator.explore.exploration import Exploration
from coordinator.explore.findings import Finding, Kinds

_MESSAGE = (
    "Another process that was told the same decides differently. Something goes through a set, or through what was "
    "made from one: sort it. Or it depends on the process in another way, such as its local time. After a crash it "
    "would not fit its history."
)
_ELSEWHERE = "elsewhere-23"
"""23 hours ahead of UTC: the clock shows another hour there than in any zone that people live in."""


class Elsewhere:
    """Explorations by other processes, begun when this is made."""

    def __init__(self, arguments: Sequence[str], value: Any, processes: int) -> None:
        command = [sys.executable, "-m", "coordinator.cli", "definition", "explore", *arguments]
        command += ["--input", "-", "--processes", "1", "--output", "json"]
        self._children = [_begin(command, json.dumps(value), seed) for seed in range(1, processes + 1)]

    def compared(self, found: Exploration) -> Exploration:
        """With a finding if any of them decided otherwise. Ends the command when one of them could not explore."""
        digests = [self._digest(child) for child in self._children]
        if all(digest == found.digest for digest in digests):
            return found
        if any(finding.kind is Kinds.NOT_DETERMINISTIC for finding in found.findings):
            return found  # it differs in one process already
        finding = Finding(Kinds.NOT_DETERMINISTIC, _MESSAGE, found.source, ())
        return msgspec.structs.replace(found, findings=(*found.findings, finding))

    def stop(self) -> None:
        """Ends those that still explore."""
        for child in self._children:
            child.kill()
            child.communicate()

    def _digest(self, child: "subprocess.Popen[bytes]") -> str:
        shown, said = child.communicate()
        if child.returncode not in (Exit.OK, Exit.ERROR) or not shown:
            reason = said.decode(errors="replace").strip()
            fail(f"A second process could not explore the saga; with --processes 1 it need not. It said: {reason}")
        return json.loads(shown)["digest"]


def _begin(command: Sequence[str], given: str, seed: int) -> "subprocess.Popen[bytes]":
    with TemporaryFile() as file:
        file.write(given.encode())
        file.seek(0)
        return subprocess.Popen(
            command, stdin=file, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=_environment(seed)
        )


def _environment(seed: int) -> Mapping[str, str]:
    own = os.environ.get("PYTHONHASHSEED")
    seed_there = f"{seed + 1_000 if own == f'{seed}' else seed}"
    return {**os.environ, "PYTHONHASHSEED": seed_there, "TZ": _ELSEWHERE}
