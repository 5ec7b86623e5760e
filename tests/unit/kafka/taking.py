"""Requests as they take records in, with everything around them in memory."""

from collections.abc import Callable
from typing import Any, NamedTuple

from contracts.answers import Answer
from contracts.command_message import CommandMessage
from coordinator.engine.facts import Fact, Verdict
from coordinator.kafka.child_answers import ChildAnswers
from coordinator.kafka.dead_letters import DeadLetters
from coordinator.kafka.offsets import PartitionOffsets
from coordinator.kafka.requests import Requests
from coordinator.runtime.intake import Intake
from coordinator.runtime.limits import Limits
from coordinator.runtime.starting import Starting
from tests.unit.api.definitions import DEFINITIONS

OFFSET = 7


class Consumed(NamedTuple):
    """A record, as far as it is looked at."""

    headers: Any
    value: bytes | None
    offset: int = OFFSET


class Aside(DeadLetters):
    """Keeps what is set aside; the test says when that is durable."""

    def __init__(self) -> None:
        self.reasons: list[str] = []
        self.done: list[Callable[[], None]] = []
        self.is_full = False

    @property
    def full(self) -> bool:
        return self.is_full

    def add(self, record: Any, reason: str, done: Callable[[], None]) -> None:
        self.reasons.append(reason)
        self.done.append(done)


class Answered(ChildAnswers):
    """Keeps what is answered; the test says when that is durable."""

    def __init__(self) -> None:
        self.said: list[tuple[CommandMessage, str, Answer]] = []
        self.done: list[Callable[[], None]] = []

    @property
    def full(self) -> bool:
        return False

    def add(self, call: CommandMessage, child: str, answer: Answer, done: Callable[[], None]) -> None:
        self.said.append((call, child, answer))
        self.done.append(done)


class Taking:
    """Everything around the requests that a record comes by."""

    def __init__(self) -> None:
        self.intake = Intake(Limits(facts_high=3, facts_low=0, facts_submitted=2))
        self.aside, self.answers = Aside(), Answered()
        self.offsets = PartitionOffsets()
        self.requests = Requests(self.intake, self.aside, Starting(DEFINITIONS, self.begin_trace), self.answers)

    def begin_trace(self, saga_id: str, definition: str, client: str | None) -> str | None:
        return f"{saga_id} {definition} {client}"

    def take(self, record: Consumed) -> None:
        self.requests.take(record, self.offsets)

    def fact(self) -> tuple[str, Fact]:
        """The one that was handed in."""
        [(saga_id, [letter])] = self.intake.take(10)
        return saga_id, letter.fact

    def decide(self, verdict: Verdict) -> None:
        """What becomes of it."""
        [(saga_id, [letter])] = self.intake.take(10)
        letter.done(verdict)
        self.intake.release(saga_id)

    @property
    def handled(self) -> bool:
        return self.offsets.to_commit() == OFFSET + 1
