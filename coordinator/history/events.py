"""All events, as one closed union.

They hold values and never each other, so the garbage collector need not look at them (``gc=False``): with thousands of
sagas in memory that was a tenth of their CPU.
"""

from coordinator.history.children import SagaReopened, UndoRequested
from coordinator.history.deadlines import DeadlineExtended
from coordinator.history.endings import SagaEnded
from coordinator.history.parking import ReplyDeferred, SagaParked, SagaResumed
from coordinator.history.patches import PatchTaken
from coordinator.history.people import SagaPaused, SagaUnpaused, StepSeenTo
from coordinator.history.rounds import SagaContinued
from coordinator.history.scopes import ScopeOpened, ScopeUndone, ScopeUndoStarted
from coordinator.history.shown import AttributesSet, StatusSet
from coordinator.history.signals import (
    SignalAbandoned,
    SignalAwaited,
    SignalDeferred,
    SignalHeeded,
    SignalReceived,
    SignalTaken,
)
from coordinator.history.started import SagaStarted
from coordinator.history.steps import (
    StepAbandoned,
    StepAttemptFailed,
    StepFailed,
    StepHeld,
    StepIssued,
    StepProgressed,
    StepProgressedLate,
    StepRefused,
    StepRetried,
    StepSucceeded,
    StepTimedOut,
)
from coordinator.history.timers import TimerCancelled, TimerFired, TimerStarted
from coordinator.history.undos import (
    CancelRequested,
    CompensationStarted,
    UndoAttemptFailed,
    UndoGivenUp,
    UndoHeld,
    UndoIssued,
    UndoProgressed,
    UndoRegistered,
    UndoRetried,
    UndoSkipped,
    UndoSucceeded,
)
from coordinator.history.updates import UpdateAccepted, UpdateAnswered, UpdateRefused

Asked = (
    StepIssued
    | StepAbandoned
    | TimerStarted
    | TimerCancelled
    | SignalAwaited
    | SignalTaken
    | SignalAbandoned
    | UpdateAnswered
    | UpdateRefused
    | ScopeOpened
    | ScopeUndoStarted
    | DeadlineExtended
    | UndoRegistered
)
"""What the saga's code itself asked for: replay must find the same again, in the same order."""

ASKED = (
    StepIssued,
    StepAbandoned,
    TimerStarted,
    TimerCancelled,
    SignalAwaited,
    SignalTaken,
    SignalAbandoned,
    UpdateAnswered,
    UpdateRefused,
    ScopeOpened,
    ScopeUndoStarted,
    DeadlineExtended,
    UndoRegistered,
)
"""The same, for isinstance: quicker than a union."""

Noted = PatchTaken | StatusSet | AttributesSet
"""What the code did that nothing it asks for depends on: replay does not hold it to that."""

Event = (
    Asked
    | Noted
    | SagaStarted
    | SagaContinued
    | StepAttemptFailed
    | StepRetried
    | StepHeld
    | StepProgressed
    | StepProgressedLate
    | StepSucceeded
    | StepRefused
    | StepFailed
    | StepTimedOut
    | TimerFired
    | SignalReceived
    | SignalHeeded
    | UpdateAccepted
    | ScopeUndone
    | CancelRequested
    | CompensationStarted
    | UndoIssued
    | UndoAttemptFailed
    | UndoRetried
    | UndoProgressed
    | UndoHeld
    | UndoSucceeded
    | UndoGivenUp
    | UndoSkipped
    | SagaEnded
    | SagaParked
    | SagaResumed
    | ReplyDeferred
    | SignalDeferred
    | SagaPaused
    | SagaUnpaused
    | StepSeenTo
    | UndoRequested
    | SagaReopened
)
