"""Which moves are open to a saga, and making them."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, assert_never

import msgspec

from contracts.answers import Progress
from contracts.command import Command
from contracts.ids import command_id
from contracts.kinds import Kind
from contracts.values import NULL
from coordinator.engine import undo_policy
from coordinator.engine.agenda import DEADLINE, Due
from coordinator.engine.decision import Decision
from coordinator.engine.facts import Accepted, Declined, Fact, Reply, WakeUp
from coordinator.engine.lifecycle import Back, Forward
from coordinator.engine.state import Step
from coordinator.engine.status import Status
from coordinator.explore.answers import Answers, told_apart
from coordinator.explore.driver import Driver
from coordinator.explore.moves import (
    AnswersLate,
    DeadlinePasses,
    FailsForGood,
    IsCancelled,
    IsRefused,
    Move,
    SignalComes,
    Succeeds,
    TimePasses,
    TimesOut,
    TriedAgain,
    UndoFails,
    UndoIsHeld,
    UndoSucceeds,
    UpdateComes,
)
from coordinator.explore.sent_values import SentValues
from coordinator.history.events import Event
from coordinator.history.signals import SignalReceived
from coordinator.history.steps import StepAttemptFailed, StepProgressed, StepProgressedLate, StepRetried
from coordinator.history.timers import TimerStarted
from coordinator.history.undos import UndoAttemptFailed, UndoRetried
from coordinator.saga.parameters import ValueType

MOST_WAKES = 2_000
"""How often the clock is moved for one move. A budget of so many attempts is not waited for to its end."""
_BETWEEN_ATTEMPTS = (StepAttemptFailed, StepRetried, StepProgressed, StepProgressedLate, UndoAttemptFailed, UndoRetried)
_CHECK_FAILED = "check_failed"
"""Of a refusal that is none of the check's own."""


@dataclass(slots=True)
class Sent:
    """What sagas are sent of one sort, signals or updates; so many of each name at most, since a saga may take them
    without an end."""

    values: SentValues
    most: int
    unsent: set[str] = field(default_factory=set[str])
    """Names of which more could have come on some way."""

    def of(self, declared: ValueType) -> Iterator[tuple[msgspec.Raw, str]]:
        """What may come, and in how far it is another than the first, in words."""
        values = self.values.of(declared)
        return zip(values, told_apart(values), strict=True)


