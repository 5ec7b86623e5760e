"""What must be so of a saga's signals: each received once and taken once, in order, by whoever waits for it."""

from collections.abc import Iterator, Sequence, Set

from coordinator.history.endings import SagaEnded
from coordinator.history.events import Event
from coordinator.history.parking import SagaParked, SagaResumed
from coordinator.history.people import SagaPaused, SagaUnpaused
from coordinator.history.rounds import SagaContinued
from coordinator.history.signals import (
    SignalAbandoned,
    SignalAwaited,
    SignalDeferred,
    SignalHeeded,
    SignalReceived,
    SignalTaken,
)
from coordinator.history.undos import CompensationStarted


class SignalLedger:
    """One saga's history, read row by row; ``faults`` has what is wrong with it."""

    def __init__(self, saga_id: str) -> None:
        self.faults: list[str] = []
        self._saga_id = saga_id
        self._received: set[str] = set()
        self._count = 0
        """How many were."""
        self._deferred: set[str] = set()
        """Ids of those that came while it stands still."""
        self._to_take_in: set[str] = set()
        """Of those that were deferred, and the saga goes on."""
        self._dropped: set[str] = set()
        """Of those that were deferred, and the saga turned back or ended: nobody would take them. And of those that
        waited with another of their name until an undo was tried again for both."""
        self._names: dict[str, str] = {}
        """Of those that were ever deferred."""
        self._heeded: set[str] = set()
        """Ids of those that steps waited for."""
        self._kept: dict[int, str] = {}
        self._taken: set[int] = set()
        self._waits: dict[int, str] = {}
        self._stopped = False
        self._closed = False
        """No code will ever run again."""
        self._unanswerable = False
        """It takes no signals any more."""

    def read(self, row: Sequence[Event]) -> None:
        """One activation."""
        for event in row:
            self._read(event)
        if self._closed:
            return
        if self._to_take_in:
            self._wrong(f"went on, and did not take in {sorted(self._to_take_in)}, which had been deferred")
        if not self._stopped and (both := set(self._waits.values()) & set(self._kept.values())):
            self._wrong(f"waits for {sorted(both)}, and has kept {self._kept}")

    def answered(self, yes: Set[str], no: Set[str]) -> None:
        """The senders of these signals were told so."""
        for id in sorted(yes - self._received - self._heeded - self._deferred - self._dropped):
            self._wrong(f"acknowledged the signal {id}, and it is lost")
        if no and not self._unanswerable:
            self._wrong(f"refused the signals {sorted(no)}, and could have taken them")

    def _wrong(self, what: str) -> None:
        self.faults.append(f"Signals: {self._saga_id} {what}")

    def _read(self, event: Event) -> None:
        match event:
            case SignalReceived(signal, name, id):
                self._receive(signal, name, id)
            case SignalDeferred(name, id):
                self._names[id] = name
                if not self._stopped or id in self._received | self._deferred:
                    self._wrong(f"deferred the signal {id}, and had it already, or its code was not stopped")
                self._deferred.add(id)
                self._to_take_in.discard(id)
            case SignalHeeded(name, id):
                if self._closed:
                    self._dropped |= {other for other in self._to_take_in if self._names[other] == name}
                if id in self._heeded | self._received:
                    self._wrong(f"heeded the signal {id} twice")
                self._heeded.add(id)
                self._to_take_in.discard(id)
            case SignalAwaited(wait, name):
                self._waits[wait] = name
            case SignalTaken(signal, wait=wait):
                self._take(signal, wait)
            case SignalAbandoned(wait):
                del self._waits[wait]
            case _:
                self._go(event)

    def _go(self, event: Event) -> None:
        match event:
            case SagaParked(why):
                self._stopped = why in ("code", "forward_only", "step")
                self._unanswerable = why == "undo"
            case SagaPaused():
                self._stopped = True
            case SagaResumed() | SagaUnpaused():
                self._stopped = False
                self._to_take_in, self._deferred = self._deferred, set()
            case SagaContinued():
                self._go_on(event)
            case _ if isinstance(event, CompensationStarted | SagaEnded):
                self._closed = self._unanswerable = True
                self._dropped |= self._deferred | self._to_take_in
            case _:
                pass

    def _go_on(self, event: SagaContinued) -> None:
        """Another round: of the row with which the one before ended nothing is kept."""
        kept = {each.signal: each.name for each in event.kept}
        late = self._deferred | self._to_take_in
        self._received |= event.signal_ids.keys() - self._heeded
        if event.signals < self._count or not {each.id for each in event.kept} <= self._received:
            self._wrong(f"has received {event.signals} signals, says round {event.round}; it was {self._received}")
        self._count = event.signals
        if back := self._taken & kept.keys():
            self._wrong(f"has kept {sorted(back)} for round {event.round}, which were taken before")
        self._kept, self._waits, self._stopped = kept, {}, False
        self._deferred, self._to_take_in = set(), late - self._received - self._heeded  # behind it, in the same row

    def _receive(self, signal: int, name: str, id: str) -> None:
        if id in self._received | self._deferred or signal != self._count + 1 or self._closed:
            self._wrong(f"received the signal {id} as number {signal}: twice, out of turn, or too late")
        self._count = signal
        self._received.add(id)
        self._to_take_in.discard(id)
        self._kept[signal] = name

    def _take(self, signal: int, wait: int | None) -> None:
        name = self._kept.pop(signal, None)
        self._taken.add(signal)
        if name is None:
            self._wrong(f"took signal {signal}, which was not there, or was taken before")
        if older := [number for number, other in self._kept.items() if other == name and number < signal]:
            self._wrong(f"took signal {signal} ({name}) before {older}")
        if wait is not None and self._waits.pop(wait, None) != name:
            self._wrong(f"took signal {signal} ({name}) for the wait {wait}, which was not for it")


def signal_faults(saga_id: str, rows: Sequence[Sequence[Event]], yes: Set[str], no: Set[str]) -> Iterator[str]:
    """All that is wrong with a saga's signals. ``yes``, ``no``: ids of those answered so."""
    ledger = SignalLedger(saga_id)
    for row in rows:
        ledger.read(row)
    ledger.answered(yes, no)
    yield from ledger.faults
