"""``make bench-compare BASE=<commit>``: this checkout against another commit, in turns.

Both sides run at the same time, each with its own servers, code and packages, and are loaded one after the other:
A B A B … What slows the machine for a while slows neighbours alike, so the ratios of neighbours can be trusted where
the figures themselves cannot. The load is this checkout's on both sides.
"""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import msgspec
from rich.console import Console
from rich.table import Table

from benchmarks.outset import progress_console
from benchmarks.turns import Came
from coordinator.embedded.home import HOME_VARIABLE, amends_home

ROUNDS = 8
IN_FLIGHT = 1_000
SECONDS = 4.0
SINGLE_SECONDS = 1.5
_CHECKOUT = Path(__file__).resolve().parents[1]
_came = msgspec.json.Decoder(Came)


class CompareFailed(Exception):
    """One of the sides could not be made or loaded; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Compared:
    """Ratios of neighbouring turns, ours to theirs."""

    what: str
    ours: float
    """Median."""
    theirs: float
    ratios: list[float]


async def compare(console: Console, base: str) -> list[Compared]:
    """Ours against the commit. Raises CompareFailed."""
    with TemporaryDirectory(prefix="amends-base-") as folder:
        checkout = Path(folder) / "checkout"
        commit = _git("rev-parse", "--verify", f"{base}^{{commit}}")
        _git("worktree", "add", "--detach", "--quiet", str(checkout), commit)
        try:
            console.print(f"… installing {base} ({commit[:9]})")
            python = await asyncio.to_thread(_install, checkout, Path(folder) / "venv")
            sides = _side(sys.executable, _CHECKOUT, "compare-ours"), _side(python, checkout, "compare-base")
            async with sides[0] as ours, sides[1] as theirs:
                return await _in_turns(console, ours, theirs)
        finally:
            _git("worktree", "remove", "--force", str(checkout))


async def _in_turns(console: Console, ours: "_Side", theirs: "_Side") -> list[Compared]:
    busy: list[tuple[Came, Came]] = []
    single: list[tuple[Came, Came]] = []
    for number in range(ROUNDS):
        busy.append((await ours.turn(IN_FLIGHT, SECONDS), await theirs.turn(IN_FLIGHT, SECONDS)))
        single.append((await ours.turn(1, SINGLE_SECONDS), await theirs.turn(1, SINGLE_SECONDS)))
        a, b = busy[-1]
        console.print(f"  {number + 1}/{ROUNDS}: {a.rate:.0f}/s and {b.rate:.0f}/s")
    return [
        compared(f"sagas a second, {IN_FLIGHT} in flight", busy, lambda came: came.rate),
        compared("coordinator, µs of CPU a saga", busy, lambda came: came.cpu_us["coordinator"]),
        compared("participants, µs of CPU a saga", busy, lambda came: came.cpu_us["participants"]),
        compared("Postgres, µs of CPU a saga", busy, lambda came: came.cpu_us["postgres"]),
        compared("one at a time, p50 in ms", single, lambda came: came.p50_ms),
    ]


def compared(what: str, pairs: list[tuple[Came, Came]], of: Callable[[Came], float]) -> Compared:
    """One figure of all pairs."""
    values = [(of(ours), of(theirs)) for ours, theirs in pairs]
    ours, theirs = (median(column) for column in zip(*values, strict=True))
    return Compared(what, ours, theirs, [a / b for a, b in values])


class _Side:
    """A process of ``benchmarks.turns``."""

    def __init__(self, process: asyncio.subprocess.Process, name: str) -> None:
        self._process = process
        self._name = name

    async def turn(self, in_flight: int, seconds: float) -> Came:
        assert self._process.stdin is not None, "its input is a pipe"
        self._process.stdin.write(f"{in_flight} {seconds}\n".encode())
        return _came.decode(await self.line())

    async def line(self) -> bytes:
        assert self._process.stdout is not None, "its output is a pipe"
        line = await self._process.stdout.readline()
        if not line:
            raise CompareFailed(
                f"{self._name} ended with {await self._process.wait()}; what it said is above. If that commit is older "
                "than something the load of this checkout uses, compare with a younger one."
            )
        return line

    async def end(self) -> None:
        """Its input ends; it stops its stack and asks the oracle."""
        assert self._process.stdin is not None, "its input is a pipe"
        self._process.stdin.close()
        if await self._process.wait():
            raise CompareFailed(f"{self._name} did something wrong, see above: the comparison counts for nothing.")


@asynccontextmanager
async def _side(python: str, checkout: Path, root: str) -> AsyncGenerator[_Side]:
    process = await asyncio.create_subprocess_exec(
        *(python, "-m", "benchmarks.turns", root),
        cwd=checkout,
        # Both find Kafka's jars in one place.
        env={**os.environ, HOME_VARIABLE: str(amends_home())},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    side = _Side(process, root)
    try:
        await side.line()
        yield side
        await side.end()
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


def _install(checkout: Path, venv: Path) -> str:
    """Its packages in an environment of its own, and this checkout's load in place of its own."""
    shutil.rmtree(checkout / "benchmarks", ignore_errors=True)
    shutil.copytree(_CHECKOUT / "benchmarks", checkout / "benchmarks", ignore=shutil.ignore_patterns("__pycache__"))
    python = str(venv / "bin" / "python")
    packages = ["--editable", f"{checkout}[coordinator,embedded]"]
    _run(sys.executable, "-m", "venv", str(venv))
    _run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages)
    return python


def _git(*words: str) -> str:
    return _run("git", "-C", str(_CHECKOUT), *words)


def _run(*words: str) -> str:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CompareFailed(f"{' '.join(words)} ended with {done.returncode}: {done.stderr.strip()[-500:]}")
    return done.stdout.strip()


def table(base: str, found: list[Compared]) -> Table:
    """The ratio to trust is the median of neighbours'; the range says how far."""
    shown = Table("in turns", "ours", base, "ours / base", "range")
    for each in found:
        spread = f"{min(each.ratios):.2f} – {max(each.ratios):.2f}"
        shown.add_row(each.what, f"{each.ours:.1f}", f"{each.theirs:.1f}", f"{median(each.ratios):.2f}", spread)
    return shown


def main() -> int:
    """The exit status."""
    console = progress_console()
    if len(sys.argv) != 2:
        console.print("Name the commit to compare with: make bench-compare BASE=main~1", highlight=False)
        return 2
    try:
        found = asyncio.run(compare(console, sys.argv[1]))
    except CompareFailed as error:
        console.print(f"✗ {error}", highlight=False, markup=False)
        return 1
    Console().print(table(sys.argv[1], found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
