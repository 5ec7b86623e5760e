"""What must be so of a saga's updates: each accepted once, and answered once, unless the saga goes back or is ended."""

from collections.abc import Iterator, Mapping, Sequence, Set

from coordinator.history.endings import SagaCompleted, SagaEnded
from coordinator.history.events import Event
from coordinator.history.parking import SagaParked, SagaResumed
from coordinator.history.people import SagaPaused, SagaUnpaused
from coordinator.history.rounds import SagaContinued
from coordinator.history.undos import CancelRequested, CompensationStarted
from coordinator.history.updates import UpdateAccepted, UpdateAnswered, UpdateRefused


class UpdateLedger:
    """One saga's history, read event by event; ``faults`` has what is wrong with it."""

    def __init__(self, saga_id: str) -> None:
        self.faults: list[str] = []
        self.accepted: dict[str, int] = {}
        """Numbers by id."""
        self.answered: set[int] = set()
        self.refused: set[int] = set()
        self._saga_id = saga_id
        self._stopped = False
        self._went_on = False
        self._closed = False
        """No code will ever run again."""
        self._reasons: set[str] = set()
        """For which an update may have been refused at some time."""

    @property
    def open(self) -> list[str]:
        """Ids of those that have no answer."""
        settled = self.answered | self.refused
        return [id for id, number in self.accepted.items() if number not in settled]

    def read(self, event: Event) -> None:
        """One more."""
        match event:
            case UpdateAccepted(number, _, id):
                self._accept(number, id)
            case UpdateAnswered(number):
                self._settle(number, "answered")
                self.answered.add(number)
            case UpdateRefused(number):
                self._settle(number, "refused")
                self.refused.add(number)
            case SagaContinued():
                self._go_on(event)
            case SagaCompleted() if self.open:
                self._wrong(f"is completed, and has not answered {self.open}")
                self._close("has ended")
            case _:
                self._go(event)

    def told(self, accepted: Set[str], declined: Set[str], closed: Mapping[str, str]) -> None:
        """Senders were told so: that their update is accepted, that the code refuses it, or why none is taken."""
        for id in sorted(accepted - self.accepted.keys()):
            self._wrong(f"acknowledged the update {id}, and it is lost")
        for id in () if self._went_on else sorted(declined & self.accepted.keys()):  # sent again, to another round
            self._wrong(f"declined the update {id}, and has it")
        for id, message in closed.items():
            if not any(reason in message for reason in self._reasons):
                self._wrong(f"takes no update {id}, it said: {message} And it could have taken it")

    def quiet(self) -> None:
        """Nothing more will happen by itself."""
        if self.open and not (self._closed or self._stopped):
            self._wrong(f"never answered {self.open}")

    def _wrong(self, what: str) -> None:
        self.faults.append(f"Updates: {self._saga_id} {what}")

    def _go_on(self, event: SagaContinued) -> None:
        """Another round: of the row with which the one before ended nothing is kept, but for the answers."""
        for each in event.answered:
            number = each.outcome.update
            if self.accepted.setdefault(each.id, number) != number:
                self._wrong(f"remembers {each.id} as number {number}, and it was {self.accepted[each.id]}")
            (self.answered if isinstance(each.outcome, UpdateAnswered) else self.refused).add(number)
        self._went_on = True
        self._reasons.add("begins anew")  # said while what the round left behind was not settled yet
        if self.open or len(self.accepted) != event.updates:
            self._wrong(f"began round {event.round} with {event.updates} updates, and has not answered {self.open}")
        self._stopped = False

    def _accept(self, number: int, id: str) -> None:
        if id in self.accepted or number != len(self.accepted) + 1:
            self._wrong(f"accepted the update {id} as number {number}: twice, or out of turn")
        if self._stopped or self._closed:
            self._wrong(f"accepted the update {id}, and its code did not run")
        self.accepted.setdefault(id, number)

    def _settle(self, number: int, how: str) -> None:
        if number not in self.accepted.values():
            self._wrong(f"{how} update {number}, which never came")
        if number in self.answered | self.refused:
            self._wrong(f"{how} update {number}, which had its answer")
        if self._stopped or self._closed:
            self._wrong(f"{how} update {number}, and its code did not run")

    def _go(self, event: Event) -> None:
        match event:
            case SagaParked(why):
                self._stopped = why in ("code", "forward_only", "step")
                # Code that is through is said to have ended, whatever becomes of its saga.
                self._reasons |= {"is parked", "has ended"}
            case SagaPaused():
                self._stopped = True
                self._reasons.add("is paused")
            case SagaResumed() | SagaUnpaused():
                self._stopped = False
            case CancelRequested():
                self._reasons.add("goes back")
            case CompensationStarted():
                self._close("goes back")
            case _ if isinstance(event, SagaEnded):
                self._close("has ended")
            case _:
                pass

    def _close(self, reason: str) -> None:
        self._closed = True
        self._reasons |= {reason, "has ended"}


def read_updates(saga_id: str, rows: Sequence[Sequence[Event]]) -> UpdateLedger:
    """The ledger of a whole history."""
    ledger = UpdateLedger(saga_id)
    for row in rows:
        for event in row:
            ledger.read(event)
    return ledger


def update_faults(
    saga_id: str,
    rows: Sequence[Sequence[Event]],
    accepted: Set[str] = frozenset(),
    declined: Set[str] = frozenset(),
    closed: Mapping[str, str] | None = None,
    *,
    quiet: bool = False,
) -> Iterator[str]:
    """All that is wrong with a saga's updates. What their senders were told: see ``UpdateLedger.told``."""
    ledger = read_updates(saga_id, rows)
    ledger.told(accepted, declined, closed or {})
    if quiet:
        ledger.quiet()
    yield from ledger.faults
