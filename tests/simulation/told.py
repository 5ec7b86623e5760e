"""Notices as they reach the broker: each at least once, and as a rule none before an earlier one of its saga."""

from collections.abc import Iterator, Mapping, Sequence
from typing import get_args

from contracts.ids import notice_id
from contracts.lifecycle_message import LifecycleMessage
from coordinator.history.children import SagaReopened
from coordinator.history.endings import SagaEnded
from coordinator.history.events import Event
from coordinator.history.parking import SagaParked, SagaResumed
from coordinator.history.people import SagaPaused, SagaUnpaused
from coordinator.history.rounds import SagaContinued
from coordinator.history.started import SagaStarted
from coordinator.history.undos import CompensationStarted

_TOLD_OF = (
    *(SagaStarted, SagaContinued, CompensationStarted, SagaReopened),
    *(SagaParked, SagaResumed, SagaPaused, SagaUnpaused, *get_args(SagaEnded)),
)


class Told:
    """What is wrong at once is kept in ``faults``."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.orderly = True
        """None before an earlier one: not where the relay has no room even for the names of what it left."""
        self._last: dict[str, int] = {}
        """By saga: the highest number that came."""

    def arrived(self, headers: Sequence[tuple[str, bytes]], value: bytes | None) -> str:
        """A notice came; its id."""
        notice = LifecycleMessage.read(headers, value)
        assert notice is not None, "we know all that we tell"
        last = self._last.get(notice.saga_id, 0)
        if self.orderly and notice.number > last + 1:
            self.faults.append(f"Told: notice {notice.number} of {notice.saga_id} came behind number {last}")
        self._last[notice.saga_id] = max(last, notice.number)
        if notice.notice_id != notice_id(notice.saga_id, notice.number):
            self.faults.append(f"Told: {notice.notice_id} says that it is number {notice.number}")
        return notice.notice_id

    def judged(self, histories: Mapping[str, Sequence[Sequence[Event]]]) -> Iterator[str]:
        """Once all is quiet: of each saga all that there is to tell was told."""
        for saga_id, rows in histories.items():
            expected = 0
            for event in (event for row in rows for event in row):
                expected = event.moves if isinstance(event, SagaContinued) else expected + isinstance(event, _TOLD_OF)
            if (told := self._last.get(saga_id, 0)) != expected:
                yield f"Told: {told} notices of {saga_id} came, and {expected} things happened to it"
