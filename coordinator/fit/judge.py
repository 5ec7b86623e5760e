"""What would become of one saga of a database, if the code at hand were deployed."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from coordinator.engine.failure import problem_of
from coordinator.engine.kept import named
from coordinator.fit.replaying import DoesNotFit, replay
from coordinator.history.codec import read_events
from coordinator.history.endings import SagaEnded
from coordinator.history.events import Event
from coordinator.history.rounds import begun, round_of
from coordinator.history.undos import CompensationStarted
from coordinator.saga.definitions import Definitions

Verdict = Literal["fits", "needs_no_code", "would_go_back", "would_be_parked", "unreadable"]


class Judged(msgspec.Struct, frozen=True):
    """One saga. ``fits``: it goes on as it began, or did what the code would do. ``needs_no_code``: it goes back."""

    verdict: Verdict
    message: str = ""
    """Why not, with the place in the history and the line of code."""

    @property
    def well(self) -> bool:
        """Nothing happens to it because of this code."""
        return self.verdict in ("fits", "needs_no_code")


def judge(definitions: Definitions, saga_id: str, rows: Sequence[str | bytes]) -> Judged:
    """Replays the saga's rows and throws the code away: nothing is written anywhere."""
    try:
        log = round_of([event for row in rows for event in read_events(row)])
    except msgspec.MsgspecError as error:
        return Judged("unreadable", f"This release does not know its history: {error}.")
    started = begun(log)
    if started is None:
        return Judged("unreadable", "Its history does not begin with saga_started, or saga_continued.")
    definition = definitions.get(started.definition, started.version)
    if definition is None:
        if _goes_back(log):
            return Judged("needs_no_code")
        return Judged("would_be_parked", f"Version {started.version} of {started.definition} is not deployed.")
    try:
        replayed = replay(definition, log, saga_id)
    except DoesNotFit as error:
        return Judged("needs_no_code") if _goes_back(log) else Judged("would_be_parked", str(error))
    raised = replayed.raised
    if raised is None or any(isinstance(event, CompensationStarted | SagaEnded) for event in log):
        return Judged("fits")
    if replayed.forward_only or problem_of(raised) is None:
        return Judged("would_be_parked", f"The code raises {named(raised)}.")
    return Judged("would_go_back", f"The code says no: {named(raised)}.")


def _goes_back(log: Sequence[Event]) -> bool:
    """Under way and going back: only undos are sent, and they need no code of the saga."""
    return any(isinstance(event, CompensationStarted) for event in log) and not isinstance(log[-1], SagaEnded)
