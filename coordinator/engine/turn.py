"""The work of one activation: events as they are decided, taken in at once, and told to the code."""

from collections.abc import Sequence
from typing import Any

from contracts.command import Command
from coordinator.engine.children import to_parent
from coordinator.engine.decision import Send, ToParent
from coordinator.engine.evolve import evolve, evolved
from coordinator.engine.feed import FED, UnreadableInput, feed
from coordinator.engine.kept import kept_trace, named
from coordinator.engine.live import Live
from coordinator.engine.run import Run
from coordinator.engine.sends import SENDING, send_of
from coordinator.engine.state import SagaState, Step
from coordinator.engine.unreadable import Unreadable
from coordinator.history.events import Asked, Event, Noted
from coordinator.history.parking import ParkedFor, SagaParked
from coordinator.history.rounds import SagaContinued
from coordinator.saga.definitions import Definitions


class Turn(Live):
    """State and code of one saga, and what is decided about it now."""

    __slots__ = ("_told", "answers", "definitions", "events", "log", "round_at", "row", "run", "saga_id", "sends")

    def __init__(
        self,
        saga_id: str,
        state: SagaState,
        run: Run | None,
        log: Sequence[Event],
        definitions: Definitions,
        now: int,
        row: int,
    ) -> None:
        self.saga_id = saga_id
        self.state = state
        self.run = run
        self.log = log
        """The events of the round before this turn, as far as they are still needed: as long as the code may be called
        again."""
        self.definitions = definitions
        self.now = now
        self.row = row
        """The row of the history that this turn writes, if it has anything to write."""
        self.round_at: int | None = None
        """The event, of those of this turn, with which a round began; None: it goes on."""
        self.events: list[Event] = []
        self.sends: list[Send] = []
        self.answers: tuple[ToParent, ...] = ()
        self._told = 0, 0
        """So many events and sends there were when the code was last told of one: the rest is what it asked for."""
        if run is not None:
            run.script = self

    def record(self, event: Event) -> None:
        """The event happens: to the state, and to the code if it is one of those that the code hears of."""
        state = self.state
        evolve(state, event)
        self.events.append(event)
        if type(event) in SENDING and (send := send_of(self.saga_id, state, event)) is not None:
            self.sends.append(send)
        if state.parent is not None and (answer := to_parent(self.saga_id, state, event)) is not None:
            self.answers += (answer,)
        if self.run is not None and type(event) in FED and (state.cancel is None or not state.must_go_back):
            self._told = len(self.events), len(self.sends)
            try:
                feed(self.run, event)
            except UnreadableInput as error:
                self.park("code", str(error), raised=True)

    def begin(self, run: Run) -> None:
        """The saga's code, new or replayed, hears from here on what happens."""
        self.run = run
        run.script = self

    @property
    def round(self) -> list[Event]:
        """All events of the round."""
        return [*self.log, *self.events] if self.round_at is None else self.events[self.round_at :]

    def begin_round(self, event: SagaContinued) -> None:
        """The code, which is to begin it, hears of it. Whatever stands before it is not needed any more."""
        self.round_at = len(self.events)
        self.record(event)

    def forget(self) -> None:
        """Of a saga that was to begin in this turn: it does not. Nothing of it is written."""
        self.drop_code()
        self.state = SagaState()
        self.round_at = None
        self.events.clear()
        self.sends.clear()
        self.answers = ()

    def take_in(self, tail: Sequence[Asked | Noted]) -> None:
        """Events that mended code asked for while it was replayed: the state has them already."""
        self.events.extend(tail)
        self.sends.extend(send for event in tail if (send := send_of(self.saga_id, self.state, event)) is not None)

    def park(self, why: ParkedFor, message: str, *, raised: bool = False) -> None:
        """The saga needs a person. Where it is for its code, the code is thrown away until it is resumed."""
        self.record(SagaParked(why, message, self.now, raised))
        if self.state.code_stopped:
            self.drop_code()

    def park_for_bug(self, error: BaseException) -> None:
        """The code raised something that is no answer to anything, or was answered something that is none.

        What it asked for since it was last told of anything is forgotten: nothing of that was sent yet, and mended
        code, which is told again, need not ask for what broken code did while its blocks were left.
        """
        events, sends = self._told
        if len(self.events) > events:
            del self.events[events:], self.sends[sends:]
            self.state = evolved(self.round)
        if isinstance(error, Unreadable):
            self.park("code", f"{error} {error.remedy}", raised=True)
            return
        self.park(
            "code",
            f"The saga's code raised {named(error)}. That is a bug, not a no, so nothing was undone: deploy mended "
            f"code and the saga goes on from here, or cancel it to undo what it did.\n{kept_trace(error)}",
            raised=True,
        )

    def drop_code(self) -> None:
        """The code is not needed any more."""
        if self.run is not None:
            self.run.discard()
            self.run = None

    def command(self, step: Step) -> "Command[..., Any] | None":
        """The step's command, as its call has it; None if its contract is not deployed.

        It is the one that the saga itself calls, or else any other's.
        """
        definition = self.definitions.get(self.state.definition, self.state.version)
        own = None if definition is None else definition.command(step.command)
        declared = own or self.definitions.command(step.command)
        return None if declared is None else declared.overridden(step.override)