class Play:
    """The moves of sagas of one definition, whose participants answer from this choice, and which are sent these
    signals and updates."""

    def __init__(self, answers: Answers, signals: Sent, updates: Sent) -> None:
        self._answers = answers
        self._signals = signals
        self._updates = updates
        self.checks_failed: dict[str, str] = {}
        """Names of updates whose check did something else than to refuse, and what."""

    def open(self, driver: Driver) -> list[Move]:
        """What can happen next, in an order that is the same every time. None: the saga has come to an end, or goes on
        as new."""
        state = driver.state
        moves: list[Move] = []
        if driver.goes_on:
            return moves
        if state.status is Status.RUNNING:
            for number in sorted(state.in_flight):
                moves += self._answered(driver, state.steps[number])
            moves += self._signalled(driver)
            moves += self._tried_again(driver)
            moves += self._updated(driver)
            moves += self._waited(driver)
        elif state.undoing and not state.stands_still:
            moves += self._tried_again(driver)
        for number in sorted(state.undoing, reverse=True):
            moves += self._undone(driver, state.steps[number])
        return moves

    def _answered(self, driver: Driver, step: Step) -> Iterator[Move]:
        command = _command(driver, step)
        number = step.number
        results = self._answers.results(command)
        for result, shown in zip(results, told_apart(results), strict=True):
            yield Succeeds(number, result, shown)
        if command.retry.bounded and (Due.STEP, number) in driver.state.due and step.kind is Kind.RETRIABLE:
            yield TimesOut(number)  # and is held
        if step.kind is Kind.RETRIABLE or step.held:
            return
        for refusal in self._answers.refusals(command):
            yield IsRefused(number, refusal)
        yield FailsForGood(number)
        if step.kind is Kind.PIVOT and not step.undoable:
            yield FailsForGood(number, doubtful=True)
        if command.retry.bounded and (Due.STEP, number) in driver.state.due:
            yield TimesOut(number)

    def _undone(self, driver: Driver, step: Step) -> Iterator[Move]:
        number, command = step.number, _command(driver, step)
        yield UndoSucceeds(number)
        if step.back is not Back.HELD:
            yield UndoFails(number)
            if undo_policy.retry(step, command).awaits is not None:
                yield UndoIsHeld(number)
        if command_id(driver.saga_id, number) in driver.late:
            yield AnswersLate(number, self._answers.results(command)[0])

    def _signalled(self, driver: Driver) -> Iterator[Move]:
        """One that comes before it is waited for is kept until then, so the code hears of it no otherwise."""
        for name in sorted(set(driver.state.signals.waits.values())):
            for value, shown in self._heard(driver, name):
                yield SignalComes(name, value, shown)

    def _tried_again(self, driver: Driver) -> Iterator[Move]:
        """By a signal that is nothing to the code, or that the code hears of too, if it is not about to go back."""
        state = driver.state
        for name in sorted(set(state.held_for)):
            declared = driver.definition.signals.get(name)
            if declared is None:
                yield TriedAgain(name)
            elif state.cause is not None:
                yield TriedAgain(name, next(self._signals.of(declared))[0])
            elif name not in state.signals.waits.values():
                for value, shown in self._heard(driver, name):
                    yield TriedAgain(name, value, shown)

    def _heard(self, driver: Driver, name: str) -> Iterator[tuple[msgspec.Raw, str]]:
        """What the code may hear from signals of this name; nothing more once it heard of as many as may come."""
        came = sum(isinstance(event, SignalReceived) and event.name == name for event in driver.history)
        if came < self._signals.most:
            yield from self._signals.of(driver.definition.signals[name])
        else:
            self._signals.unsent.add(name)

    def _updated(self, driver: Driver) -> Iterator[Move]:
        """Those that the code takes as it stands; what it refuses leaves no trace."""
        came = Counter(driver.state.updates.ids.values())
        for name, declared in driver.definition.updates.items():
            enough = came[name] >= self._updates.most
            if enough and name in self._updates.unsent:
                continue
            for value, shown in self._updates.of(declared):
                if not self._takes(driver, name, value):
                    continue
                if enough:
                    self._updates.unsent.add(name)
                    break
                yield UpdateComes(name, value, shown)

    def _takes(self, driver: Driver, name: str, value: msgspec.Raw) -> bool:
        twin = driver.fork()
        (verdict,) = twin.update(name, value).verdicts
        twin.machine.close()
        if isinstance(verdict, Declined) and verdict.problem.type == _CHECK_FAILED:
            self.checks_failed.setdefault(name, verdict.problem.message)
        return isinstance(verdict, Accepted)

    def _waited(self, driver: Driver) -> Iterator[Move]:
        state = driver.state
        timer = state.due.first_of(Due.TIMER)
        if timer is not None and timer[0] == _next_timer(driver):
            yield TimePasses()
        if state.cancel is None and not state.forward_only:
            if DEADLINE in state.due and not _fires_before_deadline(driver):
                yield DeadlinePasses()
            yield IsCancelled()

    def make(self, driver: Driver, move: Move) -> list[Decision]:
        """Makes the move; returns what the engine decided, activation by activation."""
        saga = driver.saga_id
        match move:
            case Succeeds(step, result) | AnswersLate(step, result):
                return [driver.succeed(command_id(saga, step), result)]
            case IsRefused(step, refusal):
                return [driver.refuse(command_id(saga, step), refusal)]
            case FailsForGood(step, doubtful):
                waited = _unanswered(driver, step) if doubtful else []
                return [*waited, driver.fail(command_id(saga, step))]
            case TimesOut(step):
                return _times_out(driver, step)
            case SignalComes(name, value):
                return [driver.signal(name, value)]
            case TriedAgain(name, value):
                return [driver.advance(driver.signalled(name, value))]
            case UpdateComes(name, value):
                return [driver.update(name, value)]
            case TimePasses():
                return [_pass(driver, _next_timer(driver))]
            case DeadlinePasses():
                return [_pass_deadline(driver)]
            case IsCancelled():
                return [driver.cancel()]
            case UndoSucceeds(step):
                return [driver.succeed(_undo(driver, step))]
            case UndoFails(step):
                return [driver.fail(_undo(driver, step))]
            case UndoIsHeld(step):
                return _uses_up(driver, step)
            case _:
                assert_never(move)


