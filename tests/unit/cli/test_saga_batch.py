"""``amends saga start-many``."""

import json
from pathlib import Path

import pytest

from coordinator.cli import saga_batch
from coordinator.runtime.intake import Overloaded
from tests.unit.api.sagas import SagasInMemory
from tests.unit.cli.conftest import Amends

LINES = """\
{"definition": "make_tea", "input": {"kind": "a"}}

{"definition": "make_tea", "input": {"kind": "b"}, "key": "mine"}
"""


def test_starts(amends: Amends, tmp_path: Path) -> None:
    """Every line is a start; the same file again starts nothing."""
    (tmp_path / "teas.jsonl").write_text(LINES)
    first, again = (amends("saga", "start-many", str(tmp_path / "teas.jsonl"), "-o", "jsonl") for _ in range(2))
    rows = [json.loads(line) for line in first.stdout.splitlines()]
    assert [(row["line"], row["outcome"], row["saga"]["id"]) for row in rows] == [
        (1, "started", "make_tea:a"),
        (3, "started", "make_tea:mine"),
    ]
    assert (first.exit_code, first.stderr) == (0, "2 started, 0 existing, 0 refused.\n")
    assert again.stderr == "0 started, 2 existing, 0 refused.\n"


def test_inputs_of_one_definition(amends: Amends, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a definition, every line is an input; many are sent in several requests."""
    monkeypatch.setattr(saga_batch, "_STARTS", 2)
    lines = "".join(f'{{"kind": "{number}"}}\n' for number in range(5))
    result = amends("saga", "start-many", "-", "-d", "make_tea", "-o", "json", input=lines)
    assert [row["saga"]["id"] for row in json.loads(result.stdout)] == [f"make_tea:{number}" for number in range(5)]


def test_one_is_refused(amends: Amends) -> None:
    """The others are started; the table says why, the exit status that not all is well."""
    result = amends("saga", "start-many", "-", "-d", "make_tea", input='{"kind": "a"}\n{"kind": 1}\n')
    assert result.exit_code == 2
    assert "Expected `str`, got `int`" in result.stdout
    assert result.stderr == "1 started, 0 existing, 1 refused.\n"


def test_refused_for_now(amends: Amends, sagas: SagasInMemory, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the coordinator has no room for is sent again, and after that it is said."""
    sagas.refuses_with = Overloaded("Too much is waiting.", 0)
    monkeypatch.setattr(saga_batch, "_TRIES", 3)
    result = amends("saga", "start-many", "-", "-d", "make_tea", input='{"kind": "a"}\n')
    assert (result.exit_code, result.stderr) == (1, "0 started, 0 existing, 1 refused.\n")


@pytest.mark.parametrize(("lines", "words"), [("{}\n{\n", "Line 2 is not JSON"), (None, "cannot be read")])
def test_unreadable(amends: Amends, sagas: SagasInMemory, lines: str | None, words: str) -> None:
    """Nothing is started from what cannot be read."""
    result = amends("saga", "start-many", "no-such-file" if lines is None else "-", input=lines)
    assert result.exit_code == 2
    assert words in result.stderr
    assert sagas.submitted == []
