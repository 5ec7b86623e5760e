"""The function called again, and fed its log, so that it stands where it stood.

Why a difference can only mean that the code changed:

1. The code sees nothing but its input, the results it is fed, and the loop's clock and order, which the log determines.
2. So the same code, fed the same events one by one and run until idle after each, asks for the same things in the same
   order; `history` has those asks behind the event that caused them, written in the same row, hence all or none.
3. Events that the code does not hear of (retries, undos, parking) may stand between; they are left out of the script.
4. So the first ask that differs, an ask too many, and an ask too few each contradict (1): the code is another.

An ask too many behind the last fed event is allowed to a saga that is being resumed: its code stopped there because of
a bug, and the mended code goes further (`tail`).
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from contracts.command import Command
from coordinator.engine.asks import in_words, same, step_issued
from coordinator.engine.evolve import evolve
from coordinator.engine.feed import Fed, UnreadableInput, feed
from coordinator.engine.order import OutOfOrder, order_error
from coordinator.engine.run import new_run
from coordinator.engine.state import SagaState
from coordinator.history.events import Asked, Event
from coordinator.history.steps import StepAbandoned
from coordinator.history.timers import TimerCancelled, TimerStarted
from coordinator.saga.definition import SagaDefinition


class CodeMismatch(Exception):
    """The code no longer asks for what the log says it asked for."""


class Replay:
    """The script of one replay: what the code asks for is compared with the log."""

    def __init__(
        self, saga_id: str, definition: SagaDefinition, log: Sequence[Event], state: SagaState, tail_at: int | None
    ) -> None:
        self.run = new_run(saga_id, definition, self)
        self.tail: list[Asked] = []
        """What the code asks for beyond the log."""
        self._definition = definition
        self._log = log
        self._script = [event for event in log if isinstance(event, Fed | Asked)]
        self._next = 0
        self._state = state
        self._tail_at = tail_at
        self._mismatch: CodeMismatch | None = None

    def play(self) -> None:
        """Brings state and run to the end of the log. Raises CodeMismatch."""
        for position, event in enumerate(self._log):
            if isinstance(event, Asked):
                continue  # taken in when the code asked for it; found missing at the next event that is fed, or the end
            if isinstance(event, Fed):
                self._expect(event, position)
            evolve(self._state, event)
            if isinstance(event, Fed):
                self._feed(event)
        self._expect(None, len(self._log))

    def _feed(self, event: Event) -> None:
        try:
            feed(self.run, self._definition, event)
        except UnreadableInput as error:
            raise CodeMismatch(str(error)) from error
        except KeyError as error:
            raise self._differs(event, "nobody who waits for it") from error
        if self._mismatch is not None:
            raise self._mismatch

    def _expect(self, event: Event | None, position: int) -> None:
        """The code has asked for all that stands before this event in the log."""
        found = self._script[self._next] if self._next < len(self._script) else None
        if found is not event:
            raise self._differs(found, "nothing", position)
        self._next += 1

    def _differs(self, expected: object, found: str, position: int | None = None) -> CodeMismatch:
        number = position if position is not None else self._next
        return CodeMismatch(
            f"The code of {self._definition.name} version {self._definition.version} does not fit this saga's history. "
            f"Expected (event {number + 1} of the log): {in_words(expected)}. Found: the code asks for {found}. "
            f"Deploy the code of version {self._definition.version} as it was, or give the change a new version; "
            "the saga goes on when it fits again. Nothing is lost."
        )

    def _ask(self, asked: Asked) -> bool:
        """Whether the ask is as the log has it, or may go beyond it."""
        if self._mismatch is not None:
            return False
        logged = self._script[self._next] if self._next < len(self._script) else None
        if same(asked, logged):
            self._next += 1
            evolve(self._state, self._script[self._next - 1])
            return True
        if logged is None and self._tail_at is not None:
            self.tail.append(asked)
            evolve(self._state, asked)
            return True
        self._mismatch = self._differs(logged, in_words(asked))
        self.run.stopped = True
        return False

    # --- Script

    def issue(self, step: int, command: "Command[..., Any]", arguments: msgspec.Raw) -> OutOfOrder | None:
        """See Script."""
        asked = step_issued(step, command, arguments, self._tail_at or self.run.now_ms)
        logged = self._script[self._next] if self._next < len(self._script) else None
        if not same(asked, logged):
            # Where the log has another, the command may have been refused its place back then too.
            error = order_error(self._state, command)
            if error is not None:
                return error
        self._ask(asked)
        return None

    def abandon(self, step: int) -> None:
        """See Script."""
        self._ask(StepAbandoned(step, self._tail_at or self.run.now_ms))

    def start_timer(self, timer: int, due: int) -> None:
        """See Script."""
        self._ask(TimerStarted(timer, self._tail_at or self.run.now_ms, due))

    def cancel_timer(self, timer: int) -> None:
        """See Script."""
        self._ask(TimerCancelled(timer, self._tail_at or self.run.now_ms))