def is_between_attempts(event: Event) -> bool:
    """Whether it is about an attempt only: neither the code nor the way back changes by it."""
    return isinstance(event, _BETWEEN_ATTEMPTS)


def _command(driver: Driver, step: Step) -> "Command[..., Any]":
    command = driver.definition.command(step.command) or driver.definitions.command(step.command)
    assert command is not None, "a saga that is explored calls the contracts of its own definition"
    return command.overridden(step.override)


def _undo(driver: Driver, step: int) -> str:
    return driver.state.steps[step].undo_sent_as(driver.saga_id)


def _next_timer(driver: Driver) -> int | None:
    """When the saga's next timer fires, or its deadline passes, if that still matters."""
    state = driver.state
    first = state.due.first_of(Due.TIMER)
    times = [] if first is None else [first[0]]
    deadline = state.due.at(DEADLINE)
    if deadline is not None and not state.forward_only:
        times.append(deadline)
    return min(times, default=None)


def _fires_before_deadline(driver: Driver) -> bool:
    """A timer of the first activation does, however long everything else takes."""
    due, deadline = driver.state.due, driver.state.due.at(DEADLINE) or 0
    first = [event.timer for event in driver.rows[0] if isinstance(event, TimerStarted)]
    return any(0 < (due.at((Due.TIMER, timer)) or 0) <= deadline for timer in first)


def _pass(driver: Driver, until: int | None, silent: int = 0) -> Decision:
    """The clock moves on. Every attempt that is out is said to be at work, except that of the silent step."""
    assert until is not None, "this move is open when something is due"
    driver.now = max(driver.now, until)
    facts: list[Fact] = [
        Reply(command_id(driver.saga_id, number), step.attempt, Progress(NULL))
        for number in sorted(driver.state.in_flight)
        if number != silent
        and (step := driver.state.steps[number]).forward is Forward.PENDING
        and (due := driver.state.due.at((Due.STEP, number))) is not None
        and due <= driver.now
    ]
    return driver.advance(*facts, WakeUp())


def _pass_deadline(driver: Driver) -> Decision:
    """Whatever was answered so far is said to have taken so long that the deadline passes here, and not later."""
    deadline = driver.state.due.at(DEADLINE)
    assert deadline is not None, "this move is open when there is a deadline"
    driver.take_longer(deadline - 1 - driver.now)
    return _pass(driver, deadline)


def _times_out(driver: Driver, step: int) -> list[Decision]:
    """Time passes until the step is given up, or something else happens before."""
    decisions: list[Decision] = []
    for _ in range(MOST_WAKES):
        due = driver.state.due.at((Due.STEP, step))
        timer = _next_timer(driver)
        decision = _pass(driver, due if timer is None or due is None else min(due, timer), step)
        decisions.append(decision)
        if not all(map(is_between_attempts, decision.events)):
            break
    return decisions


def _uses_up(driver: Driver, step: int) -> list[Decision]:
    """The undo's attempts fail, one after the other, until it is held, or something else happens before."""
    decisions: list[Decision] = []
    for _ in range(MOST_WAKES):
        if driver.state.steps[step].back is Back.PENDING:
            decision = driver.fail(_undo(driver, step), retryable=True)
        else:
            due = driver.state.due.at((Due.UNDO, step))
            timer = _next_timer(driver)
            decision = _pass(driver, due if timer is None or due is None else min(due, timer))
        decisions.append(decision)
        if not all(map(is_between_attempts, decision.events)):
            break
    return decisions


def _unanswered(driver: Driver, step: int) -> Sequence[Decision]:
    """The attempt that is out is never answered, and the next one is sent; unless something else happens before."""
    attempt = driver.state.steps[step].attempt
    decisions: list[Decision] = []
    while driver.state.steps[step].attempt == attempt and driver.state.steps[step].in_flight:
        decisions.append(_pass(driver, driver.state.due.at((Due.STEP, step)), step))
        if not all(map(is_between_attempts, decisions[-1].events)):
            break
    return decisions
