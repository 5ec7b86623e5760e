"""Every way through a saga, place by place: broadly first, so that whatever is found is found on a shortest way.

A place is a history up to times, attempts and the order of undos. To go on from one, the saga is rebuilt from its
history, as after a crash, twice over: what the two decide must be the same to the last byte. So every place is a crash
survived, and every move a test of the code's determinism.
"""

import random
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import msgspec

from contracts.answers import Failure, Refusal, Success
from contracts.failures import Problem
from contracts.values import NULL
from coordinator.engine.decision import Decision
from coordinator.explore.driver import Driver
from coordinator.explore.findings import Findings
from coordinator.explore.moves import AnswersLate, DeadlinePasses, Move, TimesOut, UndoIsHeld, in_words
from coordinator.explore.play import Play, is_between_attempts
from coordinator.explore.position import Key, Position, happened_by, heard_of
from coordinator.history.codec import write_events
from coordinator.history.events import Event
from coordinator.history.signals import SignalAbandoned, SignalAwaited
from coordinator.saga.definition import SagaDefinition

_LATE = Problem("late")


@dataclass(frozen=True, slots=True)
class Bound:
    """How far exploring goes. Within it, it is exhaustive."""

    places: int = 20_000
    """Places that are looked at one by one. Beyond them, ways are drawn by chance."""
    moves: int = 100
    """The longest way that is followed: a saga may loop for ever."""
    samples: int = 1_000
    """Ways drawn beyond the places, once there are too many of them."""
    signals: int = 3
    """Signals of one name on one way: a saga may take them without an end."""
    updates: int = 1
    """Updates of one name on one way: each may come at every await."""


