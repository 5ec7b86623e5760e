"""From a log to a state, and to the code standing where it stood."""

from collections.abc import Generator, Sequence

import msgspec

from coordinator.engine.evolve import evolve, evolved
from coordinator.engine.replay import CodeMismatch, Replay
from coordinator.engine.run import Run
from coordinator.engine.state import SagaState
from coordinator.history.children import UndoRequested
from coordinator.history.endings import SagaEnded
from coordinator.history.events import Asked, Event, Noted
from coordinator.history.parking import SagaParked, SagaResumed
from coordinator.history.people import SagaPaused, SagaUnpaused
from coordinator.history.rounds import begun
from coordinator.history.undos import CompensationStarted
from coordinator.saga.definition import SagaDefinition
from coordinator.saga.definitions import Definitions


class Rebuilt(msgspec.Struct, frozen=True):
    """A saga as its log has it."""

    state: SagaState
    run: Run | None
    """The code, where it is still needed."""
    tail: Sequence[Asked | Noted] = ()
    """What mended code asked for beyond the log of a saga that is being resumed."""
    mismatch: str | None = None
    """Why the code does not fit; then the state is right, but there is no run."""


def rebuild(saga_id: str, log: Sequence[Event], definitions: Definitions) -> Rebuilt:
    """Replays the log. A saga that is going back, ended, or stands still needs no code."""
    if not _needs_code(log):
        return Rebuilt(evolved(log), None)
    try:
        return _replayed(saga_id, log, _definition(log, definitions), None)
    except CodeMismatch as error:
        return Rebuilt(evolved(log), None, mismatch=str(error))


def resume(saga_id: str, log: Sequence[Event], definitions: Definitions, now: int) -> Rebuilt:
    """Replays the log of a saga that was stopped because of its code.

    Where the code raised, it may go further now. Raises CodeMismatch when it still does not fit.
    """
    parked = next(event for event in reversed(log) if isinstance(event, SagaParked))
    return _replayed(saga_id, log, _definition(log, definitions), now if parked.raised else None)


def stand_again(saga_id: str, log: Sequence[Event], definitions: Definitions) -> Rebuilt:
    """Replays the log of a saga that was paused. Raises CodeMismatch when its code does not fit."""
    return _replayed(saga_id, log, _definition(log, definitions), None)


def looking_back(saga_id: str, log: Sequence[Event], definitions: Definitions) -> Generator[None, None, Rebuilt]:
    """The code as it stood when it last heard of anything, whatever has become of the saga. Raises CodeMismatch.

    An event at a time: a long log takes as long as many sagas' decisions, and other work may be done between two.
    """
    definition = _definition(log, definitions)
    heard_of = yield from hearing(log)
    state = SagaState()
    replay = Replay(saga_id, definition, heard_of, state, tail_at(log))
    yield from replay.playing()
    return Rebuilt(state, replay.run, replay.tail)


def hearing(log: Sequence[Event]) -> Generator[None, None, Sequence[Event]]:
    """The events up to the way back, or to the end: only there the code runs. An event at a time."""
    state = SagaState()
    for number, event in enumerate(log):
        evolve(state, event)
        if isinstance(event, CompensationStarted | SagaEnded) or state.must_go_back:
            return log[:number]
        yield
    return log


def never_began(log: Sequence[Event]) -> bool:
    """The saga was written down as one that never will: whoever called it had gone back before. If its code was called
    all the same, it had asked for nothing."""
    return len(log) > 1 and type(log[1]) is UndoRequested


def tail_at(log: Sequence[Event]) -> int | None:
    """When a saga is parked because its code raised, mended code may ask for more than the history has."""
    for event in reversed(log):
        match event:
            case SagaParked(why="code" | "forward_only" | "step", raised=raised, at=at):
                return at if raised else None
            case SagaResumed():
                return None
            case _:
                continue
    return None


def _replayed(saga_id: str, log: Sequence[Event], definition: SagaDefinition, tail_at: int | None) -> Rebuilt:
    state = SagaState()
    replay = Replay(saga_id, definition, log, state, tail_at)
    replay.play()
    return Rebuilt(state, replay.run, replay.tail)


def _definition(log: Sequence[Event], definitions: Definitions) -> SagaDefinition:
    started = begun(log)
    assert started is not None, "a log begins with saga_started, or with saga_continued"
    definition = definitions.get(started.definition, started.version)
    if definition is None:
        raise CodeMismatch(
            f"Version {started.version} of {started.definition} is not deployed here: "
            "deploy it beside the newer ones until its sagas have ended. Nothing is lost."
        )
    return definition


def _needs_code(log: Sequence[Event]) -> bool:
    stopped = False
    for event in log:
        if isinstance(event, CompensationStarted | SagaEnded):
            return False
        match event:
            case SagaParked(why="code" | "forward_only" | "step") | SagaPaused():
                stopped = True
            case SagaResumed() | SagaUnpaused():
                stopped = False
            case _:
                pass
    return not stopped
