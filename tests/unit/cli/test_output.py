"""Data on standard output."""

import json

import pytest

from coordinator.cli.output import show_one, show_rows

ROWS = [{"id": "a", "n": 1, "more": {"x": "é"}}, {"id": "b" * 300, "n": None, "more": None}]


def test_table(capsys: pytest.CaptureFixture[str]) -> None:
    """A table that nobody looks at is not cut and has no colours."""
    show_rows(ROWS, ["id", "n", "more"], "table")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["ID", "N", "MORE"]
    assert lines[1].split() == ["a", "1", '{"x":', '"é"}']
    assert "b" * 300 in lines[2]


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    """JSON is one array, with everything."""
    show_rows(ROWS, ["id"], "json")
    assert json.loads(capsys.readouterr().out) == ROWS


def test_jsonl(capsys: pytest.CaptureFixture[str]) -> None:
    """JSON lines are one object on each line."""
    show_rows(ROWS, ["id"], "jsonl")
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == ROWS


def test_one(capsys: pytest.CaptureFixture[str]) -> None:
    """One thing is a list of its fields, without those that are empty."""
    show_one(
        {"id": "a", "outcome": {"result": 1}, "ended_at": None, "other": 1}, ["id", "outcome", "ended_at"], "table"
    )
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["id", "a"],
        ["outcome", '{"result":', "1}"],
    ]
