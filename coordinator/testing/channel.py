"""Messages under way between one saga and its participants, or whoever sends it signals and updates; and what may
befall them."""

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from typing import NamedTuple

from contracts.answers import Answer
from coordinator.engine.decision import Send
from coordinator.engine.facts import Signal, Update


class Asked(NamedTuple):
    """A command or an undo on its way to its participant."""

    send: Send


class Answered(NamedTuple):
    """A reply on its way to the coordinator."""

    send: Send
    answer: Answer


class Brought(NamedTuple):
    """A signal or an update on its way to the coordinator."""

    fact: Signal | Update


Message = Asked | Answered | Brought
HELD = -1
"""Instead of a time: it arrives when nothing else happens any more."""
Fate = Callable[[Message, int], list[int]]
"""When a message that is sent at this time arrives: once at that time, as a rule; never, twice, later, or HELD."""


def arrives(_message: Message, at: int) -> list[int]:
    """Nothing befalls it."""
    return [at]


class Channel:
    """Messages by the time of their arrival."""

    def __init__(self, fate: Fate = arrives) -> None:
        self._fate = fate
        self._numbers = count()
        self._heap: list[tuple[int, int, Message]] = []
        self._held: list[Message] = []

    def send(self, message: Message, at: int) -> None:
        """It is to arrive then."""
        for moment in self._fate(message, at):
            self.bring(message, moment)

    def bring(self, message: Message, at: int) -> None:
        """It arrives then, whatever befalls others."""
        if at == HELD:
            self._held.append(message)
        else:
            heappush(self._heap, (at, next(self._numbers), message))

    def release(self, at: int) -> bool:
        """What is held arrives then; False when nothing is."""
        held, self._held = self._held, []
        for message in held:
            self.bring(message, at)
        return bool(held)

    @property
    def first_at(self) -> int | None:
        """When the next one arrives."""
        return self._heap[0][0] if self._heap else None

    def take(self) -> Message:
        """The next one."""
        return heappop(self._heap)[2]
