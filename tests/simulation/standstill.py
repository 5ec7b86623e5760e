"""What must be so of a saga that people pause: nothing happens meanwhile, times stand still, what came is taken in."""

from collections.abc import Iterator, Sequence

from contracts.ids import parse_command_id
from coordinator.history.children import SagaReopened, UndoRequested
from coordinator.history.endings import SagaEnded, SagaTerminated
from coordinator.history.events import Event
from coordinator.history.parking import ReplyDeferred, SagaParked, SagaResumed
from coordinator.history.people import SagaPaused, SagaUnpaused
from coordinator.history.scopes import ScopeUndoStarted
from coordinator.history.signals import SignalDeferred
from coordinator.history.steps import StepAbandoned, StepFailed, StepRefused, StepSucceeded, StepTimedOut
from coordinator.history.undos import CancelRequested, CompensationStarted, UndoRegistered, UndoSkipped, UndoSucceeded
from tests.simulation.due_times import DueTimes
from tests.simulation.nesting import Nesting

MAY_COME = (
    *(ReplyDeferred, SignalDeferred, CancelRequested, UndoRequested, StepRefused, StepFailed),
    *(SagaUnpaused, SagaTerminated),
)
"""All that may be in the history of a paused saga. That its pivot did not happen is taken in when it is cancelled."""
SUCCEEDED = "succeeded"
Awaited = tuple[int, bool]
"""The answer to a step, or to its undo."""


class Standstill:
    """One saga's history, read row by row; ``faults`` has what is wrong with it."""

    def __init__(self, saga_id: str) -> None:
        self.faults: list[str] = []
        self._saga_id = saga_id
        self._times = DueTimes(saga_id, self.faults)
        self._nesting = Nesting()
        self._paused = False
        self._stopped = False
        """Parked, and its code must not run."""
        self._registered: set[int] = set()
        """Undos of the saga's own: they are answered under the steps' ids."""
        self._deferred: set[Awaited] = set()
        """Of which it was said, while the saga stood still, that they are done."""
        self._to_take_in: set[Awaited] = set()

    def read(self, row: Sequence[Event], wake_at: int | None) -> None:
        """One activation, and when the saga is woken after it."""
        for event in row:
            if self._paused and not isinstance(event, MAY_COME):
                self.faults.append(f"Pauses: in a pause of {self._saga_id} there is {event}")
            self._times.read(event)
            self._nesting.read(event)
            self._follow(event)
        if self._to_take_in:
            self.faults.append(f"Pauses: {self._saga_id} went on, and did not take in {sorted(self._to_take_in)}")
            self._to_take_in = set()
        if not self._paused:
            self._times.compare(wake_at, code_stopped=self._stopped)

    def _follow(self, event: Event) -> None:
        match event:
            case SagaPaused():
                self._paused = True
            case SagaUnpaused() | SagaResumed():
                self._paused = self._stopped = False
                self._to_take_in, self._deferred = self._deferred, set()
            case SagaParked(why):
                self._stopped = why in ("code", "forward_only", "step")
            case ReplyDeferred(command, answer=answer):
                ref = parse_command_id(command)
                awaited = ref.step, ref.undo or ref.step in self._registered
                self._to_take_in.discard(awaited)
                if answer == SUCCEEDED:
                    self._deferred.add(awaited)
            case UndoRegistered(step):
                self._registered.add(step)
            case _:
                self._settle(event)

    def _settle(self, event: Event) -> None:
        match event:
            case StepSucceeded(step) | StepRefused(step) | StepFailed(step) | StepTimedOut(step) | StepAbandoned(step):
                self._done((step, False))
            case UndoSucceeded(step) | UndoSkipped(step):
                self._done((step, True))
            case ScopeUndoStarted(scope):
                for step in self._nesting.steps(scope):
                    self._done((step, False))
            case CompensationStarted() | SagaReopened():
                self._stopped = False
                for each in (*self._deferred, *self._to_take_in):
                    if not each[1]:
                        self._done(each)
            case _ if isinstance(event, SagaEnded):
                self._paused = False
                self._to_take_in, self._deferred = set(), set()
            case _:
                pass

    def _done(self, awaited: Awaited) -> None:
        self._deferred.discard(awaited)
        self._to_take_in.discard(awaited)


def standstill_faults(saga_id: str, rows: Sequence[Sequence[Event]], wake_ups: Sequence[int | None]) -> Iterator[str]:
    """All that is wrong with a saga's pauses and times."""
    standstill = Standstill(saga_id)
    for row, wake_at in zip(rows, wake_ups, strict=True):
        standstill.read(row, wake_at)
    yield from standstill.faults
