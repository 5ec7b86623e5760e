"""What has become of one update, as its saga's history tells it."""

from collections.abc import Iterable

from coordinator.history.endings import SagaEnded
from coordinator.history.events import Event
from coordinator.history.rounds import AnsweredUpdate, SagaContinued
from coordinator.history.undos import CompensationStarted
from coordinator.history.updates import UpdateAccepted, UpdateAnswered, UpdateRefused


class FollowedUpdate:
    """Hears the events of a history, or of its part behind the update's coming, in order."""

    __slots__ = ("_number", "id", "name", "outcome")

    def __init__(self, id: str) -> None:
        self.id = id
        self.name = ""
        """Empty: it has not come."""
        self.outcome: UpdateAnswered | UpdateRefused | CompensationStarted | SagaEnded | None = None
        """Its answer; or what kept it from ever having one; None: it is being handled, or has not come."""
        self._number = 0

    def hear(self, event: Event) -> None:
        """The event happened."""
        match event:
            case UpdateAccepted(number, name, self.id):
                self.name, self._number = name, number
            case UpdateAnswered(number) | UpdateRefused(number) if number == self._number:
                self.outcome = event
            case SagaContinued(answered=answered) if self.outcome is None:
                self._remember(answered)
            case _ if isinstance(event, CompensationStarted | SagaEnded) and self.name and self.outcome is None:
                self.outcome = event
            case _:
                pass

    def _remember(self, answered: Iterable[AnsweredUpdate]) -> None:
        """It may have come in a round that is not kept."""
        for each in answered:
            if each.id == self.id:
                self.name, self._number, self.outcome = each.name, each.outcome.update, each.outcome
