"""``amends saga …`` and ``amends definition …``."""

import asyncio
import json
from pathlib import Path

import msgspec
import pytest

from contracts.answers import Failure, Refusal, Success
from contracts.failures import Problem
from coordinator.engine.facts import Start
from coordinator.history.started import Parent
from tests.unit.api.sagas import SagasInMemory
from tests.unit.cli.conftest import Amends

TEA = '{"kind": "mate"}'
SAGA = "make_tea:mate"


def answer(sagas: SagasInMemory, result: str = '"hot"') -> None:
    """The kitchen answers the only step."""
    asyncio.run(sagas.answer(SAGA, 1, Success(msgspec.Raw(result.encode()))))


def test_start(amends: Amends) -> None:
    """A started saga is shown, and nothing is said besides."""
    result = amends("saga", "start", "make_tea", "--input", TEA, "-o", "json")
    assert (result.exit_code, result.stderr) == (0, "")
    assert json.loads(result.stdout)["id"] == SAGA


@pytest.mark.parametrize("text", [TEA, '"x"', "[1]", "1", "null"])
def test_input_as_json(amends: Amends, text: str) -> None:
    """What looks like JSON is the input itself: whether it fits, the coordinator says."""
    result = amends("saga", "start", "make_tea", "-i", text)
    assert result.exit_code == (0 if text == TEA else 2)
    assert "No such file" not in result.stderr


def test_input_from_a_file(amends: Amends, tmp_path: Path) -> None:
    """The input can stand in a file."""
    (tmp_path / "tea.json").write_text(TEA)
    assert amends("saga", "start", "make_tea", "-i", str(tmp_path / "tea.json")).exit_code == 0


def test_input_from_stdin(amends: Amends) -> None:
    """The input can come from standard input."""
    assert amends("saga", "start", "make_tea", "-i", "-", input=TEA).exit_code == 0


@pytest.mark.parametrize(("given", "words"), [("{", "is not JSON"), ("no-such-file", "neither JSON nor a file")])
def test_no_input(amends: Amends, given: str, words: str) -> None:
    """What is neither JSON nor a file is a usage error, said in a sentence."""
    result = amends("saga", "start", "make_tea", "-i", given)
    assert result.exit_code == 2
    assert words in result.stderr


def test_input_that_does_not_fit(amends: Amends) -> None:
    """The coordinator's sentence is shown, with where it does not fit."""
    result = amends("saga", "start", "make_tea", "-i", '{"kind": 1}')
    assert (result.exit_code, result.stdout) == (2, "")
    assert "/input/kind: Expected `str`, got `int`." in result.stderr


def test_start_another(amends: Amends) -> None:
    """The same key with another input is a conflict."""
    amends("saga", "start", "make_tea", "-i", TEA, "-k", "a")
    result = amends("saga", "start", "make_tea", "-i", '{"kind": "b"}', "-k", "a")
    assert result.exit_code == 4
    assert "another input" in result.stderr


def test_unknown_definition(amends: Amends) -> None:
    """What is not there is exit status 3."""
    result = amends("saga", "start", "make_te")
    assert result.exit_code == 3
    assert "did you mean make_tea?" in result.stderr


@pytest.mark.parametrize(("status", "code"), [("completed", 0), ("failed", 5), ("parked", 6), ("running", 7)])
def test_wait(amends: Amends, sagas: SagasInMemory, status: str, code: int) -> None:
    """Who waits learns from the exit status how it ended."""
    amends("saga", "start", "make_tea", "-i", TEA)
    answers = {
        "completed": Success(msgspec.Raw(b'"hot"')),
        "failed": Refusal(Problem(type="no_water")),
        "parked": Success(msgspec.Raw(b"1")),
    }
    if status in answers:
        asyncio.run(sagas.answer(SAGA, 1, answers[status]))
    result = amends("saga", "start", "make_tea", "-i", TEA, "--wait", "0.1", "-o", "json")
    assert json.loads(result.stdout)["status"] == status
    assert result.exit_code == code