class Search:
    """One exploration under way."""

    def __init__(self, definition: SagaDefinition, play: Play, findings: Findings, bound: Bound, seed: int) -> None:
        self._definition = definition
        self._play = play
        self._findings = findings
        self._bound = bound
        self._random = random.Random(seed)
        self._known: dict[Key, Position] = {}
        self._trace = sha256()
        self.moves = 0
        """Moves made."""
        self.too_long = 0
        """Places whose moves were not made, since the way to them has as many as are followed."""
        self.unfinished: set[str] = set()
        """Commands whose budget of attempts was not waited for to its end."""
        self.unopened = 0
        """Places whose moves were left to chance."""
        self.sampled = 0
        """Ways drawn by chance."""
        self.let_go: set[str] = set()
        """Signals that the code began to wait for and stopped waiting for, without anything having happened."""

    @property
    def places(self) -> Sequence[Position]:
        """All that were found, the start first."""
        return list(self._known.values())

    @property
    def digest(self) -> str:
        """Of everything that was decided: equal for two explorations of the same code, in whatever process."""
        return self._trace.hexdigest()

    def run(self, value: Any) -> None:
        """Explores from the start of the saga with this input. Raises UnreadableValue when it does not fit."""
        line = deque([self._begin(value)])
        opened = 0
        while line and opened < self._bound.places:
            place = line.popleft()
            if place.depth >= self._bound.moves and self._moves(place):
                self.too_long += 1
                continue
            opened += 1
            place.then = list(self._open(place))
            line.extend(each for each in place.then if each.then is None and each.parent is place)
        left = [place for place in line if not self._has_ended(place)]
        self.unopened = len(left)
        for _ in range(self._bound.samples if left else 0):
            self._walk(self._random.choice(left))

    def _begin(self, value: Any) -> Position:
        first, second = (Driver(self._definition, one_round=True) for _ in range(2))
        one, other = [first.start(value)], [second.start(value)]
        self.let_go.update(_let_go(first.history))
        if self._same(one, other, ()):
            self._findings.after(False, first.history, first.state, ())
        return self._place(Position(first, (), (), frozenset(), None, ""))

    def _open(self, place: Position) -> Iterator[Position]:
        """What one move leads to; places that differ in nothing once."""
        reached: dict[Position, None] = {}
        for move in self._moves(place):
            then = self._step(place, move)
            if then is not None and then is not place:
                reached.setdefault(then)
        if not reached:
            self._end(place)
        return iter(reached)

    def _moves(self, place: Position) -> list[Move]:
        """What can happen next."""
        moves = self._play.open(place.driver)
        self._findings.looked(self._play.checks_failed, place.path)
        return moves

    def _end(self, place: Position) -> None:
        state = place.driver.state
        self._findings.at_end(state, place.path)
        if state.parked_for == "undo":
            self._try_resuming(place.driver.fork(), place.path)

    def _walk(self, place: Position) -> None:
        """Goes on by chance until the saga ends."""
        self.sampled += 1
        for _ in range(self._bound.moves):
            moves = self._moves(place)
            then = self._step(place, self._random.choice(moves)) if moves else None
            if then is None:
                break
            place = then
        self._has_ended(place)

    def _has_ended(self, place: Position) -> bool:
        """Whether nothing can happen there any more; then it is looked at as an end."""
        if place.then is None and not self._moves(place):
            place.then = []
            self._end(place)
        return place.then == []

    def _step(self, place: Position, move: Move) -> Position | None:
        """The place that the move leads to; None when it leads nowhere."""
        self.moves += 1
        words = in_words(move, place.driver.state)
        path = (*place.path, words)
        first, second = place.driver.fork(), place.driver.fork()
        if first.advance().events:
            self._findings.unfit(first.state.parked_message, place.path)
            return None
        rows = len(first.rows)
        decisions = self._play.make(first, move)
        if not self._same(decisions, self._play.make(second, move), path):
            return None
        if isinstance(move, DeadlinePasses) and first.state.code_stopped:
            return None  # its way depends on its clock: said to have taken longer, it goes another one
        events = [event for row in first.rows[rows:] for event in row]
        self.let_go.update(name for row in first.rows[rows:] for name in _let_go(row))
        self._findings.after(place.driver.state.forward_only, events, first.state, path)
        self._try_late_answers(second, path)
        second.machine.close()
        if isinstance(move, TimesOut | UndoIsHeld) and all(map(is_between_attempts, events)):
            self.unfinished.add(place.driver.state.steps[move.step].command)
            return None
        late = place.late | {move.step} if isinstance(move, AnswersLate) else place.late
        happened = happened_by(place.happened, move, events, place.driver.state, first.state)
        return self._place(Position(first, place.heard + heard_of(events), happened, late, place, words))

    def _place(self, found: Position) -> Position:
        """The place, as it was first found."""
        known = self._known.setdefault(found.key, found)
        found.driver.machine.close()
        return known

    def _same(self, one: Sequence[Decision], other: Sequence[Decision], path: tuple[str, ...]) -> bool:
        """Whether two runs decided the same, to the last byte."""
        decided, again = (_written(run) for run in (one, other))
        self._trace.update(decided)
        if decided != again:
            self._findings.differs(one, other, path)
        return decided == again

    def _try_resuming(self, driver: Driver, path: tuple[str, ...]) -> None:
        """A saga that is parked for an undo ends when a person resumes it and its undos are done; where it was that of
        a scope, its code goes on."""
        driver.resume()
        while undos := [name for name, send in driver.out.items() if send.undoes]:
            for name in undos:
                driver.succeed(name)
        if not driver.status.ended and (driver.state.cause is not None or driver.state.parked_for == "undo"):
            self._findings.parked_for_good(path)
        driver.machine.close()

    def _try_late_answers(self, driver: Driver, path: tuple[str, ...]) -> None:
        """Whatever is answered to a command that is not waited for any more, nothing changes by it."""
        for name, send in driver.late.items() if not driver.goes_on else ():
            if not send.undoes:
                for answer in (Success(NULL), Refusal(_LATE), Failure(_LATE)):
                    if driver.answer(name, answer).events:
                        self._findings.late_answer(send.type, path)


def _let_go(row: Sequence[Event]) -> Iterator[str]:
    awaited = {event.wait: event.name for event in row if isinstance(event, SignalAwaited)}
    for event in row:
        if isinstance(event, SignalAbandoned) and event.wait in awaited:
            yield awaited[event.wait]


def _written(run: Sequence[Decision]) -> bytes:
    return b"\n".join(
        part
        for decision in run
        for part in (write_events(decision.events), msgspec.json.encode(decision.sends), decision.outcome or b"")
    )
