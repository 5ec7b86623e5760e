"""``amends definition explore``."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner, Result

from coordinator.cli.main import app

TRIP = {"trip_id": "1", "traveller": "Ada", "destination": "Lisbon", "card": "4242"}
PLANTED = "tests.unit.explore.planted"


def run(*arguments: str, processes: int = 1) -> Result:
    """One process is enough where nothing is compared."""
    return CliRunner().invoke(app, ["definition", "explore", *arguments, "--processes", str(processes)])


def test_another_process_decides_alike() -> None:
    """A sound saga is explored by a second process as well, and nothing is found."""
    result = run("book_trip", "-i", json.dumps(TRIP), processes=2)
    assert (result.exit_code, "78 outcomes; nothing found wrong" in result.stderr) == (0, True), result.output


@pytest.mark.parametrize("name", ["scattered", "looks_at_the_wall"])
def test_another_process_decides_differently(name: str) -> None:
    """A set has another order in another process, and the clock on the wall stands elsewhere in another time zone."""
    result = run(f"{PLANTED}:{name}", processes=2)
    assert result.exit_code == 1
    assert "not_deterministic  unit/explore/planted.py:" in result.stdout
    assert "Another process that was told the same decides differently." in result.stdout


def test_the_demo_as_a_table(tmp_path: Path) -> None:
    """A row for everything that may happen, with what is undone, what stands, how it ends and how many outcomes."""
    file = tmp_path / "trip.json"
    file.write_text(json.dumps(TRIP))
    result = run("book_trip", "--input", str(file))
    assert result.exit_code == 0, result.output
    rows = [line.split("  ") for line in result.stdout.splitlines()]
    cells = [[cell.strip() for cell in row if cell.strip()] for row in rows]
    assert cells[0] == ["WHAT HAPPENS", "ENDS", "UNDONE", "STANDS", "OUTCOMES", "GIVEN UP"]
    everything = "flights.reserve, hotels.reserve, payments.charge, flights.issue_ticket"
    assert cells[1] == ["all goes well", "completed", everything, "1", "0"]
    undone = "payments.charge, hotels.reserve, flights.reserve"
    assert ["payments.charge (step 3) times out, and succeeds late", "compensated", undone, "8", "7"] in cells
    assert "book_trip version 1: 78 outcomes; nothing found wrong. 140 moves" in result.stderr
    assert "These are all there are, with these results." in result.stderr


def test_a_finding() -> None:
    """What is wrong is shown with its line, what to change and the way there, and the exit status tells."""
    result = run(f"{PLANTED}:pays_first")
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    place = next(place for place, line in enumerate(lines) if line.startswith("refusable_after_pivot"))
    assert "unit/explore/planted.py:" in lines[place]
    assert "call it before the pivot, or declare it kind=RETRIABLE." in lines[place + 1]
    assert lines[place + 2] == "  The way there: shop.pay (step 1) succeeds."
    assert "1 thing found wrong" in result.stderr


def test_a_saga_that_says_no_by_itself() -> None:
    """When every step succeeds and it ends otherwise than well, nobody says that all goes well."""
    result = run(f"{PLANTED}:buggy")
    assert "all goes well" not in result.stdout
    (row,) = (line for line in result.stdout.splitlines() if line.startswith("every step succeeds"))
    assert "parked (code)" in row


def test_json() -> None:
    """Everything as one object."""
    result = run("book_trip", "-i", json.dumps(TRIP), "-o", "json")
    found = json.loads(result.stdout)
    assert (found["ways"], found["complete"], found["findings"]) == (78, True, [])
    assert sum(outcome["ways"] for outcome in found["outcomes"]) == 78
    assert {"source", "target", "back", "labels"} == set(found["graph"]["edges"][0])


def test_jsonl() -> None:
    """A line for each outcome, then one for each finding."""
    result = run(f"{PLANTED}:buggy", "-o", "jsonl")
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert {line["type"] for line in lines[:-1]} == {"outcome"}
    assert (lines[-1]["type"], lines[-1]["kind"]) == ("finding", "code_stops")


@pytest.mark.parametrize("form", ["mermaid", "svg"])
def test_graph(form: str) -> None:
    """The graph is all that stands on standard output."""
    result = run("book_trip", "-i", json.dumps(TRIP), "--graph", form)
    if form == "svg":
        assert ElementTree.fromstring(result.stdout).tag.endswith("svg")
    else:
        assert result.stdout.startswith("flowchart LR\n")


def test_given_results(tmp_path: Path) -> None:
    """Results and refusals can be given; what does not fit is a usage error that says what."""
    file = tmp_path / "results.json"
    file.write_text('{"payments.charge": {"refusals": ["card_declined", "card_expired"]}}')
    assert "82 outcomes" in run("book_trip", "-i", json.dumps(TRIP), "--results", str(file)).stderr
    result = run("book_trip", "-i", json.dumps(TRIP), "--results", '{"payments.charge": [{"charge": 1}]}')
    assert result.exit_code == 2
    assert "A result of payments.charge does not fit its contract" in result.stderr


def test_given_signals() -> None:
    """Their values and how many come at most; another process is told the same."""
    name = "tests.unit.explore.test_signals:listens"
    result = run(name, "--signals", '{"note": ["go", "stop"]}', "--most-signals", "2", processes=2)
    assert (result.exit_code, "5 outcomes; nothing found wrong" in result.stderr) == (0, True), result.output
    assert "the saga is sent note " in result.stdout
    result = run(name, "--signals", '{"notes": ["go"]}')
    assert result.exit_code == 2
    assert "The signals name notes, which the saga does not take: did you mean note?" in result.stderr


def test_given_updates() -> None:
    """Likewise."""
    name = "tests.unit.explore.test_updates:order"
    result = run(name, "--updates", '{"move": [{"city": "Oslo"}]}', "--most-updates", "1", processes=2)
    assert (result.exit_code, "nothing found wrong" in result.stderr) == (0, True), result.output
    assert "the saga is asked move at the signal go" in result.stdout
    assert "On no way were there more than 1 of one update, and the saga takes more: move." in result.stderr
    result = run(name, "--updates", '{"mov": [{}]}')
    assert result.exit_code == 2
    assert "The updates name mov, which the saga does not take: did you mean move?" in result.stderr


def test_a_bound() -> None:
    """Beyond the bound it says what was not looked at."""
    result = run("book_trip", "-i", json.dumps(TRIP), "--places", "5", "--samples", "3", "--seed", "1")
    assert "There are more than 5 places" in result.stderr
    assert "3 ways from there were drawn by chance" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("book_trips",), 3, "There is no definition 'book_trips'"),
        (("book_trip", "--version", "9"), 3, "There is no definition 'book_trip' version 9"),
        (("no.such:saga",), 3, "There is no saga no.such:saga"),
        ((f"{PLANTED}:no_such",), 3, "has no attribute 'no_such'"),
        ((f"{PLANTED}:buggy", "--version", "9"), 3, "is version 1, not 9"),
        (("coordinator.config:Settings",), 2, "declare it with @saga"),
        (("book_trip", "-i", "{}"), 2, "The input does not fit"),
        (
            ("book_trip",),
            2,
            "<saga book_trip v1> takes an input (Trip): give it with --input, as JSON or a file with it.",
        ),
        (("book_trip", "-i", "{}", "--results", "[]"), 2, "The results are no object"),
        (("book_trip", "-i", "{}", "--results", "{"), 2, "The results are not JSON"),
        (("book_trip", "-i", "{}", "--signals", "[]"), 2, "The signals are no object"),
        (("book_trip", "-i", "{}", "--updates", "[]"), 2, "The updates are no object"),
        (("book_trip", "-i", "{}", "--results", "none.json"), 2, "The results 'none.json' are neither JSON nor a file"),
    ],
)
def test_what_cannot_be_explored(arguments: tuple[str, ...], status: int, words: str) -> None:
    """A sentence and an exit status."""
    result = run(*arguments)
    assert result.exit_code == status
    assert words in result.stderr
