"""Which steps and undos are under way, and when one is over: a saga's events as those see them who measure it."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from contracts.kinds import Kind
from coordinator.history.children import SagaReopened
from coordinator.history.endings import (
    SagaCompensated,
    SagaCompleted,
    SagaFailed,
    SagaPartiallyCompensated,
    SagaTerminated,
)
from coordinator.history.events import Event
from coordinator.history.parking import SagaParked
from coordinator.history.rounds import SagaContinued
from coordinator.history.started import SagaStarted
from coordinator.history.steps import (
    StepAbandoned,
    StepFailed,
    StepHeld,
    StepIssued,
    StepRefused,
    StepRetried,
    StepSucceeded,
    StepTimedOut,
)
from coordinator.history.undos import (
    CompensationStarted,
    UndoGivenUp,
    UndoHeld,
    UndoIssued,
    UndoRegistered,
    UndoRetried,
    UndoSkipped,
    UndoSucceeded,
)
from coordinator.telemetry.tracing import BegunRound, EndedSaga, EndedStep, HeldStep, ReopenedSaga, StartedSaga

Told = StartedSaga | BegunRound | HeldStep | EndedStep | EndedSaga | ReopenedSaga
"""What is worth telling about a saga."""
_ABANDONED = "abandoned"


class _Asked(msgspec.Struct, frozen=True, gc=False):
    """A step, as far as it is told what it was: its arguments need not be kept for that."""

    command: str
    stays: bool
    """It goes on when the saga stops waiting for it."""
    local: bool
    """Coordinators run it themselves."""
    child: str | None
    """It is a saga: its id."""
    registered: bool
    """Its undo is all there is of it, and goes by the step's own id."""


