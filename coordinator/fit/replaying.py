"""An exported history, and whether the code still does what it says."""

from collections.abc import Sequence
from typing import Any, assert_never

import msgspec

from coordinator.engine.bit_by_bit import at_once
from coordinator.engine.rebuild import hearing, never_began, tail_at
from coordinator.engine.replay import CodeMismatch, Replay
from coordinator.engine.run import Continued, Raised, Returned
from coordinator.engine.state import SagaState
from coordinator.fit.history_file import History, read_history
from coordinator.fit.source_line import SourceLines
from coordinator.fit.story import story
from coordinator.fit.whose import whose
from coordinator.history.endings import SagaCompleted
from coordinator.history.events import Event
from coordinator.history.rounds import begun, round_of
from coordinator.history.undos import CompensationStarted
from coordinator.saga.definition import SagaDefinition


class DoesNotFit(AssertionError):
    """The code does not do what the history says."""


class Replayed(msgspec.Struct, frozen=True):
    """A history that the code fits."""

    events: int
    """So many were compared: those up to the way back, on which no code runs."""
    result: Any
    """What the code returned, as JSON; None when the history does not go so far."""
    raised: BaseException | None = None
    """What the code raised, if it did."""
    forward_only: bool = False
    """Past its point of no return."""


def replay(definition: SagaDefinition, history: History, saga_id: str | None = None) -> Replayed:
    """Calls the code again and feeds it the history, of a saga that went on as new its last round; see SagaTest.

    ``saga_id``: whose it is; None: as the history or the saga's input tells it.

    Raises DoesNotFit, UnreadableHistory, ValueError for another definition's history.
    """
    log = round_of([event for row in read_history(history) for event in row])
    started = begun(log)
    assert started is not None, "read_history has looked"
    if (started.definition, started.version) != (definition.name, definition.version):
        raise ValueError(
            f"This is a history of {started.definition} version {started.version}: replay it with that, "
            f"not with {definition!r}. A saga stays with the version that it began with."
        )
    forward = at_once(hearing(log))
    lines = SourceLines(definition)
    play = _Located(saga_id or whose(definition, started, log), lines, forward, tail_at(log))
    try:
        play.play()
    except CodeMismatch as error:
        if never_began(log):
            return Replayed(len(forward), None)
        raise DoesNotFit(_told(definition, forward, play, f"{error}")) from None
    try:
        return _ended(definition, log, forward, play, lines)
    finally:
        play.run.discard()


class _Located(Replay):
    """A replay that notes where in the code, and where in the history, the difference is."""

    def __init__(self, saga_id: str, lines: SourceLines, log: Sequence[Event], tail_at: int | None) -> None:
        self.state = SagaState()
        super().__init__(saga_id, lines.definition, log, self.state, tail_at)
        self._lines = lines
        self.line = ""
        self.event: Event | None = None

    def _differs(self, expected: Event | None, found: str) -> CodeMismatch:
        self.line = self._lines.current(found)
        self.event = expected
        return super()._differs(expected, found)


def _told(definition: SagaDefinition, log: Sequence[Event], play: _Located, message: str) -> str:
    number = next((n for n, event in enumerate(log) if event is play.event), len(log))
    around = [
        f"  {'→' if n == number else ' '} {n + 1:>4} {line}" for n, line in enumerate([*story(log), "   the end"])
    ]
    shown = "\n".join(around[max(0, number - 3) : number + 2])
    where = f"\n  the code is at {play.line}" if play.line else ""
    what = message.partition(" Deploy ")[0]
    return (
        f"{what}{where}\n{shown}\n"
        f"A saga of version {definition.version} that is under way would not go on as it began: give the change a new "
        "version, and keep the old one deployed beside it until its sagas have ended."
    )


def _ended(
    definition: SagaDefinition, log: Sequence[Event], forward: Sequence[Event], play: _Located, lines: SourceLines
) -> Replayed:
    """The code has come to the same end, where the history has one."""
    end = log[len(forward)] if len(forward) < len(log) else None
    outcome = play.run.outcome
    fits = True
    match end:
        case SagaCompleted():
            fits = isinstance(outcome, Returned)
        case CompensationStarted() if play.state.cancel is None:
            fits = isinstance(outcome, Raised)
        case _:
            pass
    if not fits:
        play.event, play.line = end, lines.waiting
        match outcome:
            case Returned():
                found = "the code returns"
            case Continued():
                found = "the code goes on as new"
            case Raised(error):
                found = f"the code raises {error!r}"
            case None:
                found = "the code waits"
            case _:
                assert_never(outcome)
        told = f"The code of {definition!r} does not fit this history: at event {len(forward) + 1}, {found}."
        raise DoesNotFit(_told(definition, log, play, told))
    return Replayed(
        len(forward),
        msgspec.json.decode(outcome.result) if isinstance(outcome, Returned) else None,
        outcome.error if isinstance(outcome, Raised) else None,
        play.state.forward_only,
    )
