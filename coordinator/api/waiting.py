"""Waiting on behalf of a client: for a saga's end, or for something in it."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Generator
from contextlib import contextmanager
from typing import Generic, Self, TypeVar

import msgspec

from coordinator.api.parts import Parts
from coordinator.engine.decision import Decision
from coordinator.engine.status import ENDED, Status
from coordinator.history.endings import SagaEnded
from coordinator.history.started import SagaStarted
from coordinator.runtime.ports import SagaView, StoreUnavailable

Found = TypeVar("Found")
_FIRST_LOOK_S = 0.04
_LONGEST_LOOK_S = 1.0
_LATER_LOOK = 0.25
"""Of the time waited so far: the end of another coordinator's saga is seen with so much delay at most."""
_FIRST_LOOK_AT_OURS_S = 1.0
_LONGEST_LOOK_AT_OURS_S = 8.0
_SETTLED = ENDED | {Status.PARKED}


def has_ended(view: SagaView) -> bool:
    """Nothing can happen to the saga any more."""
    return view.status in ENDED


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


class Awaited(ABC, Generic[Found]):
    """Something of one saga that a client waits for, watched from before its fact is handed in.

    Decisions made here are seen as they are committed; those of other coordinators, by looking at what they wrote.
    """

    __slots__ = ("_parts", "_saga_id", "_unwatch", "_woken")

    def __init__(self, parts: Parts, saga_id: str) -> None:
        self._parts = parts
        self._saga_id = saga_id
        self._woken: asyncio.Future[None] | None = None

    def __enter__(self) -> Self:
        self._unwatch = self._parts.watch.watch(self._saga_id, self._decided)
        self._parts.stopping.tell(self._wake)
        return self

    def __exit__(self, *_: object) -> None:
        self._unwatch()
        del self._unwatch  # it holds this, and two that hold each other are left to the collector
        self._parts.stopping.forget(self._wake)

    @property
    @abstractmethod
    def _seen(self) -> bool:
        """Whether it has come, as far as decisions made here tell."""

    @abstractmethod
    def _decided(self, decision: Decision) -> None:
        """A decision about the saga was committed here. Wakes whoever waits when it has come with it."""

    @abstractmethod
    async def look(self) -> Found | None:
        """What is written says that it has come; None also when the database does not answer: the wait goes on."""

    @abstractmethod
    async def _found(self) -> Found | None:
        """It, when it was seen."""

    async def within(self, seconds: float) -> Found | None:
        """It, once it has come; None when it does not within the time."""
        parts, loop = self._parts, asyncio.get_running_loop()
        began = loop.time()
        pause = 0.0
        while not self._seen:
            waited = loop.time() - began
            if waited >= seconds or parts.stopping.is_set():
                return None
            pause = self._longer(pause, waited)
            await self._pause(min(pause, seconds - waited))
            if not self._seen and (found := await self.look()) is not None:
                return found
        return await self._found()

    def _longer(self, pause: float, waited: float) -> float:
        """Until the next look at what is written, which is where another coordinator's decisions are seen. Those about
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


class AwaitedSaga(Awaited[SagaView]):
    """The saga's end, or its being parked.

    Whoever sees it begin and end here need not ask the database for what it has become.
    """

    __slots__ = ("_last", "_started")

    def __init__(self, parts: Parts, saga_id: str) -> None:
        super().__init__(parts, saga_id)
        self._started: SagaStarted | None = None
        self._last: Decision | None = None
        """The decision that ended or parked it."""

    @property
    def _seen(self) -> bool:
        return self._last is not None

    def _decided(self, decision: Decision) -> None:
        if decision.seq == 1 and isinstance(first := decision.events[0], SagaStarted):
            self._started = first
        if decision.continued is not None:
            self._started = None  # its row has more to say
        if decision.status in _SETTLED:
            self._last = decision
            self._wake()

    async def look(self) -> SagaView | None:
        """The saga's row says so."""
        view = await self._row()
        return view if view is not None and is_settled(view) else None

    async def _row(self) -> SagaView | None:
        try:
            return await self._parts.sagas.saga(self._saga_id)
        except StoreUnavailable:
            return None

    async def _found(self) -> SagaView | None:
        """The row as the decisions left it; or, when the one that began the saga was not seen, as it is written."""
        started, last = self._started, self._last
        if started is None or last is None:
            return await self._row()
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
            parent=None if started.parent is None else started.parent.saga_id,
        )
