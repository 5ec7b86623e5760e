"""What can happen to a saga from outside. All facts enter by the intake; the engine turns them into events."""

import msgspec

from contracts.answers import Answer


class Start(msgspec.Struct, frozen=True, gc=False):
    """Somebody asked for a saga. Idempotent: the same id and input again is the same saga."""

    definition: str
    version: int
    """The version to begin with; an existing saga keeps its own."""
    input: msgspec.Raw
    """Checked against the definition's input type already."""
    traceparent: str | None = None


class Reply(msgspec.Struct, frozen=True, gc=False):
    """A participant answered a command or an undo."""

    command_id: str
    attempt: int
    answer: Answer


class WakeUp(msgspec.Struct, frozen=True, gc=False):
    """The time came: whatever is due now (timers, deadlines, retries) happens."""


class Cancel(msgspec.Struct, frozen=True, gc=False):
    """Somebody wants the saga undone."""

    reason: str = ""


class Resume(msgspec.Struct, frozen=True, gc=False):
    """A person, or newly deployed code, asks a parked saga to go on. An undo that was given up gets a new budget."""


Fact = Start | Reply | WakeUp | Cancel | Resume


class Accepted(msgspec.Struct, frozen=True, gc=False):
    """The fact is in the history."""


class Known(msgspec.Struct, frozen=True, gc=False):
    """Nothing changed: the history has it already."""


class Conflict(msgspec.Struct, frozen=True, gc=False):
    """The fact contradicts the history; nothing changed. The message says how, and what to do."""

    message: str


class Ignored(msgspec.Struct, frozen=True, gc=False):
    """The fact belongs to nothing (unknown saga or step, stale attempt, ended saga); nothing changed."""

    reason: str


Verdict = Accepted | Known | Conflict | Ignored
"""What became of one fact."""