def test_list(amends: Amends) -> None:
    """The list has a line for each saga, newest first."""
    for kind in ("a", "b", "c"):
        amends("saga", "start", "make_tea", "-i", json.dumps({"kind": kind}))
    result = amends("saga", "list")
    assert [line.split()[0] for line in result.stdout.splitlines()] == ["ID", "make_tea:c", "make_tea:b", "make_tea:a"]


def test_list_is_cut(amends: Amends) -> None:
    """A list that is longer than was asked for says so, on standard error."""
    for kind in ("a", "b"):
        amends("saga", "start", "make_tea", "-i", json.dumps({"kind": kind}))
    result = amends("saga", "list", "-n", "1", "-o", "jsonl")
    assert [json.loads(line)["id"] for line in result.stdout.splitlines()] == ["make_tea:b"]
    assert "There are more" in result.stderr


def test_list_refused(amends: Amends) -> None:
    """A filter that cannot be is a usage error."""
    result = amends("saga", "list", "--status", "done")
    assert result.exit_code == 2
    assert "status" in result.stderr


def test_show(amends: Amends) -> None:
    """A saga is shown with its fields."""
    amends("saga", "start", "make_tea", "-i", TEA)
    result = amends("saga", "show", SAGA)
    assert ["status", "running"] in [line.split() for line in result.stdout.splitlines()]


def test_show_unknown(amends: Amends) -> None:
    """An unknown saga is exit status 3."""
    assert amends("saga", "show", "make_tea:none").exit_code == 3


def test_history(amends: Amends, sagas: SagasInMemory) -> None:
    """The history names the command of each step."""
    amends("saga", "start", "make_tea", "-i", TEA)
    asyncio.run(sagas.answer(SAGA, 1, Failure(Problem(type="cold", message="No gas.", retryable=True))))
    lines = amends("saga", "history", SAGA).stdout.splitlines()
    assert len(lines) == 3
    assert "step 1  kitchen.boil" in lines[1]
    assert "attempt failed  (cold: No gas.; next try in" in lines[2]


def test_watch(amends: Amends, sagas: SagasInMemory) -> None:
    """Watching shows every row and ends with the saga."""
    amends("saga", "start", "make_tea", "-i", TEA)
    answer(sagas)
    result = amends("saga", "watch", SAGA)
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1].endswith("saga completed")
    assert result.stderr == f"{SAGA} is completed.\n"


def test_watch_as_json(amends: Amends, sagas: SagasInMemory) -> None:
    """For programs, each row is a line of JSON."""
    amends("saga", "start", "make_tea", "-i", TEA)
    answer(sagas)
    rows = [json.loads(line) for line in amends("saga", "watch", SAGA, "-o", "jsonl").stdout.splitlines()]
    assert [row["seq"] for row in rows] == [1, 2]


def test_cancel(amends: Amends) -> None:
    """A cancelled saga goes back."""
    amends("saga", "start", "make_tea", "-i", TEA)
    result = amends("saga", "cancel", SAGA, "--reason", "no time", "-o", "json")
    assert json.loads(result.stdout)["status"] == "compensating"


def test_signal(amends: Amends) -> None:
    """A value is sent to the saga's code; the history shows that it waited, what came and that it was taken."""
    amends("saga", "start", "serve", "-k", "a")
    for _ in range(2):
        result = amends("saga", "signal", "serve:a", "wish", "-v", '{"guest": "Ada"}', "--id", "w-1", "-o", "json")
        assert json.loads(result.stdout)["status"] == "running"
    lines = amends("saga", "history", "serve:a").stdout
    told = [line.split("Z  ")[1] for line in lines.splitlines() if "signal" in line]
    assert told == ["signal wish awaited", "signal wish received  (number 1)", "signal taken  (number 1)"]


@pytest.mark.parametrize(("name", "value", "status"), [("wishes", "{}", 3), ("wish", '{"guest": 1}', 2)])
def test_signal_refused(amends: Amends, name: str, value: str, status: int) -> None:
    """The exit status says whether the signal or its value is unknown to the saga."""
    amends("saga", "start", "serve", "-k", "a")
    assert amends("saga", "signal", "serve:a", name, "-v", value).exit_code == status


