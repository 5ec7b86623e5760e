"""What one activation of a saga decided, sorted by where it goes."""

from typing import Literal

import msgspec

from contracts.answers import Answer
from coordinator.engine.facts import Verdict
from coordinator.engine.shown import Shown
from coordinator.engine.status import Status
from coordinator.history.events import Event
from coordinator.history.rounds import SagaContinued


class Send(msgspec.Struct, frozen=True, gc=False):
    """One attempt of a command or an undo to be sent."""

    command_id: str
    participant: str
    type: str
    """``flights.reserve``, for its undo too."""
    direction: Literal["forward", "undo"]
    attempt: int
    value: bytes
    """JSON, ready to travel."""
    deadline: int | None
    undo: str | None = None
    """Which of the command's undos, by name; None: the declared one."""
    local: bool = False
    """It does not travel: the coordinator runs it itself."""
    child: str | None = None
    """It goes to the coordinators: the id of the saga that is called, or undone."""
    registered: bool = False
    """The saga registered it as an undo: a forward command to whoever gets it, though the saga goes back."""
    progress: bytes | None = None
    """JSON: how far earlier attempts got, if one of them has told."""

    @property
    def undoes(self) -> bool:
        """It belongs to the way back."""
        return self.direction == "undo" or self.registered

    @property
    def in_words(self) -> str:
        """As people read it."""
        return self.type if not self.undoes else f"the undo {'' if self.registered else 'of '}{self.type}"


class ToParent(msgspec.Struct, frozen=True, gc=False):
    """What the saga whose step this one is has to hear."""

    saga_id: str
    """The parent's."""
    command_id: str
    """The step, or its undo."""
    attempt: int
    answer: Answer
    partition: int | None
    """Of the replies' topic; None: the one of the parent's id."""


class Decision(msgspec.Struct, frozen=True, gc=False):
    """Goes into one transaction as a whole, or not at all."""

    saga_id: str
    seq: int
    """The row of the history to write: 1 for a saga that begins."""
    events: tuple[Event, ...]
    """None: nothing is to be written."""
    sends: tuple[Send, ...]
    """Commands for the outbox."""
    status: Status
    wake_at: int | None
    """Next time, in ms, that something is due; None: nothing is."""
    verdicts: tuple[Verdict, ...]
    """One for each fact given, in order."""
    outcome: bytes | None = None
    """Once ended or parked: the result, or the problem, as a JSON object (``{"result": …}``, or ``{"problem": …}``
    with what sort of ``cause`` it is)."""
    parked_for: str | None = None
    """While parked: what has to be mended (see ``history.parking``)."""
    shown: Shown | None = None
    """What lists show of the saga from here on; None: as before."""
    answers: tuple[ToParent, ...] = ()
    """For the outbox too."""
    moves: int = 0
    """How many notices of the saga there may have been, with those of this decision's events."""
    first_row: int = 1
    """The row with which the round began that the saga was in."""
    round_at: int | None = None
    """Place of the event, if there is one, with which another round begins: none before it is kept, here or in the rows
    before."""

    @property
    def continued(self) -> SagaContinued | None:
        """How the round begins that stands now, if it begins here."""
        if self.round_at is None:
            return None
        event = self.events[self.round_at]
        return event if isinstance(event, SagaContinued) else None
