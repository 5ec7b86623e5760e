"""What can happen to a saga from outside. All facts enter by the intake; the engine turns them into events."""

from typing import Literal

import msgspec

from contracts.answers import Answer
from contracts.attributes import Attributes
from contracts.failures import Problem
from coordinator.history.started import Parent


class Signal(msgspec.Struct, frozen=True, gc=False):
    """Somebody sends a value to the saga's code. The same id again is the same signal."""

    name: str
    id: str
    value: msgspec.Raw
    """JSON that can be kept; whether it fits the signal's type is for the engine to see."""


class Update(msgspec.Struct, frozen=True, gc=False):
    """Somebody asks the saga's code for something. The same id again is the same update."""

    name: str
    id: str
    value: msgspec.Raw
    """JSON that can be kept; whether it fits the update's type is for the engine to see."""


class Start(msgspec.Struct, frozen=True, gc=False):
    """Somebody asked for a saga. Idempotent: the same id and input again is the same saga."""

    definition: str
    version: int
    """The version to begin with; an existing saga keeps its own."""
    input: msgspec.Raw
    """Checked against the definition's input type already."""
    traceparent: str | None = None
    sent: Signal | Update | None = None
    """In the same breath: to the saga that begins, or to the one that this start asks for and that is there. Where the
    update is refused, no saga begins."""
    attributes: Attributes | None = None
    """By which lists find the saga. They count where it begins, and are not part of what makes two starts the same."""
    parent: Parent | None = None
    """A saga asks for it, as a step of its own. The same step again is the same saga; what it answers is in the
    verdict."""


class Reply(msgspec.Struct, frozen=True, gc=False):
    """A participant answered a command or an undo."""

    command_id: str
    attempt: int
    """0: the one that is out; somebody answers by the command's id alone."""
    answer: Answer


class UndoChild(msgspec.Struct, frozen=True, gc=False):
    """The saga of which this one is a step goes back: what the step did is to be undone, or never to happen."""

    command_id: str
    """Of the step, not of its undo."""
    attempt: int
    cause: Problem
    start: Start | None
    """What the step asked for: a saga that never began is written down as one that never will. None: the definition is
    not deployed here."""


class WakeUp(msgspec.Struct, frozen=True, gc=False):
    """The time came: whatever is due now (timers, deadlines, retries) happens."""


class Cancel(msgspec.Struct, frozen=True, gc=False):
    """Somebody wants the saga undone."""

    reason: str = ""


class Pause(msgspec.Struct, frozen=True, gc=False):
    """A person halts the saga: nothing is sent, timers and deadlines stand still, what comes is kept."""

    reason: str = ""


class Resume(msgspec.Struct, frozen=True, gc=False):
    """A person, or newly deployed code, asks a paused or parked saga to go on. An undo that was given up gets a new
    budget."""

    reason: str = ""


class Terminate(msgspec.Struct, frozen=True, gc=False):
    """A person ends the saga where it stands. Nothing is undone."""

    reason: str


class RetryStep(msgspec.Struct, frozen=True, gc=False):
    """A person has the step, or its undo, tried again now; an undo that was given up gets a new budget."""

    step: int
    undo: bool
    reason: str = ""


class GiveResult(msgspec.Struct, frozen=True, gc=False):
    """A person answers for the participant: the step did what it is for, with this result."""

    step: int
    result: msgspec.Raw
    reason: str


class ConfirmUndo(msgspec.Struct, frozen=True, gc=False):
    """A person has undone what the step did, without the participant."""

    step: int
    reason: str


class SkipUndo(msgspec.Struct, frozen=True, gc=False):
    """A person decides that what the step did is not to be undone."""

    step: int
    reason: str


Repair = RetryStep | GiveResult | ConfirmUndo | SkipUndo
"""What a person can do about one step."""

Fact = Start | UndoChild | Reply | WakeUp | Signal | Update | Cancel | Pause | Resume | Terminate | Repair


class Accepted(msgspec.Struct, frozen=True, gc=False):
    """The fact is in the history."""

    existing: bool = False
    """Of a start with a signal or an update: the saga was there before, and has it."""
    answer: Answer | None = None
    """For the parent of the saga, at once; None: there is no parent, or it hears of it later."""


class Known(msgspec.Struct, frozen=True, gc=False):
    """Nothing changed: the history has it already."""

    answer: Answer | None = None
    """For the saga that asked, at once."""


class Conflict(msgspec.Struct, frozen=True, gc=False):
    """The fact contradicts the history; nothing changed. The message says how, and what to do."""

    message: str
    other_input: bool = False
    """Of a start: the saga was started with another input."""


class Unfit(msgspec.Struct, frozen=True, gc=False):
    """The fact does not fit the saga's definition; nothing changed."""

    message: str
    """What does not fit: a sentence; about a value, as a decoder says it."""
    what: Literal["name", "id", "value", "result"] = "value"
    """Which part of the fact."""


class Declined(msgspec.Struct, frozen=True, gc=False):
    """The saga's code refuses the update; nothing changed."""

    problem: Problem

    @property
    def message(self) -> str:
        """A sentence."""
        return f"The saga refuses the update: {self.problem.in_words.rstrip('.')}."


class Ignored(msgspec.Struct, frozen=True, gc=False):
    """The fact belongs to nothing (unknown saga or step, stale attempt, ended saga); nothing changed."""

    reason: str


Verdict = Accepted | Known | Conflict | Unfit | Declined | Ignored
"""What became of one fact."""
