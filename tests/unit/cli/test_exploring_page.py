"""docs/exploring-a-saga.md shows what is so: its commands are called, its code is the files', its picture is drawn."""

import importlib.util
import json
import re
import shlex
from itertools import pairwise
from pathlib import Path

import pytest
from typer.testing import CliRunner

from coordinator.cli.main import app
from tests.pages import code_blocks

ROOT = Path(__file__).resolve().parents[3]
EXAMPLES = ROOT / "docs" / "examples"
PAGE = (ROOT / "docs" / "exploring-a-saga.md").read_text(encoding="utf-8")
CONSOLES = re.findall(r"```console\n\$ amends (.*?)\n(.*?)```", PAGE, re.DOTALL)
CODE = code_blocks(PAGE)
TRIP = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)[0]


def called(command: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """What the command says on both streams, without the blanks at ends of lines and the time it took."""
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(str(EXAMPLES))
    result = CliRunner().invoke(app, [*shlex.split(command), "--processes", "1"])
    lines = [line.rstrip() for line in (result.stdout + result.stderr).splitlines()]
    return re.sub(r"in \d+\.\d\d s", "in … s", "\n".join(lines))


@pytest.mark.parametrize(("command", "shown"), CONSOLES, ids=[command for command, _ in CONSOLES])
def test_what_a_command_says(command: str, shown: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lines shown are those it says, in order; a line of three dots stands for some others."""
    (tmp_path / "trip.json").write_text(TRIP, encoding="utf-8")
    said = called(command, tmp_path, monkeypatch)
    parts = re.sub(r"in \d+\.\d\d s", "in … s", shown).split("\n…\n") if "…\n" in shown else [shown]
    parts = [part.strip("\n").removeprefix("…\n") for part in parts]
    places = [said.find(part) for part in parts]
    assert -1 not in places, [part for part, place in zip(parts, places, strict=True) if place == -1]
    assert all(one < other for one, other in pairwise(places))


@pytest.mark.parametrize(("path", "code"), CODE, ids=[path for path, _ in CODE])
def test_code_stands_in_its_file(path: str, code: str) -> None:
    """The block is in the file, letter by letter."""
    assert code in (ROOT / path).read_text(encoding="utf-8")


def test_the_picture_is_what_is_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page's drawing is the command's."""
    drawing = re.findall(r"```mermaid\n(.*?)```", PAGE, re.DOTALL)[0]
    given = shlex.quote(json.dumps(json.loads(TRIP)))
    said = called(f"definition explore book_trip --input {given} --graph mermaid", tmp_path, monkeypatch)
    assert said.startswith(drawing.rstrip())


def test_the_test_that_is_shown() -> None:
    """It runs, and holds."""
    spec = importlib.util.spec_from_file_location("explore_in_a_test", EXAMPLES / "explore_in_a_test.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.test_nothing_is_left_behind()


def test_there_are_examples() -> None:
    """The page was read as it is written."""
    assert (len(CONSOLES), len(CODE)) == (5, 4)