def test_update(amends: Amends, sagas: SagasInMemory) -> None:
    """The answer is shown; who does not wait for it is told how to come back."""
    amends("saga", "start", "pour", "-k", "a")
    ask = ("saga", "update", "pour:a", "wish", "-v", '{"guest": "Ada"}', "--id", "w-1", "-o", "json")
    result = amends(*ask, "--wait", "0")
    assert (result.exit_code, json.loads(result.stdout)["status"]) == (7, "accepted")
    assert "--id w-1" in result.stderr
    asyncio.run(sagas.answer("pour:a", 1, Success(msgspec.Raw(b'"hot"'))))
    result = amends(*ask)
    assert (result.exit_code, json.loads(result.stdout)["answer"]) == (0, "Ada: hot")
    lines = amends("saga", "history", "pour:a").stdout
    told = [line.split("Z  ")[1] for line in lines.splitlines() if "update" in line]
    assert told == ["update wish accepted  (number 1)", "update answered  (number 1)"]


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [("wishes", "{}", 3), ("wish", '{"guest": 1}', 2), ("wish", '{"guest":"","cups":10}', 4)],
)
def test_update_refused(amends: Amends, name: str, value: str, status: int) -> None:
    """The exit status says whether it is unknown, does not fit, or the saga says no."""
    amends("saga", "start", "pour", "-k", "a")
    assert amends("saga", "update", "pour:a", name, "-v", value).exit_code == status


def test_query(amends: Amends) -> None:
    """The answer is shown."""
    amends("saga", "start", "pour", "-k", "a")
    assert json.loads(amends("saga", "query", "pour:a", "cups", "-o", "json").stdout) == {"answer": 0}
    assert amends("saga", "query", "pour:a", "cup").exit_code == 3


def test_cancel_without_undoing(amends: Amends) -> None:
    """It has to be said, and why."""
    amends("saga", "start", "make_tea", "-i", TEA)
    assert amends("saga", "cancel", SAGA, "--no-undo").exit_code == 2
    result = amends("saga", "cancel", SAGA, "--no-undo", "--reason", "sold", "-o", "json")
    assert json.loads(result.stdout)["status"] == "terminated"


def test_paused_and_resumed(amends: Amends) -> None:
    """The history says why."""
    amends("saga", "start", "make_tea", "-i", TEA)
    assert json.loads(amends("saga", "pause", SAGA, "--reason", "no gas", "-o", "json").stdout)["status"] == "paused"
    assert json.loads(amends("saga", "resume", SAGA, "-o", "json").stdout)["status"] == "running"
    assert "saga paused  (no gas)" in amends("saga", "history", SAGA).stdout


def test_terminate(amends: Amends) -> None:
    """It needs a reason, and who waits for the saga's end is told by the exit status."""
    amends("saga", "start", "make_tea", "-i", TEA)
    assert amends("saga", "terminate", SAGA).exit_code == 2
    assert amends("saga", "terminate", SAGA, "--reason", "closed").exit_code == 0
    assert amends("saga", "watch", SAGA).exit_code == 5


def test_a_result_by_hand(amends: Amends) -> None:
    """A person answers for the kitchen; what does not fit is a usage error."""
    amends("saga", "start", "make_tea", "-i", TEA)
    assert amends("saga", "give-result", SAGA, "1", "7", "--reason", "seen").exit_code == 2
    result = amends("saga", "give-result", SAGA, "1", '"hot"', "--reason", "seen", "-o", "json")
    assert json.loads(result.stdout)["status"] == "completed"


def test_a_retried_step_and_a_skipped_undo(amends: Amends, sagas: SagasInMemory) -> None:
    """Step by step; the saga ends as partially compensated."""
    amends("saga", "start", "make_tea", "-i", TEA)
    assert amends("saga", "retry", SAGA, "1", "--reason", "quick").exit_code == 0
    amends("saga", "cancel", SAGA)
    assert amends("saga", "retry", SAGA, "1", "--undo").exit_code == 0
    result = amends("saga", "skip", SAGA, "1", "--reason", "drunk", "-o", "json")
    assert json.loads(result.stdout)["status"] == "partially_compensated"
    assert amends("saga", "confirm-undo", SAGA, "1", "--reason", "late").exit_code == 4


