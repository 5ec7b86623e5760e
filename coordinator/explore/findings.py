"""What is wrong with a saga, each with where it is, what to change and the shortest way that shows it."""

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, get_type_hints

import msgspec

from contracts.command import Undo
from contracts.kinds import Kind
from coordinator.engine.asks import in_words
from coordinator.engine.conclude import NOTHING_TO_COME
from coordinator.engine.decision import Decision
from coordinator.engine.lifecycle import UNKNOWN, Forward
from coordinator.engine.state import SagaState, Step
from coordinator.engine.status import Status
from coordinator.explore.outcome import left_behind, left_doubtful
from coordinator.explore.watched import Misplaced, Place, Watch
from coordinator.history.endings import SagaCompleted
from coordinator.history.events import ASKED, Event
from coordinator.history.parking import SagaParked
from coordinator.history.steps import StepAbandoned, StepFailed, StepIssued, StepRefused, StepSucceeded, StepTimedOut
from coordinator.history.timers import TimerStarted
from coordinator.history.undos import UndoIssued
from coordinator.saga.definition import SagaDefinition


class Kinds(StrEnum):
    """What is looked for."""

    EFFECT_LEFT = "effect_left"
    """It went back, or went through without a step, and something that step may have done stands; nobody is told."""
    MISSING_UNDO = "missing_undo"
    """A command that can be refused has no undo: it is never sent."""
    REFUSABLE_AFTER_PIVOT = "refusable_after_pivot"
    """A command that may be refused is called past the point of no return: it is never sent."""
    UNSETTLED_AT_PIVOT = "unsettled_at_pivot"
    """A point of no return is called beside steps that may still fail, or they beside it: one is never sent."""
    UNDO_AFTER_PIVOT = "undo_after_pivot"
    """A step is undone past the point of no return, where sagas only go forward."""
    NO_AFTER_PIVOT = "no_after_pivot"
    """The saga says no past its point of no return: it is parked, and a person has to see to it."""
    SCOPE_AFTER_PIVOT = "scope_after_pivot"
    """A scope is left by a no where it cannot be undone: past the point of no return, or beside one that is out."""
    UNDO_NEEDS_RESULT = "undo_needs_result"
    """An undo does not take None for the result, and the outcome can be unknown."""
    NOT_DETERMINISTIC = "not_deterministic"
    """Two runs of the code, told the same, ask for different things: after a crash it would not fit its history."""
    CODE_STOPS = "code_stops"
    """The code raises what is no answer to anything, or waits for nothing: the saga is parked."""
    CHECK_FAILS = "check_fails"
    """The check of an update does something else than to refuse: nobody's update is taken then."""
    UPDATE_UNANSWERED = "update_unanswered"
    """The handler of an update waits for what nothing will ever bring: the saga cannot end, and is parked."""
    LATE_ANSWER_COUNTS = "late_answer_counts"
    """An answer that came after the undo was sent changed something: a defect of Amends."""
    PARKED_FOR_GOOD = "parked_for_good"
    """Parked for an undo and resumed, it does not end: a defect of Amends."""


class Finding(msgspec.Struct, frozen=True):
    """One thing that is wrong."""

    kind: Kinds
    message: str
    """What is wrong, and what to change."""
    source: str
    """``file:line`` of the call, the undo or the saga's function."""
    path: tuple[str, ...]
    """A shortest way that shows it, move by move."""


