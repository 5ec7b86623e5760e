"""More time for a saga."""

from datetime import datetime

from contracts.durations import Duration, milliseconds
from coordinator.saga.instant import instant
from coordinator.saga.runtime import running_saga


def extend_deadline(by: Duration) -> datetime:
    """Moves the saga's deadline further away by so much, and says when it is now (UTC)::

        async for word in more_time:
            extend_deadline("24h")

    A saga that goes on although its deadline has passed, or somebody has cancelled it, is behind its point of no return
    or waits to hear whether it is: this changes nothing there, and says when so much time will have passed.

    Raises NoDeadline for a saga that has none, OutsideOfSaga where no saga runs, and ValueError for a duration that is
    none.
    """
    runtime = running_saga("A deadline can only be extended while its saga runs, and by the saga itself.")
    return instant(runtime.extend_deadline(milliseconds(by)))
