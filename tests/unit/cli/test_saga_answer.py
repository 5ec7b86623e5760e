"""``amends saga answer``: a command's answer, by its id."""

import json

import msgspec
import pytest

from contracts.answers import Answer, Failure, Refusal, Success
from contracts.failures import Problem
from coordinator.engine.facts import Reply
from tests.unit.api.sagas import SagasInMemory
from tests.unit.cli.conftest import Amends
from tests.unit.cli.test_saga import SAGA, TEA


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (['"hot"'], Success(msgspec.Raw(b'"hot"'))),
        (["--refused", "no_water", "--message", "None left."], Refusal(Problem("no_water", "None left."))),
        (["--failed", "cold", "--retryable"], Failure(Problem("cold", retryable=True))),
    ],
)
def test_answer(amends: Amends, sagas: SagasInMemory, given: list[str], said: Answer) -> None:
    """A command is answered by its id, in the words of its participant; the saga is shown."""
    amends("saga", "start", "make_tea", "-i", TEA)
    result = amends("saga", "answer", f"{SAGA}:1", *given, "-o", "json")
    assert (result.exit_code, result.stderr) == (0, "")
    assert json.loads(result.stdout)["id"] == SAGA
    assert sagas.submitted[-1] == (SAGA, Reply(f"{SAGA}:1", 0, said))


@pytest.mark.parametrize("given", [[], ['"hot"', "--refused", "no_water"], ["--refused", "a", "--failed", "b"]])
def test_one_answer(amends: Amends, sagas: SagasInMemory, given: list[str]) -> None:
    """None, or two, are a usage error: nothing is sent."""
    amends("saga", "start", "make_tea", "-i", TEA)
    result = amends("saga", "answer", f"{SAGA}:1", *given)
    assert result.exit_code == 2
    assert "or --refused TYPE, or --failed TYPE" in result.stderr
    assert len(sagas.submitted) == 1


def test_answer_refused(amends: Amends, sagas: SagasInMemory) -> None:
    """A result that does not fit is a usage error, an unknown saga is not found, and an ended one a conflict."""
    amends("saga", "start", "make_tea", "-i", TEA)
    answered = [
        (f"{SAGA}:1", "1", 2),
        ("make_tea:nobody:1", '"hot"', 3),
        (f"{SAGA}:1", '"hot"', 0),
        (f"{SAGA}:1", '"x"', 4),
    ]
    codes = [amends("saga", "answer", command, result).exit_code for command, result, _ in answered]
    assert codes == [code for _, _, code in answered]
