"""``amends definition explore module:saga``, where the module is none of ours: it prints, or cannot be imported."""

import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from coordinator.cli.main import app

_TALKS = """
from coordinator.saga import saga
from tests.sagas import Shop

print("imported")

@saga(version=1)
async def talks(shop: Shop) -> None:
    print("runs")
    await shop.look("a")
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, whose modules can be named."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))
    return tmp_path


def run(*arguments: str) -> Result:
    """As a user calls it: two processes."""
    return CliRunner().invoke(app, ["definition", "explore", *arguments])


def test_what_a_saga_prints_is_no_data(folder: Path) -> None:
    """It goes to standard error, in the second process too: standard output is the exploration and nothing else."""
    (folder / "talking_saga.py").write_text(_TALKS)
    result = run("talking_saga:talks", "-o", "json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["definition"] == "talks"
    assert "imported\n" in result.stderr
    assert "runs\n" in result.stderr


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("def f(:", "SyntaxError: "),
        ("1 / 0", "ZeroDivisionError: division by zero (broken_saga.py:1)"),
        (
            "from coordinator.saga import saga\n@saga(version=1)\ndef f(): ...",
            "TypeError: The saga f must be an `async def` function. (broken_saga.py:2)",
        ),
        ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module' (broken_saga.py:1)"),
    ],
)
def test_a_module_that_cannot_be_imported(folder: Path, code: str, words: str) -> None:
    """What it raises is said in a sentence, with the line of the module."""
    (folder / "broken_saga.py").write_text(code)
    sys.modules.pop("broken_saga", None)
    result = run("broken_saga:f")
    assert result.exit_code == 1
    assert f"The module broken_saga cannot be imported: {words}" in result.stderr


@pytest.mark.parametrize("name", [":f", "../trips:f", ".trips:f"])
def test_what_is_no_name_of_a_module(name: str) -> None:
    """It is a usage error that says how a module is named."""
    result = run(name)
    assert (result.exit_code, "module:attribute" in result.stderr) == (2, True)
