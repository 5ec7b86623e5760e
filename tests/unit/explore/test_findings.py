"""Each planted mistake is found, named by its line, with a way that shows it."""

from pathlib import Path
from typing import Any, cast

import pytest

from contracts.answers import Answer, Success
from coordinator.engine import forward
from coordinator.engine.facts import Accepted
from coordinator.engine.lifecycle import FORWARD_MOVES, Forward
from coordinator.engine.state import Step
from coordinator.engine.turn import Turn
from coordinator.explore.exploration import explore
from coordinator.explore.findings import Kinds
from coordinator.history.events import Event
from coordinator.history.parking import SagaResumed
from coordinator.history.steps import StepSucceeded
from coordinator.saga import SagaDefinition, StepError, saga
from tests.sagas import Shop
from tests.unit.explore.planted import PLANTED, names

LINES = Path(__file__).with_name("planted.py").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize(("definition", "kind", "line"), PLANTED, ids=list(names()))
def test_the_mistake_is_found(definition: SagaDefinition, kind: Kinds, line: str) -> None:
    """It is found under its name and nothing else is; the source leads to the very line."""
    (finding,) = explore(definition).findings
    assert finding.kind is kind
    file, _, number = finding.source.partition(":")
    assert file == "unit/explore/planted.py"
    assert line in LINES[int(number) - 1]


def test_every_kind_is_planted() -> None:
    """Whatever is looked for was seen to be found; defects of the engine are planted below."""
    assert {kind for _, kind, _ in PLANTED} == set(Kinds) - {Kinds.LATE_ANSWER_COUNTS, Kinds.PARKED_FOR_GOOD}


@saga(version=1)
async def careful(shop: Shop) -> None:
    """Goes on without what it could not take."""
    try:
        await shop.take("a")
    except StepError:
        await shop.look("a")


def test_a_late_answer_that_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that takes a late success for one is found out."""

    def trusting(step: Step, command: Any, attempt: int, answer: Answer, saga_id: str, now: int) -> Event | str:
        if isinstance(answer, Success) and step.forward is Forward.TIMED_OUT:
            return StepSucceeded(step.number, attempt, answer.result, now)
        return on_answer(step, command, attempt, answer, saga_id, now)

    on_answer = forward.on_answer
    monkeypatch.setattr(forward, "on_answer", trusting)
    monkeypatch.setitem(cast(Any, FORWARD_MOVES), (Forward.TIMED_OUT, StepSucceeded), Forward.SUCCEEDED)

    @saga(version=1)
    async def looking(shop: Shop) -> None:
        try:
            await shop.look("a")
        except StepError:
            await shop.look("b")

    assert {finding.kind for finding in explore(looking).findings} == {Kinds.LATE_ANSWER_COUNTS}


def test_a_saga_that_cannot_be_resumed(monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that resumes a saga and does not send its undo again is found out."""

    def forgetful(turn: Turn, reason: str) -> Accepted:
        turn.record(SagaResumed(turn.now, reason))
        return Accepted()

    monkeypatch.setattr("coordinator.engine.absorb.on_resume", forgetful)
    assert {finding.kind for finding in explore(careful).findings} == {Kinds.PARKED_FOR_GOOD}


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("says_no_too_late", ("shop.pay (step 1) succeeds", "shop.look (step 2) succeeds")),
        ("grabs", ("stubborn.grab (step 1) fails for good",)),
        (
            "launches",
            (
                "shop.take (step 1) succeeds",
                "shop.launch (step 2) fails for good, an attempt having gone unanswered",
                "the undo of shop.take (step 1) succeeds",
            ),
        ),
        ("draws", ()),
    ],
)
def test_the_way_is_a_shortest(name: str, path: tuple[str, ...]) -> None:
    """A finding says, move by move, how to come to it."""
    definition = next(definition for definition, _, _ in PLANTED if definition.name == name)
    assert explore(definition).findings[0].path == path


def test_messages_say_what_to_change() -> None:
    """The sentence about an undo names it, its command and what it should take."""
    definition = next(definition for definition, kind, _ in PLANTED if kind is Kinds.UNDO_NEEDS_RESULT)
    assert explore(definition).findings[0].message == (
        "drop undoes stubborn.grab and does not take None for its result, but it can fail: then nobody knows whether "
        "it happened, and there is no result. Let it take `… | None`, and find what there is to undo by the command's "
        "id or its arguments."
    )


def test_nothing_follows_a_difference() -> None:
    """What two runs decide differently is no outcome."""
    definition = next(definition for definition, _, _ in PLANTED if definition.name == "flips")
    assert "running" not in {outcome.ends for outcome in explore(definition).outcomes}


def test_a_difference_is_shown() -> None:
    """Of code that is not deterministic, both decisions are shown."""
    definition = next(definition for definition, _, _ in PLANTED if definition.name == "returns_a_number")
    assert "one comes to the result " in explore(definition).findings[0].message


def test_a_sound_saga_has_none() -> None:
    """One command of each sort in the right order: nothing is found."""

    @saga(version=1)
    async def sound(shop: Shop) -> None:
        await shop.take("a")
        await shop.lend("b")
        await shop.pay(1)
        await shop.ship("a")

    assert not explore(sound).findings
