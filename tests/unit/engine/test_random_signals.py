"""Any saga, any signals, and one thing that goes wrong at any point: it changes nothing, or nothing that must hold.

A point is an activation. There the coordinator is killed before the commit or behind it, in which case the signal is
sent again, since nobody answered; or a signal comes twice, or later than it did.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coordinator.engine.facts import Accepted, Fact, Known, Signal, Verdict
from coordinator.engine.machine import Machine
from coordinator.engine.status import Status
from coordinator.history.codec import read_events, write_events
from coordinator.saga import Definitions
from tests.sagas import SagaDriver
from tests.unit.engine.random_acts import act, settle
from tests.unit.engine.random_programs import Program, anything, mended, programs
from tests.unit.engine.test_random_sagas import check

ACTS = (
    *("is told a note", "is told a word") * 3,
    *("succeeds",) * 4,
    *("refuses", "fails for good", "wakes", "rests", "cancels", "is paused", "is mended", "restarts"),
)


class Point(NamedTuple):
    """One activation as it was."""

    rows: Sequence[bytes]
    """Those before it."""
    facts: tuple[Fact, ...]
    now: int
    definitions: Definitions
    verdicts: tuple[Verdict, ...]
    row: bytes | None
    """What it wrote, if anything."""

    def machine(self, committed: bool = False) -> Machine:
        """The saga as it is loaded before it, or behind it."""
        rows = [*self.rows, self.row] if committed and self.row is not None else self.rows
        return Machine.rebuild("anything:1", [read_events(row) for row in rows], self.definitions)

    def writes(self, *facts: Fact) -> bytes | None:
        """What these facts would have written in its place."""
        events = self.machine().advance(facts, self.now).events
        return write_events(events) if events else None

    @property
    def signal(self) -> Signal | None:
        """If it was one that the activation was for."""
        return self.facts[0] if isinstance(self.facts[0], Signal) else None


class Recording(SagaDriver):
    """A driver that remembers every point."""

    points: list[Point]

    def advance(self, *facts: Fact) -> "Recording":
        before, definitions = list(self.rows), self.definitions
        super().advance(*facts)
        assert self.last is not None
        row = self.rows[-1] if len(self.rows) > len(before) else None
        self.points.append(Point(before, facts, self.now, definitions, self.last.verdicts, row))
        return self


def played(program: Program, acts: Sequence[tuple[str, int]]) -> list[Point]:
    """Every point of a saga to which that happens, up to its quiet end."""
    driver = Recording(anything)
    driver.points = []
    driver.start(program)
    for what, back in acts:
        act(driver, what, back)
    settle(driver)
    check(driver)
    return driver.points


def any_life(test: Callable[..., Any]) -> Callable[..., Any]:
    """Runs it with programs, and with what happens to them."""
    acts = st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 3)), max_size=12)
    checks = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    return pytest.mark.timeout(300)(checks(given(programs(bugs=True), acts)(test)))


@any_life
def test_killed_before_the_commit(program: Program, acts: list[tuple[str, int]]) -> None:
    """What was decided is forgotten, and decided alike when the same comes again, alone or with its double."""
    for point in played(program, acts):
        point.machine().advance(point.facts, point.now)
        assert point.writes(*point.facts) == point.row
        if point.signal is not None:
            assert point.writes(point.signal, point.signal) == point.row


@any_life
def test_killed_behind_the_commit(program: Program, acts: list[tuple[str, int]]) -> None:
    """The signal that nobody answered is sent again: it is known, or refused as before, and nothing changes."""
    for point in played(program, acts):
        if point.signal is None:
            continue
        again = point.machine(committed=True).advance([point.signal], point.now)
        assert again.events == ()
        assert again.verdicts == ((Known(),) if point.verdicts == (Accepted(),) else point.verdicts)


@any_life
def test_doubled(program: Program, acts: list[tuple[str, int]]) -> None:
    """At later points, a signal that is sent again is known, if it ever reached the code; and nothing changes.

    Of many, the first and the last ones: each costs a replay, and all of them at every point took minutes.
    """
    sent: list[Signal] = []
    for point in played(program, acts):
        for signal in (*sent[:1], *sent[1:][-2:]):
            again = point.machine().advance([signal], point.now)
            assert again.events == ()
            assert again.verdicts == (Known(),) or signal.id not in point.machine().state.signals.ids
            assert point.writes(signal, *point.facts) == point.row
        if point.signal is not None and point.verdicts == (Accepted(),):
            sent.append(point.signal)


@any_life
def test_late(program: Program, acts: list[tuple[str, int]]) -> None:
    """One point later, or last of all: it may go otherwise, and all that must hold does."""
    points = played(program, acts)
    for number, point in enumerate(points):
        if point.signal is not None:
            later, rest = points[number + 1 : number + 2], points[number + 2 :]
            goes_otherwise([*points[:number], *later, point, *rest])
            goes_otherwise([*points[:number], *later, *rest, point])


def goes_otherwise(points: Sequence[Point]) -> None:
    """Code that was mended stays so."""
    driver = SagaDriver(anything)
    driver.signalled = len(points)  # whoever ends a wait at last does not repeat what was sent
    deployed = False
    for point in points:
        driver.now = max(driver.now, point.now)
        if not deployed and point.definitions.get("anything", 1) is mended:
            deployed = True
            driver.deploys(mended)
        driver.advance(*point.facts)
        check(driver)
    settle(driver)
    check(driver)
    assert driver.status.ended or driver.status is Status.PARKED
