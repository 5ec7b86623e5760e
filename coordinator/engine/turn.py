"""The work of one activation: events as they are decided, taken in at once, and told to the code."""

import traceback
from collections.abc import Sequence
from typing import Any

from contracts.command import Command
from coordinator.engine.decision import Send
from coordinator.engine.evolve import evolve
from coordinator.engine.feed import Fed, UnreadableInput, feed
from coordinator.engine.live import Live
from coordinator.engine.run import Run
from coordinator.engine.sends import send_of
from coordinator.engine.state import SagaState
from coordinator.history.events import Asked, Event
from coordinator.history.parking import ParkedFor, SagaParked
from coordinator.saga.definition import SagaDefinition
from coordinator.saga.definitions import Definitions


class Turn:
    """State and code of one saga, and what is decided about it now."""

    def __init__(
        self, saga_id: str, state: SagaState, run: Run | None, log: list[Event], definitions: Definitions, now: int
    ) -> None:
        self.saga_id = saga_id
        self.state = state
        self.run = run
        self.log = log
        """The events before this turn, as far as they are still needed: for a saga that may be resumed."""
        self.definitions = definitions
        self.now = now
        self.events: list[Event] = []
        self.sends: list[Send] = []
        self.live = Live(state, self.record)
        self.live.now = now
        if run is not None:
            run.attend(self.live)

    def record(self, event: Event) -> None:
        """The event happens: to the state, and to the code if it is one of those that the code hears of."""
        evolve(self.state, event)
        self.events.append(event)
        send = send_of(self.saga_id, self.state, event)
        if send is not None:
            self.sends.append(send)
        if self.run is not None and isinstance(event, Fed):
            try:
                feed(self.run, self.definition, event)
            except UnreadableInput as error:
                self.park("code", str(error))

    def adopt(self, state: SagaState, run: Run) -> None:
        """State and code as a replay brought them forth take the place of those there were."""
        self.state, self.run = state, run
        self.live = Live(state, self.record)
        self.live.now = self.now
        run.attend(self.live)

    def take_in(self, tail: Sequence[Asked]) -> None:
        """Events that mended code asked for while it was replayed: the state has them already."""
        self.events.extend(tail)
        self.sends.extend(send for event in tail if (send := send_of(self.saga_id, self.state, event)) is not None)

    def park(self, why: ParkedFor, message: str) -> None:
        """The saga needs a person. Where it is for its code, the code is thrown away until it is resumed."""
        self.record(SagaParked(why, message, self.now))
        if self.state.code_stopped:
            self.drop_code()

    def park_for_bug(self, error: BaseException) -> None:
        """The code raised something that is no answer to anything."""
        lines = traceback.format_exception(error)
        self.park(
            "code",
            f"The saga's code raised {type(error).__name__}: {error}. That is a bug, not a no, so nothing was undone: "
            "deploy mended code and the saga goes on from here, or cancel it to undo what it did.\n"
            + "".join(lines[-6:]),
        )

    def drop_code(self) -> None:
        """The code is not needed any more."""
        if self.run is not None:
            self.run.close()
            self.run = None

    def command(self, type: str) -> "Command[..., Any] | None":
        """The command's contract, if it is deployed."""
        return self.definitions.command(type)

    @property
    def definition(self) -> SagaDefinition:
        """The saga's definition; there is one where there is code."""
        definition = self.definitions.get(self.state.definition, self.state.version)
        assert definition is not None, "code runs only with its definition"
        return definition
