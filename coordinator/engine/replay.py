"""The function called again, and fed its log, so that it stands where it stood.

Why a difference can only mean that the code changed:

1. The code sees nothing but its input, the results it is fed, and the loop's clock and order, which the log determines.
2. So the same code, fed the same events one by one and run until idle after each, asks for the same things in the same
   order; `history` has those asks behind the event that caused them, written in the same row, hence all or none.
3. Events that the code does not hear of (retries, undos, parking) may stand between; they are left out of the script,
   but what was asked for before them has been asked for by then.
4. So the first ask that differs, an ask too many, and an ask too few each contradict (1): the code is another.

An ask too many behind the last fed event is allowed to a saga that is being resumed after its code raised: it stopped
there because of a bug, and the mended code goes further (`tail`).
"""

from collections import deque
from collections.abc import Generator, Mapping, Sequence
from typing import Any

import msgspec

from contracts.attributes import AttributeValue
from contracts.command import Command
from contracts.failures import Problem
from coordinator.engine.agenda import DEADLINE
from coordinator.engine.asks import in_words, same, step_issued, undo_registered
from coordinator.engine.evolve import evolve
from coordinator.engine.feed import FED, UnreadableInput, feed
from coordinator.engine.order import OutOfOrder, order_error, undo_error
from coordinator.engine.run import new_run
from coordinator.engine.shown import NOTHING, changes
from coordinator.engine.state import SagaState
from coordinator.engine.times import within
from coordinator.engine.unreadable import Unreadable
from coordinator.history.deadlines import DeadlineExtended
from coordinator.history.events import ASKED, Asked, Event, Noted
from coordinator.history.patches import PatchTaken
from coordinator.history.scopes import ScopeOpened, ScopeUndoStarted
from coordinator.history.shown import AttributesSet, StatusSet
from coordinator.history.signals import SignalAbandoned, SignalAwaited, SignalTaken
from coordinator.history.steps import StepAbandoned
from coordinator.history.timers import TimerCancelled, TimerFired, TimerStarted
from coordinator.history.updates import UpdateAnswered, UpdateRefused
from coordinator.saga.definition import SagaDefinition


class CodeMismatch(Exception):
    """The code no longer asks for what the log says it asked for."""


