"""Any saga, any updates, and one thing that goes wrong at any point: see ``test_random_signals.py``.

A point is an activation. There the coordinator is killed before the commit or behind it, in which case the update is
sent again, since nobody answered; or it comes twice, or later than it did. And somebody asks the saga about itself.
"""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coordinator.engine.facts import Accepted, Declined, Known, Start, Unfit, Update
from coordinator.engine.looking import Answered, NoAnswer
from coordinator.engine.shown import Shown
from coordinator.engine.status import Status
from coordinator.history.parking import SagaParked, SagaResumed
from coordinator.history.undos import CompensationStarted
from coordinator.history.updates import UpdateAccepted, UpdateAnswered, UpdateRefused
from tests.sagas import SagaDriver
from tests.unit.engine.random_acts import act, settle
from tests.unit.engine.random_programs import FAVOURS, TOO_MUCH, Program, anything, programs
from tests.unit.engine.test_random_sagas import check, check_updates
from tests.unit.engine.test_random_signals import Point, goes_otherwise, played

ACTS = (
    *("is asked a favour",) * 6,
    *("succeeds",) * 4,
    *("is told a note", "is told a word", "is asked too much", "is asked it again", "is asked nonsense", "restarts"),
    *("refuses", "fails for good", "wakes", "rests", "cancels", "is paused", "is mended"),
)
LIVES = st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 5)), min_size=4, max_size=12)
WAITING = programs(bugs=True).map(lambda program: [["hear", "word"], *program])
"""None is through before it was asked anything."""


def any_life(*made_up: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Runs it with that."""

    def decorate(test: Callable[..., Any]) -> Callable[..., Any]:
        checks = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
        return pytest.mark.timeout(300)(checks(given(*made_up)(test)))

    return decorate


def update_of(point: Point) -> Update | None:
    """If it was one that the activation was for."""
    return point.facts[0] if isinstance(point.facts[0], Update) else None


@any_life(WAITING, LIVES)
def test_killed_before_the_commit(program: Program, acts: list[tuple[str, int]]) -> None:
    """What was decided is forgotten, and decided alike when the same comes again, alone or with its double."""
    for point in played(program, acts):
        update = update_of(point)
        if update is not None:
            assert point.writes(update) == point.row
            assert point.writes(update, update) == point.row
            assert (point.row is None) == (point.verdicts != (Accepted(),))


@any_life(WAITING, LIVES)
def test_killed_behind_the_commit(program: Program, acts: list[tuple[str, int]]) -> None:
    """The update that nobody answered is sent again: it is known, or refused as before, and nothing changes."""
    for point in played(program, acts):
        update = update_of(point)
        if update is None:
            continue
        again = point.machine(committed=True).advance([update], point.now)
        assert again.events == ()
        assert again.verdicts == ((Known(),) if point.verdicts == (Accepted(),) else point.verdicts)


@any_life(WAITING, LIVES)
def test_doubled(program: Program, acts: list[tuple[str, int]]) -> None:
    """At every later point one that was accepted is known, whatever has become of the saga; and nothing changes."""
    sent: list[Update] = []
    for point in played(program, acts):
        for update in sent:
            again = point.machine().advance([update], point.now)
            assert (again.events, again.verdicts) == ((), (Known(),))
            assert point.writes(update, *point.facts) == point.row
        if (update := update_of(point)) is not None and point.verdicts == (Accepted(),):
            sent.append(update)


@any_life(WAITING, LIVES)
def test_late(program: Program, acts: list[tuple[str, int]]) -> None:
    """One point later, or last of all: it may go otherwise, and all that must hold does."""
    points = played(program, acts)
    for number, point in enumerate(points):
        if update_of(point) is not None:
            later, rest = points[number + 1 : number + 2], points[number + 2 :]
            goes_otherwise([*points[:number], *later, point, *rest])
            goes_otherwise([*points[:number], *later, *rest, point])


@any_life(WAITING, LIVES)
def test_asked_about_itself(program: Program, acts: list[tuple[str, int]]) -> None:
    """At every moment it says what its history says, and nothing changes."""
    driver = SagaDriver(anything).start(program)
    check_counts(driver)
    for what, back in acts:
        act(driver, what, back)
        check_counts(driver)
        check_shown(driver)
    settle(driver)
    check_counts(driver)
    check_shown(driver)


def check_counts(driver: SagaDriver) -> None:
    """Code that does not fit the history says that instead."""
    before, answers = driver.machine.state, list[Any]()
    assert driver.unchanged_by(lambda: answers.append(driver.queries("counts")))
    assert driver.machine.state == before
    if isinstance(answers[0], NoAnswer):
        assert driver.status is Status.PARKED
        assert "does not fit" in answers[0].message
        return
    counts = [len(driver.of(kind)) for kind in (UpdateAccepted, UpdateAnswered, UpdateRefused)]
    assert answers == [Answered(msgspec.Raw(msgspec.json.encode(counts)))]


def check_shown(driver: SagaDriver) -> None:
    """Lists show what the code remembers to have shown last, and no line once it goes back.

    While code stands still because it raised, what it showed since it last heard of anything does not count.
    """
    stopped = False
    for event in driver.history:
        if isinstance(event, SagaParked | SagaResumed):
            stopped = isinstance(event, SagaParked) and event.raised
    answer = driver.queries("shows")
    if stopped or isinstance(answer, NoAnswer):
        return
    assert isinstance(answer, Answered)
    line, marks = msgspec.json.decode(answer.answer)
    shown = driver.machine.state.shown or Shown()
    assert shown.line == ("" if driver.of(CompensationStarted) else line)
    assert msgspec.json.encode(dict(sorted(shown.attributes.items()))) == msgspec.json.encode(marks)


@any_life(programs(bugs=True), st.sampled_from([*FAVOURS, TOO_MUCH, "no program"]), LIVES)
def test_with_a_start(program: Program, favour: Any, acts: list[tuple[str, int]]) -> None:
    """The saga begins with the update, or not at all; where it does not, it can still begin as if nothing had been."""
    start = Start("anything", 1, _raw(program))
    both = msgspec.structs.replace(start, sent=Update("favour", "with-start", _raw(favour)))
    driver = SagaDriver(anything).advance(both)
    if driver.verdict != Accepted():
        assert not driver.machine.exists
        assert not driver.sent
        assert isinstance(driver.verdict, Unfit) == (favour == "no program")
        assert favour == TOO_MUCH or not isinstance(driver.verdict, Declined)
        driver.advance(both, start, both)
        assert driver.rows == SagaDriver(anything).advance(start).rows
    else:
        assert favour in FAVOURS
        assert [event.id for event in driver.of(UpdateAccepted)] == ["with-start"]
        assert driver.unchanged_by(lambda: driver.advance(both))
        assert driver.verdict == Known()
    for what, back in acts:
        act(driver, what, back)
    settle(driver)
    check(driver)
    check_updates(driver, quiet=True)


def _raw(value: Sequence[Any] | str) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))
