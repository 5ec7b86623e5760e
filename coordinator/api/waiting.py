"""Waiting for a saga's end on behalf of a client."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager

import msgspec

from coordinator.api.parts import Parts
from coordinator.engine.decision import Decision
from coordinator.engine.status import ENDED, Status
from coordinator.history.endings import SagaEnded
from coordinator.history.started import SagaStarted
from coordinator.runtime.ports import SagaView, StoreUnavailable

_FIRST_LOOK_S = 0.04
_LONGEST_LOOK_S = 1.0
_LATER_LOOK = 0.25
"""Of the time waited so far: the end of another coordinator's saga is seen with so much delay at most."""
_FIRST_LOOK_AT_OURS_S = 1.0
_LONGEST_LOOK_AT_OURS_S = 8.0
_ENDED = frozenset(status.value for status in ENDED)
_SETTLED = _ENDED | {Status.PARKED.value}


def has_ended(view: SagaView) -> bool:
    """Nothing can happen to the saga any more."""
    return view.status in _ENDED


def is_settled(view: SagaView) -> bool:
    """The saga has ended, or is parked: there is nothing to wait for. Who paused one is going to resume it."""
    return view.status in _SETTLED


@contextmanager
def notice_of(parts: Parts, saga_id: str) -> Generator[asyncio.Event]:
    """An event that is set by every decision about the saga."""
    notice = asyncio.Event()

    def decided(_: Decision) -> None:
        notice.set()

    stop = parts.watch.watch(saga_id, decided)
    try:
        yield notice
    finally:
        stop()


class AwaitedSaga:
    """A saga that a client waits for, watched from before its start is handed in.

    Whoever sees it begin and end here need not ask the database for what it has become.
    """

    __slots__ = ("_last", "_parts", "_saga_id", "_started", "_unwatch", "_woken")

    def __init__(self, parts: Parts, saga_id: str) -> None:
        self._parts = parts
        self._saga_id = saga_id
        self._started: SagaStarted | None = None
        self._last: Decision | None = None
        """The decision that ended or parked it."""
        self._woken: asyncio.Future[None] | None = None

    def __enter__(self) -> "AwaitedSaga":
        self._unwatch = self._parts.watch.watch(self._saga_id, self._decided)
        self._parts.stopping.tell(self._wake)
        return self

    def __exit__(self, *_: object) -> None:
        self._unwatch()
        self._parts.stopping.forget(self._wake)

    async def end(self, seconds: float) -> SagaView | None:
        """The saga once it has ended or is parked; None when neither comes within the time."""
        parts, loop = self._parts, asyncio.get_running_loop()
        began = loop.time()
        deadline = began + seconds
        pause = 0.0
        while self._last is None:
            left = deadline - loop.time()
            if left <= 0 or parts.stopping.is_set():
                return None
            pause = self._longer(pause, loop.time() - began)
            await self._pause(min(pause, left))
            if self._last is None:
                view = await self._look()
                if view is not None and is_settled(view):
                    return view
        return self._seen(self._last) or await self._look()

    async def _look(self) -> SagaView | None:
        """The saga's row; None also when the database does not answer: the saga goes on, so the wait does too."""
        try:
            return await self._parts.sagas.saga(self._saga_id)
        except StoreUnavailable:
            return None

    def _longer(self, pause: float, waited: float) -> float:
        """Until the next look at the saga's row, which is where another coordinator's decisions are seen. Those about
        a saga of ours are made here, unless it is being handed over."""
        if self._parts.owns(self._saga_id):
            return min(max(2 * pause, _FIRST_LOOK_AT_OURS_S), _LONGEST_LOOK_AT_OURS_S)
        return min(max(_LATER_LOOK * waited, _FIRST_LOOK_S), _LONGEST_LOOK_S)

    async def _pause(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        self._woken = loop.create_future()
        timer = loop.call_later(seconds, self._wake)
        try:
            await self._woken
        finally:
            timer.cancel()

    def _wake(self) -> None:
        if self._woken is not None and not self._woken.done():
            self._woken.set_result(None)

    def _decided(self, decision: Decision) -> None:
        if decision.seq == 1 and isinstance(first := decision.events[0], SagaStarted):
            self._started = first
        if decision.status.value in _SETTLED:
            self._last = decision
            self._wake()

    def _seen(self, last: Decision) -> SagaView | None:
        """The row as these decisions left it; None when the one that began the saga was not seen."""
        started = self._started
        if started is None:
            return None
        ends = (event.at for event in last.events if isinstance(event, SagaEnded))
        return SagaView(
            saga_id=self._saga_id,
            definition=started.definition,
            version=started.version,
            status=last.status.value,
            input=started.input,
            outcome=None if last.outcome is None else msgspec.Raw(last.outcome),
            parked_for=last.parked_for,
            wake_at=last.wake_at,
            started_at=started.at,
            ended_at=next(ends, None),
            traceparent=started.traceparent,
        )
