"""One thing that goes wrong in a run. Each knows whether it happened."""

from collections.abc import Sequence
from enum import StrEnum
from typing import assert_never

from contracts.answers import Pending
from coordinator.engine.decision import Decision
from coordinator.engine.facts import Fact, Signal
from coordinator.explore.driver import Driver
from coordinator.testing.channel import HELD, Answered, Brought, Message


class Befalls(StrEnum):
    """What can befall a message."""

    LOST = "is lost"
    TWICE = "comes twice"
    LATE = "comes after its deadline"
    LAST = "comes when all else is over"


def mishaps_of(message: Message) -> Sequence[Befalls]:
    """All that can befall it. Signals and updates have no deadline, and are sent until they are accepted."""
    return (Befalls.TWICE, Befalls.LAST) if isinstance(message, Brought) else tuple(Befalls)


class MessageFault:
    """Something befalls one message: the first of its command, attempt and direction, or of its signal or update."""

    def __init__(self, message: Message, befalls: Befalls) -> None:
        self._identity = identity(message)
        self._befalls = befalls
        self.reached = False
        self.name = f"{named(message)} {befalls}"

    def fate(self, message: Message, at: int) -> list[int]:
        """See Fate."""
        if self.reached or identity(message) != self._identity:
            return [at]
        self.reached = True
        match self._befalls:
            case Befalls.LOST:
                return []
            case Befalls.TWICE:
                return [at, at]
            case Befalls.LATE:
                deadline = None if isinstance(message, Brought) else message.send.deadline
                return [max(at, (deadline or at) + 1)]
            case Befalls.LAST:
                return [HELD]
            case _:
                assert_never(self._befalls)


class CrashFault:
    """The coordinator is killed when it is about to keep this row of the history (from 1), or has just kept it."""

    def __init__(self, saga_id: str, row: int, kept: bool, shown: str) -> None:
        self._saga_id = saga_id
        self._row = row
        self._kept = kept
        self.reached = False
        self.name = f"a crash {'after' if kept else 'before'} row {row} is kept ({shown})"

    def before(self, driver: Driver, fact: Fact) -> bool:
        """Whether it dies with this fact's decision made and not kept."""
        if self._kept or self.reached or not self._is_of(driver, self._row - 1):
            return False
        twin = driver.fork()
        self.reached = bool(twin.advance(fact).events)
        twin.machine.close()
        return self.reached

    def after(self, driver: Driver, decision: Decision) -> bool:
        """Whether it dies with this decision kept, and nobody told of it."""
        if not self._kept or self.reached or not self._is_of(driver, self._row):
            return False
        self.reached = bool(decision.events)
        return self.reached

    def _is_of(self, driver: Driver, rows: int) -> bool:
        return driver.saga_id == self._saga_id and len(driver.rows) == rows


def identity(message: Message) -> tuple[str, ...]:
    """The same for what is sent again, another for any other message of the run."""
    if isinstance(message, Brought):
        return ("brought", message.fact.name, message.fact.id)
    return (message.send.command_id, named(message))


def named(message: Message) -> str:
    """The message in words, others than those of any other message of its saga."""
    if isinstance(message, Brought):
        fact = message.fact
        what = "signal" if isinstance(fact, Signal) else "update"
        return f"the {what} {fact.name} (number {fact.id.rpartition(':')[2]})"
    send = message.send
    number = send.command_id.removesuffix(":undo").rpartition(":")[2]
    attempt = f", attempt {send.attempt}" if send.attempt > 1 else ""
    reply = isinstance(message, Answered)
    what = "" if not reply else "the reply to " if not isinstance(message.answer, Pending) else "the pending reply to "
    return f"{what}{send.in_words} (step {number}{attempt})"