class Replay:
    """The script of one replay: what the code asks for is compared with the log."""

    def __init__(
        self, saga_id: str, definition: SagaDefinition, log: Sequence[Event], state: SagaState, tail_at: int | None
    ) -> None:
        self.run = new_run(saga_id, definition)
        self.run.script = self
        self.tail: list[Asked | Noted] = []
        """What the code asks for beyond the log."""
        self._definition = definition
        self._log = log
        self._script = [event for event in log if type(event) in FED or isinstance(event, ASKED)]
        self._patches = {event.name for event in log if isinstance(event, PatchTaken)}
        self._line: str | None = None
        self._attributes: dict[str, AttributeValue | None] = {}
        """What the code has shown since it last heard of anything."""
        self._next = 0
        self._state = state
        self._tail_at = tail_at
        self._mismatch: CodeMismatch | None = None

    def play(self) -> None:
        """Brings state and run to the end of the log. Raises CodeMismatch."""
        deque(self.playing(), maxlen=0)

    def playing(self) -> Generator[None]:
        """The same, an event at a time: other work may be done between two. Closed before the end, it throws the code
        away."""
        passed = 0
        try:
            for event in self._log:
                if type(event) in FED:
                    self._expect(event)
                    evolve(self._state, event)
                    self._feed(event)
                    passed += 1
                elif isinstance(event, ASKED):  # taken in when the code asks for it
                    passed += 1
                elif self._next < passed:
                    raise self._differs(self._logged, "the code asks for nothing")
                else:
                    evolve(self._state, event)
                yield
            self._expect(None)
            self._show()
        except (CodeMismatch, GeneratorExit):
            self.run.discard()
            raise

    def _feed(self, event: Event) -> None:
        if isinstance(event, TimerFired) and not self.run.has_timer(event.timer):
            raise self._differs(event, "the code does not wait for it")
        self._line, self._attributes = None, {}
        try:
            feed(self.run, event)
        except UnreadableInput as error:
            raise CodeMismatch(str(error)) from error
        if isinstance(self.run.error, Unreadable):
            raise CodeMismatch(str(self.run.error))
        if self._mismatch is not None:
            raise self._mismatch

    def _show(self) -> None:
        """Mended code shows something else where it stands now. What code showed earlier is not asked again."""
        if self._tail_at is None:
            return
        shown = self._state.shown or NOTHING
        noted: list[StatusSet | AttributesSet] = []
        if self._line is not None and self._line != shown.line:
            noted.append(StatusSet(self._line, self._tail_at))
        if changed := changes(shown, self._attributes):
            noted.append(AttributesSet(changed, self._tail_at))
        for event in noted:
            self.tail.append(event)
            evolve(self._state, event)

    def _expect(self, event: Event | None) -> None:
        """The code has asked for all that stands before this event in the log."""
        logged = self._logged
        if logged is not event:
            raise self._differs(logged, "the code asks for nothing")
        self._next += 1

    @property
    def _logged(self) -> Event | None:
        """What stands next in the script."""
        return self._script[self._next] if self._next < len(self._script) else None

    def _differs(self, expected: Event | None, found: str) -> CodeMismatch:
        """The code is another. Counts the events of the whole log, as people see it."""
        number = next((n for n, event in enumerate(self._log, 1) if event is expected), len(self._log) + 1)
        return CodeMismatch(
            f"The code of {self._definition.name} version {self._definition.version} does not fit this saga's history. "
            f"Expected (event {number} of the history): {in_words(expected)}. Found: {found}. "
            f"Deploy the code of version {self._definition.version} as it was, or give the change a new version; "
            "the saga goes on when it fits again. Nothing is lost."
        )

    def _ask(self, asked: Asked) -> None:
        """The ask must be as the log has it, or may go beyond it."""
        if self._mismatch is not None:
            return
        logged = self._logged
        if logged is not None and same(asked, logged):
            self._next += 1
            evolve(self._state, logged)
        elif logged is None and self._tail_at is not None:
            self.tail.append(asked)
            evolve(self._state, asked)
        else:
            self._mismatch = self._differs(logged, f"the code asks for {in_words(asked)}")
            self.run.stopped = True

    # --- Script

    def issue(
        self, step: int, command: "Command[..., Any]", arguments: msgspec.Raw, scope: int | None, child: str | None
    ) -> OutOfOrder | None:
        """See Script."""
        asked = step_issued(step, command, arguments, scope, child, self._tail_at or self.run.now_ms)
        if not same(asked, self._logged):
            # Where the log has another, the command may have been refused its place back then too.
            error = order_error(self._state, command)
            if error is not None:
                return error
        self._ask(asked)
        return None

    def register(
        self, step: int, command: "Command[..., Any]", arguments: msgspec.Raw, scope: int | None, child: str | None
    ) -> None:
        """See Script."""
        self._ask(undo_registered(step, command, arguments, scope, child, self._tail_at or self.run.now_ms))

    def abandon(self, step: int) -> None:
        """See Script."""
        self._ask(StepAbandoned(step, self._tail_at or self.run.now_ms))

    def start_timer(self, timer: int, due: int) -> None:
        """See Script."""
        now = self._tail_at or self.run.now_ms
        self._ask(TimerStarted(timer, now, within(now, due + now - self.run.now_ms)))

    def cancel_timer(self, timer: int) -> None:
        """See Script."""
        self._ask(TimerCancelled(timer, self._tail_at or self.run.now_ms))

    def await_signal(self, wait: int, name: str) -> None:
        """See Script."""
        self._ask(SignalAwaited(wait, name, self._tail_at or self.run.now_ms))

    def take_signal(self, signal: int, wait: int | None) -> None:
        """See Script."""
        self._ask(SignalTaken(signal, self._tail_at or self.run.now_ms, wait))

    def abandon_signal(self, wait: int) -> None:
        """See Script."""
        self._ask(SignalAbandoned(wait, self._tail_at or self.run.now_ms))

    def open_scope(self, scope: int, within: int | None, parallel: bool) -> None:
        """See Script."""
        self._ask(ScopeOpened(scope, self._tail_at or self.run.now_ms, within, parallel))

    def undo_scope(self, scope: int, cause: Problem) -> OutOfOrder | None:
        """See Script."""
        asked = ScopeUndoStarted(scope, cause, self._tail_at or self.run.now_ms)
        if not same(asked, self._logged):
            error = undo_error(self._state, scope)
            if error is not None:
                return error
        self._ask(asked)
        return None

    def extend_deadline(self, by: int, now: int) -> int | None:
        """See Script."""
        due, at = self._state.due.at(DEADLINE), self._tail_at or self.run.now_ms
        if due is None:
            return None if self._state.cancel is None else within(now, now + by)
        self._ask(DeadlineExtended(by, at, within(at, due + by)))
        return self._state.due.at(DEADLINE)

    def take_patch(self, name: str) -> bool:
        """See Script. Code that was here before, and did not ask, has gone the other way.

        The answer does not depend on where the log has it: what follows from it is compared, and a question that the
        code asks no more is none.
        """
        if name in self._patches:
            return True
        if self._tail_at is None or self._logged is not None:
            return False
        taken = PatchTaken(name, self._tail_at)
        self.tail.append(taken)
        evolve(self._state, taken)
        return True

    def show_status(self, line: str) -> None:
        """See Script. Nothing depends on it, so nobody is held to it."""
        self._line = line

    def show_attributes(self, values: Mapping[str, AttributeValue | None]) -> None:
        """See Script."""
        self._attributes.update(values)

    def answer_update(self, update: int, answer: msgspec.Raw) -> None:
        """See Script."""
        self._ask(UpdateAnswered(update, answer, self._tail_at or self.run.now_ms))

    def refuse_update(self, update: int, problem: Problem) -> None:
        """See Script."""
        self._ask(UpdateRefused(update, problem, self._tail_at or self.run.now_ms))