def test_an_undo_done_by_hand(amends: Amends) -> None:
    """The saga counts as undone."""
    amends("saga", "start", "make_tea", "-i", TEA)
    amends("saga", "cancel", SAGA)
    result = amends("saga", "confirm-undo", SAGA, "1", "--reason", "poured away", "-o", "json")
    assert json.loads(result.stdout)["status"] == "compensated"


def test_resume_refused(amends: Amends) -> None:
    """A saga that is not parked cannot be resumed."""
    amends("saga", "start", "make_tea", "-i", TEA)
    assert amends("saga", "resume", SAGA).exit_code == 4


def test_definitions(amends: Amends) -> None:
    """Definitions are listed with whom they call."""
    lines = amends("definition", "list").stdout.splitlines()
    assert lines[1].split()[:4] == ["make_tea", "2", "{tea.kind}", "kitchen"]


def test_definition(amends: Amends) -> None:
    """A definition is shown with the schema of its input."""
    found = json.loads(amends("definition", "show", "make_tea", "-o", "json").stdout)
    assert found["input"]["$defs"]["Tea"]["required"] == ["kind"]


def test_attributes(amends: Amends) -> None:
    """A saga is started with some, and found by them; what it shows is shown."""
    own = ("--attribute", "customer=C-7", "-a", 'zip="53111"', "-a", "amount=7")
    assert amends("saga", "start", "sell", "--key", "a", *own).exit_code == 0
    assert amends("saga", "start", "make_tea", "-i", TEA).exit_code == 0
    shown = json.loads(amends("saga", "show", "sell:a", "-o", "json").stdout)
    assert shown["attributes"] == {"customer": "C-7", "zip": "53111", "amount": 121, "urgent": True}
    found = amends("saga", "list", "--where", "customer=C-7", "-w", "amount=121").stdout
    assert "sell:a" in found
    assert "waiting for approval" in found
    assert "make_tea" not in found
    assert "waiting for approval" in amends("saga", "show", "sell:a").stdout
    history = amends("saga", "history", "sell:a").stdout
    assert "status set  (waiting for approval)" in history
    assert "attributes set  (amount 121; urgent true)" in history


@pytest.mark.parametrize("command", [("start", "sell", "--key", "a", "--attribute"), ("list", "--where")])
def test_no_attribute(amends: Amends, command: tuple[str, ...]) -> None:
    """How to write one is said."""
    result = amends("saga", *command, "customer")
    assert result.exit_code == 2
    assert "NAME=VALUE" in result.stderr


def test_children(amends: Amends, sagas: SagasInMemory) -> None:
    """They are found by their parent, and the list says whose they are."""
    parent = Parent("make_tea:mate", "make_tea:mate:1")
    asyncio.run(sagas.submit("tidy:a", Start("tidy", 1, msgspec.Raw(b"null"), parent=parent)))
    amends("saga", "start", "make_tea", "-i", TEA)
    found = amends("saga", "list", "--parent", SAGA).stdout.splitlines()
    assert [line.split()[:1] for line in found] == [["ID"], ["tidy:a"]]
    assert "PARENT" in found[0]
    assert SAGA in found[1]
    assert ["parent", SAGA] in [line.split() for line in amends("saga", "show", "tidy:a").stdout.splitlines()]
    assert "PARENT" not in amends("saga", "list", "-d", "make_tea").stdout


def test_rounds(amends: Amends, sagas: SagasInMemory) -> None:
    """The list says in which round a saga is, once any has gone on as new."""
    amends("saga", "start", "make_tea", "-i", TEA)
    assert "ROUND" not in amends("saga", "list").stdout
    amends("saga", "start", "refill", "-i", "2", "-k", "a")
    asyncio.run(sagas.answer("refill:a", 1, Success(msgspec.Raw(b'"hot"'))))
    head, line = amends("saga", "list", "-d", "refill").stdout.splitlines()
    assert line[head.index("ROUND")] == "2"
