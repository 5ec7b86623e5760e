"""Waiting for a saga's end on behalf of a client."""

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager

from coordinator.api.parts import Parts
from coordinator.engine.decision import Decision
from coordinator.engine.status import ENDED, Status
from coordinator.runtime.ports import SagaView

_FIRST_LOOK_S = 0.2
_LONGEST_LOOK_S = 1.0
_ENDED = frozenset(status.value for status in ENDED)


def has_ended(view: SagaView) -> bool:
    """Nothing can happen to the saga any more."""
    return view.status in _ENDED


@contextmanager
def notice_of(parts: Parts, saga_id: str, *, end_only: bool) -> Generator[asyncio.Event]:
    """An event that is set by every decision about the saga, or only by one that ends or parks it."""
    notice = asyncio.Event()

    def decided(decision: Decision) -> None:
        if not end_only or decision.status.ended or decision.status is Status.PARKED:
            notice.set()

    stop = parts.watch.watch(saga_id, decided)
    try:
        yield notice
    finally:
        stop()


async def end_of(
    parts: Parts, saga_id: str, notice: asyncio.Event, seconds: float, clock: Callable[[], float]
) -> SagaView | None:
    """The saga once it has ended or is parked, or None when neither comes within the time.

    The notice answers at once. It may never come (the saga may end on another coordinator), so the row is looked at
    too, ever less often.
    """
    deadline = clock() + seconds
    pause = _FIRST_LOOK_S
    while (left := deadline - clock()) > 0 and not parts.stopping.is_set():
        try:
            async with asyncio.timeout(min(pause, left)):
                await notice.wait()
        except TimeoutError:
            pause = min(2 * pause, _LONGEST_LOOK_S)
        notice.clear()
        view = await parts.sagas.saga(saga_id)
        if view is not None and (has_ended(view) or view.status == Status.PARKED):
            return view
    return None
