"""The signals of one name in one run of a saga's code: those that are kept, or those who wait for one."""

import asyncio
from collections import deque
from typing import Any, NamedTuple

from coordinator.saga.parameters import ValueType


class Arrived(NamedTuple):
    """A signal that nobody has taken yet."""

    signal: int
    value: Any


class Inbox:
    """First come, first served, on both sides: whoever waits is handed a signal, and nobody can be quicker."""

    __slots__ = ("_kept", "_waiting", "type")

    def __init__(self, type: ValueType) -> None:
        self.type = type
        self._kept: deque[Arrived] = deque()
        self._waiting: deque[asyncio.Future[Arrived]] = deque()

    def put(self, arrived: Arrived) -> None:
        """A signal came."""
        if self._waiting:
            self._waiting.popleft().set_result(arrived)
        else:
            self._kept.append(arrived)

    def take(self) -> Arrived | None:
        """The oldest that is kept."""
        return self._kept.popleft() if self._kept else None

    def wait(self, future: "asyncio.Future[Arrived]") -> None:
        """The next that comes is this future's result, unless others wait before it."""
        self._waiting.append(future)

    def leave(self, future: "asyncio.Future[Arrived]") -> None:
        """Whoever waited is cancelled. It was handed nothing: a signal is put while the loop is idle, so its taker is
        the first to run, and nobody can cancel it before."""
        self._waiting.remove(future)