class Findings:
    """Findings about one definition; the first of each is kept, and the first is found on a shortest way."""

    def __init__(self, definition: SagaDefinition, watch: Watch) -> None:
        self._definition = definition
        self._watch = watch
        self._found: dict[tuple[Kinds, str], Finding] = {}

    @property
    def all(self) -> tuple[Finding, ...]:
        """In the order in which they were found."""
        return tuple(self._found.values())

    @property
    def function(self) -> str:
        """``file:line`` of the saga's function."""
        return _defined(self._definition.function)

    # --- along the way

    def after(
        self, before_forward_only: bool, events: Sequence[Event], state: SagaState, path: tuple[str, ...]
    ) -> None:
        """Looks at what one move did. ``state`` is the one after it."""
        misplaced = self._watch.take_misplaced()
        for each in misplaced:
            self._misplaced(each, state, path)
        forward_only = before_forward_only
        abandoned: set[int] = set()
        said_no: Step | None = None
        for event in events:
            match event:
                case StepIssued(kind=Kind.RETRIABLE, undoable=False):
                    forward_only = True
                case StepSucceeded(step) if state.steps[step].kind is Kind.PIVOT:
                    forward_only = True
                case StepAbandoned(step) if forward_only:
                    abandoned.add(step)
                case UndoIssued(step):
                    self._undo(state.steps[step], forward_only and step in abandoned, path)
                case StepRefused(step) | StepFailed(step) | StepTimedOut(step):
                    said_no = state.steps[step]
                case SagaParked(why="forward_only") if not misplaced:
                    self._no_after_pivot(said_no, path)
                case SagaParked(why="code", message=message):
                    if message == NOTHING_TO_COME and state.updates.open:
                        self._unanswered(state, path)
                    else:
                        self._code_stops(message, path)
                case _:
                    pass

    def differs(self, one: Sequence[Decision], other: Sequence[Decision], path: tuple[str, ...]) -> None:
        """Two runs decided differently."""
        first, second = ([event for each in run for event in each.events] for run in (one, other))
        shown = next(
            ((_shown(a), _shown(b)) for a, b in zip(first, second, strict=False) if a != b),
            ("nothing more", "something more") if len(first) < len(second) else ("something more", "nothing more"),
        )
        self.unfit(f"Of two runs that were told the same, one comes to {shown[0]} and the other to {shown[1]}", path)

    def unfit(self, what: str, path: tuple[str, ...]) -> None:
        """The code does not fit its own history."""
        what = what.partition(" Deploy ")[0]  # the code is deployed: what does not fit is the code itself
        remedy = (
            "A saga may depend on its input, on what steps answer and signals bring, and on its loop's clock, and on "
            "nothing else: let a step draw what is random and read what is outside, and sort what has no order."
        )
        self._add(Kinds.NOT_DETERMINISTIC, f"{what.rstrip('.')}. {remedy}", self.function, path)

    def looked(self, failed: Mapping[str, str], path: tuple[str, ...]) -> None:
        """It was looked which updates the code takes: of these names, checks did something else than to refuse."""
        self._watch.take_misplaced()  # by updates that have not come
        for name, message in failed.items():
            where = self._where(self._watch.checks.get(name))
            remedy = "Let it raise Refused where it says no, and change nothing."
            self._add(Kinds.CHECK_FAILS, f"{message.rstrip('.')}. {remedy}", where, path)

    def late_answer(self, command: str, path: tuple[str, ...]) -> None:
        """A late answer changed something."""
        message = (
            f"A late answer to {command}, whose undo was sent, changed the saga. This is a defect of Amends: report it."
        )
        self._add(Kinds.LATE_ANSWER_COUNTS, message, self.function, path)

    def parked_for_good(self, path: tuple[str, ...]) -> None:
        """A person resumed it and its undos were done, and it did not end."""
        message = "Parked for an undo and resumed, the saga does not end. This is a defect of Amends: report it."
        self._add(Kinds.PARKED_FOR_GOOD, message, self.function, path)

    def at_end(self, state: SagaState, path: tuple[str, ...]) -> None:
        """Looks at what an end leaves behind."""
        if not state.status.ended:
            return
        for step in left_doubtful(self._definition, state):
            if step.left_standing:
                continue
            message = (
                f"The saga ends as {state.status}, though {step.command} may have had an effect: it was given up after "
                "an attempt that was never answered, and has no undo. Declare one: of a pivot, it is used only while "
                "nobody knows whether it happened."
            )
            self._add(Kinds.EFFECT_LEFT, message, self._place(step), path)
        if state.status is not Status.COMPLETED:
            for step in left_behind(self._definition, state):
                if step.left_standing:
                    continue
                message = f"The saga ends as {state.status}, and what {step.command} did stands. Declare its undo."
                self._add(Kinds.EFFECT_LEFT, message, self._place(step), path)

    # --- one by one

    def _no_after_pivot(self, step: Step | None, path: tuple[str, ...]) -> None:
        if step is None:
            what, remedy = "The saga says no", "Let it say so before the pivot, or go forward all the same."
        else:
            what = f"The saga does not catch that {step.command} {_gone(step)}"
            remedy = "Catch it and go forward, or call it before the pivot."
        message = f"{what} past its point of no return: it is parked, and a person has to see to it. {remedy}"
        self._add(Kinds.NO_AFTER_PIVOT, message, self.function if step is None else self._place(step), path)

    def _code_stops(self, message: str, path: tuple[str, ...]) -> None:
        sentence, _, trace = message.partition("\n")
        lines = re.findall(r'File "(.+)", line (\d+)', trace)
        own = [line for line in lines if line[0] == self._definition.function.__code__.co_filename] or lines
        source = str(Place.of(own[-1][0], int(own[-1][1]))) if own else self.function
        self._add(Kinds.CODE_STOPS, sentence, source, path)

    def _unanswered(self, state: SagaState, path: tuple[str, ...]) -> None:
        names = list(state.updates.ids.values())
        for name in sorted({names[number - 1] for number in state.updates.open}):
            message = (
                f"The update {name} is taken and never answered: its handler waits for something that nothing will "
                "ever bring, and the saga, whose own code is through, waits for the handler. Let the code bring it "
                "before it ends, or let the handler wait for so long only."
            )
            self._add(Kinds.UPDATE_UNANSWERED, message, self._where(self._watch.handlers.get(name)), path)

    def _misplaced(self, misplaced: Misplaced, state: SagaState, path: tuple[str, ...]) -> None:
        if misplaced.scope:
            kind = Kinds.SCOPE_AFTER_PIVOT
        elif misplaced.without_undo:
            kind = Kinds.MISSING_UNDO
        elif state.forward_only:
            kind = Kinds.REFUSABLE_AFTER_PIVOT
        else:
            kind = Kinds.UNSETTLED_AT_PIVOT
        self._add(kind, misplaced.message, str(misplaced.place), path)

    def _undo(self, step: Step, after_pivot: bool, path: tuple[str, ...]) -> None:
        command = None if step.registered else self._definition.command(step.command)
        undo = None if command is None else command.undo_named(step.other_undo)
        if undo is None:
            return
        if after_pivot:
            message = (
                f"{step.command} is no longer waited for past the point of no return, and so {undo.name} undoes it. "
                "Wait for it, or let it have no undo: then it goes on alone."
            )
            self._add(Kinds.UNDO_AFTER_PIVOT, message, self._place(step), path)
        if step.forward in UNKNOWN and not _takes_none(undo):
            message = (
                f"{undo.name} undoes {step.command} and does not take None for its result, but it {_gone(step)}: "
                "then nobody knows whether it happened, and there is no result. Let it take `… | None`, and find "
                "what there is to undo by the command's id or its arguments."
            )
            self._add(Kinds.UNDO_NEEDS_RESULT, message, _defined(undo.method), path)

    def _add(self, kind: Kinds, message: str, source: str, path: tuple[str, ...]) -> None:
        """The same kind at the same line is one finding."""
        self._found.setdefault((kind, source), Finding(kind, message, source, path))

    def _place(self, step: Step) -> str:
        return self._where(self._watch.places.get((step.number, step.command)))

    def _where(self, place: Place | None) -> str:
        return self.function if place is None else str(place)


def _takes_none(undo: Undo) -> bool:
    hints = get_type_hints(undo.method)
    result = list(undo.method.__code__.co_varnames[: undo.method.__code__.co_argcount])[-1]
    try:
        msgspec.convert(None, hints.get(result, Any))
    except msgspec.ValidationError:
        return False
    return True


def _gone(step: Step) -> str:
    match step.forward:
        case Forward.TIMED_OUT:
            return "can time out"
        case Forward.FAILED:
            return "can fail"
        case Forward.REFUSED:
            return "can be refused"
        case _:
            return "can be given up while it is out"


def _shown(event: Event) -> str:
    match event:
        case StepIssued(arguments=arguments):
            return f"{in_words(event)} {bytes(arguments).decode()}"
        case SagaCompleted(result):
            return f"the result {bytes(result).decode()}"
        case TimerStarted(timer, at, due):
            return f"timer {timer} of {(due - at) / 1_000:g} s"
        case _:
            return in_words(event) if isinstance(event, ASKED) else type(event).__name__


def _defined(function: Any) -> str:
    code = function.__code__
    return str(Place.of(code.co_filename, code.co_firstlineno))
