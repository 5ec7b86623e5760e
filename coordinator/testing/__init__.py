"""For tests of sagas: stubs for participants, a clock that jumps, crashes everywhere. No servers."""

from coordinator.fit.history_file import UnreadableHistory
from coordinator.fit.replaying import DoesNotFit, Replayed
from coordinator.testing.answered import Unanswered
from coordinator.testing.called import Called
from coordinator.testing.crash_everywhere import CrashReport
from coordinator.testing.participants import Unstubbed
from coordinator.testing.saga_run import SagaRun
from coordinator.testing.saga_test import SagaTest, Unreached
from coordinator.testing.senders import Unsent
from coordinator.testing.sending_plan import SignalPlan, UpdatePlan
from coordinator.testing.stub import Stub
from coordinator.testing.taken import Taken

__all__ = [
    "Called",
    "CrashReport",
    "DoesNotFit",
    "Replayed",
    "SagaRun",
    "SagaTest",
    "SignalPlan",
    "Stub",
    "Taken",
    "Unanswered",
    "Unreached",
    "UnreadableHistory",
    "Unsent",
    "Unstubbed",
    "UpdatePlan",
]
