"""A simulation that finds nothing proves something only if it would have found it: the canaries."""

import importlib.util
from pathlib import Path

import pytest

from tests.simulation.hunted import found
from tests.simulation.mutants import MUTANTS, Mutant
from tests.simulation.planted import Stale, planted

CANARIES = (
    "publish before the commit",
    "offsets of replies before they are handled",
    "the tombstone is ignored",
    "undo all at once",
    "a kept signal is not handed to who waits",
    "answers that came in a pause are dropped",
    "a saga begins though it refuses its update",
    "the saga ends although an update is open",
    "a child that has gone through is not undone",
    "the steps of a round are numbered anew",
    "a process that is frozen in a long handler's transaction keeps its row",
)


@pytest.mark.parametrize("name", CANARIES)
def test_a_planted_bug_is_found(name: str) -> None:
    """Within seconds, by a seed that passes without it."""
    one = found(name, 60.0)
    assert one["seed"] is not None, one


def test_every_planted_bug_has_a_name_of_its_own() -> None:
    """There are at least thirty."""
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 30


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_every_bug_can_be_planted(mutant: Mutant) -> None:
    """Its text stands in the code."""
    spec = importlib.util.find_spec(mutant.module)
    assert spec is not None
    assert spec.origin is not None
    source = Path(spec.origin).read_text()
    assert planted(mutant, source) != source


def test_a_bug_that_cannot_be_planted_is_told() -> None:
    """The code has moved on, and the mutant with it."""
    with pytest.raises(Stale, match="0 times instead of once"):
        planted(Mutant("gone", "nowhere", "x = 1", "x = 2"), "y = 1\n")
    assert planted(Mutant("there", "nowhere", "y = 1", "y = 2"), "y = 1\n") == "y = 2\n"
