"""The time as a saga sees it."""

from datetime import datetime

from coordinator.saga.instant import instant
from coordinator.saga.runtime import running_saga


def now() -> datetime:
    """When what the saga does now happened first (UTC), to the millisecond: the same on every replay.

    It stands still while the code runs, and is later behind the next ``await`` of a step, a timer or a signal. Raises
    OutsideOfSaga where no saga runs.
    """
    return instant(running_saga("now() is the time of a saga: elsewhere use datetime.now(UTC).").now_ms)