class ObservedSteps:
    """One saga, as far as its events were followed: to row ``seq``."""

    __slots__ = ("_asked", "_cause", "_forward", "_held", "_reopened", "_round", "_undos", "saga_id", "seq")

    def __init__(self, saga_id: str) -> None:
        self.saga_id = saga_id
        self.seq = 0
        self._cause: str | None = None
        """Type of the problem for which the saga goes back."""
        self._asked: dict[int, _Asked] = {}
        self._forward: dict[int, tuple[int, int]] = {}
        """Steps under way: when the first attempt was sent, and how many were."""
        self._undos: dict[int, tuple[int, int]] = {}
        """Undos, likewise; one that was given up stays, because a person may have it tried again."""
        self._held: dict[tuple[int, bool], tuple[HeldStep, ...]] = {}
        """Steps, and undos, that had to wait since they are under way."""
        self._round = 1
        self._reopened = False

    def follow(self, seq: int, row: Sequence[Event]) -> list[Told]:
        """What begins or is over with this row."""
        self.seq = seq
        told: list[Told] = []
        for event in row:
            if (follower := _FOLLOWERS.get(type(event))) is not None:
                told += follower(self, event)
        return told

    def started(self, event: SagaStarted) -> list[Told]:
        """The saga begins."""
        return [StartedSaga(event.at)]

    def continued(self, event: SagaContinued) -> list[Told]:
        """Another round begins: the steps of the one before are over."""
        for of_steps in (self._asked, self._forward, self._undos, self._held):
            of_steps.clear()
        self._round = event.round
        return [BegunRound(event.round, event.at)]

    def issued(self, event: StepIssued) -> list[Told]:
        """A step is under way."""
        stays = not event.undoable and event.kind is not Kind.COMPENSATABLE
        self._asked[event.step] = _Asked(event.command, stays, event.local, event.child, registered=False)
        self._forward[event.step] = (event.at, 1)
        return []

    def held(self, event: StepHeld) -> list[Told]:
        """A step waits for a signal, or for a person."""
        return self._waits(event.step, False, event.at, event.problem.type, event.signal)

    def undo_held(self, event: UndoHeld) -> list[Told]:
        """An undo waits for a signal."""
        return self._waits(event.step, True, event.at, event.problem.type, event.signal)

    def retried(self, event: StepRetried) -> list[Told]:
        """Another attempt of a step."""
        if begun := self._forward.get(event.step):
            self._forward[event.step] = (begun[0], event.attempt)
        return []

    def succeeded(self, event: StepSucceeded) -> list[Told]:
        """A step did what it is for."""
        return self._over(event.step, event.at, "succeeded", None)

    def refused(self, event: StepRefused) -> list[Told]:
        """A step was refused."""
        return self._over(event.step, event.at, "refused", event.problem.type)

    def failed(self, event: StepFailed) -> list[Told]:
        """A step was given up after a failure."""
        return self._over(event.step, event.at, "failed", event.problem.type)

    def timed_out(self, event: StepTimedOut) -> list[Told]:
        """A step was given up without an answer."""
        return self._over(event.step, event.at, "timed_out", event.problem.type)

    def abandoned(self, event: StepAbandoned) -> list[Told]:
        """The saga stopped waiting for a step."""
        asked = self._asked.get(event.step)
        return [] if asked is not None and asked.stays else self._over(event.step, event.at, _ABANDONED, None)

    def went_back(self, event: CompensationStarted) -> list[Told]:
        """The saga goes back: whatever is still out is not waited for any more."""
        self._cause = event.cause.type
        return self._all_abandoned(event.at)

    def registered(self, event: UndoRegistered) -> list[Told]:
        """A step that is nothing but an undo: nothing is under way yet."""
        self._asked[event.step] = _Asked(event.command, False, event.local, event.child, registered=True)
        return []

    def undo_issued(self, event: UndoIssued) -> list[Told]:
        """An undo is under way."""
        self._undos[event.step] = (event.at, 1)
        return []

    def undo_retried(self, event: UndoRetried) -> list[Told]:
        """Another attempt of an undo."""
        if begun := self._undos.get(event.step):
            self._undos[event.step] = (begun[0], event.attempt)
        return []

    def undo_succeeded(self, event: UndoSucceeded) -> list[Told]:
        """An undo did what it is for."""
        return self._undo_over(event.step, event.at, "succeeded", None)

    def undo_given_up(self, event: UndoGivenUp) -> list[Told]:
        """An undo needs a person."""
        return self._undo_over(event.step, event.at, "given_up", event.problem.type)

    def reopened(self, event: SagaReopened) -> list[Told]:
        """The saga had gone through, and goes back with its parent."""
        self._cause = event.cause.type
        self._reopened = True
        return [ReopenedSaga(self.seq, event.at)]

    def parked(self, event: SagaParked) -> list[Told]:
        """The saga needs a person."""
        return [EndedSaga(self.seq, "parked", event.at, f"parked_for_{event.why}")]

    def completed(self, event: SagaCompleted) -> list[Told]:
        """The saga went through."""
        return self._ended(event.at, "completed", None)

    def compensated(self, event: SagaCompensated) -> list[Told]:
        """The saga is undone."""
        return self._ended(event.at, "compensated", self._cause)

    def partially_compensated(self, event: SagaPartiallyCompensated) -> list[Told]:
        """The saga is undone, but for what a person decided not to undo."""
        return self._ended(event.at, "partially_compensated", self._cause)

    def terminated(self, event: SagaTerminated) -> list[Told]:
        """A person ended the saga where it stood."""
        return self._ended(event.at, "terminated", "terminated")

    def undo_skipped(self, event: UndoSkipped) -> list[Told]:
        """A person decided against an undo."""
        return self._undo_over(event.step, event.at, "skipped", None)

    def saga_failed(self, event: SagaFailed) -> list[Told]:
        """The saga did not go through, and there was nothing to undo."""
        return self._ended(event.at, "failed", self._cause)

    def _ended(self, at: int, status: str, problem: str | None) -> list[Told]:
        return [*self._all_abandoned(at), EndedSaga(self.seq, status, at, problem, self._reopened)]

    def _waits(self, step: int, undo: bool, at: int, problem: str, signal: str | None) -> list[Told]:
        asked = self._asked.get(step)
        if asked is None:
            return []
        held = HeldStep(asked.command, undo, at, problem, signal)
        self._held[step, undo] = (*self._held.get((step, undo), ()), held)
        return [held]

    def _all_abandoned(self, at: int) -> list[Told]:
        if not self._forward:
            return []
        return [over for step in list(self._forward) for over in self._over(step, at, _ABANDONED, None)]

    def _over(self, step: int, at: int, outcome: str, problem: str | None) -> list[Told]:
        begun = self._forward.pop(step, None)
        if begun is None:
            return []
        return [self._step(step, False, begun, at, outcome, problem)]

    def _undo_over(self, step: int, at: int, outcome: str, problem: str | None) -> list[Told]:
        begun = self._undos.get(step)
        if begun is None or step not in self._asked:
            return []
        return [self._step(step, True, begun, at, outcome, problem)]

    def _step(
        self, step: int, undo: bool, begun: tuple[int, int], at: int, outcome: str, problem: str | None
    ) -> EndedStep:
        asked = self._asked[step]
        sent_at, attempts = begun
        return EndedStep(
            command=asked.command,
            step=step,
            undo=undo,
            attempts=attempts,
            started_at=sent_at,
            ended_at=at,
            outcome=outcome,
            problem=problem,
            local=asked.local,
            child=asked.child,
            round=self._round,
            held=self._held.pop((step, undo), ()) if self._held else (),
            registered=asked.registered,
        )


_FOLLOWERS: dict[type[Event], Callable[[ObservedSteps, Any], list[Told]]] = {
    SagaStarted: ObservedSteps.started,
    SagaContinued: ObservedSteps.continued,
    StepIssued: ObservedSteps.issued,
    StepHeld: ObservedSteps.held,
    StepRetried: ObservedSteps.retried,
    StepSucceeded: ObservedSteps.succeeded,
    StepRefused: ObservedSteps.refused,
    StepFailed: ObservedSteps.failed,
    StepTimedOut: ObservedSteps.timed_out,
    StepAbandoned: ObservedSteps.abandoned,
    CompensationStarted: ObservedSteps.went_back,
    UndoRegistered: ObservedSteps.registered,
    UndoIssued: ObservedSteps.undo_issued,
    UndoRetried: ObservedSteps.undo_retried,
    UndoSucceeded: ObservedSteps.undo_succeeded,
    UndoHeld: ObservedSteps.undo_held,
    UndoGivenUp: ObservedSteps.undo_given_up,
    UndoSkipped: ObservedSteps.undo_skipped,
    SagaReopened: ObservedSteps.reopened,
    SagaParked: ObservedSteps.parked,
    SagaCompleted: ObservedSteps.completed,
    SagaCompensated: ObservedSteps.compensated,
    SagaPartiallyCompensated: ObservedSteps.partially_compensated,
    SagaFailed: ObservedSteps.saga_failed,
    SagaTerminated: ObservedSteps.terminated,
}
