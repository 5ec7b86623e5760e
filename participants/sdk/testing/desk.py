"""Where a test hands in messages: read, answered and committed as a worker does it, without Kafka."""

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.answers import Failure, Pending, Progress, Refusal, Success
from contracts.command_message import CommandMessage
from contracts.reply_message import answer_name, answer_value
from contracts.topics import Topics
from participants.sdk.arrivals import Arrivals, Call
from participants.sdk.batch import BarrierBatch
from participants.sdk.executor import Executor, WithoutBarrier
from participants.sdk.long_handlers import LongHandlers
from participants.sdk.participant import Participant
from participants.sdk.testing.neighbour import failing_neighbour
from participants.sdk.tracing import Tracing

Answer = Success | Refusal | Failure | Pending


class Exchange(msgspec.Struct, frozen=True):
    """A message, and what became of it."""

    message: CommandMessage
    answer: Answer | None
    """None: the process died before it answered."""

    def __str__(self) -> str:
        chosen = "" if self.message.undo is None else f" by {self.message.undo}"
        name = f"{'undo of ' if self.message.direction == 'undo' else ''}{self.message.type}{chosen}"
        return f"{name} → {'no answer' if self.answer is None else words(self.answer)}"


class Desk:
    """One consumer of a participant's commands, as long as its process lives."""

    def __init__(self, participant: Participant, database: AsyncEngine | None) -> None:
        self.heartbeats: list[Any] = []
        """Details of the heartbeats so far; None among them is one without."""
        topics = Topics()
        tracing = Tracing(topics.commands(participant.name))
        self._arrivals = Arrivals(participant, topics.replies)
        self._executor: Executor = WithoutBarrier(tracing) if database is None else BarrierBatch(database, tracing)
        self._long = LongHandlers(lambda: self._executor, tracing, database, self._told)
        self._answers: dict[str, Answer] = {}
        """To commands whose handlers take long, and to their undos."""

    async def handle(self, messages: Sequence[CommandMessage], *, beside_failing: bool = False) -> list[Answer | None]:
        """The answers, in order; what the handlers did is committed. The messages are one batch where that is possible;
        those of commands whose handlers take long come one after another. None: another consumer answers it.

        ``beside_failing``: with one more command, which fails. Raises TypeError for a message that no participant could
        read: the test made it.
        """
        calls = [self._call(message) for message in messages]
        if any(call.long for call in calls):
            return [await self._alone(call) for call in calls]
        if beside_failing:
            calls.append(failing_neighbour(messages[0]))
        answers: list[Answer] = []
        while len(answers) < len(calls):
            answers.extend(answered.answer for answered in await self._executor.handle(calls[len(answers) :]))
        return [*answers[: len(messages)]]

    async def _alone(self, call: Call) -> Answer | None:
        if not call.long:
            return (await self._executor.handle([call]))[0].answer
        answering = self._long.take(call)
        await asyncio.wait([answering])
        answering.result()
        return self._answers.pop(call.message.command_id, None)

    async def _told(self, message: CommandMessage, answer: Answer | Progress, traceparent: str | None) -> None:
        if isinstance(answer, Progress):
            self.heartbeats.append(msgspec.json.decode(answer.details))
        else:
            self._answers[message.command_id] = answer

    def _call(self, message: CommandMessage) -> Call:
        arrived = self._arrivals.read(message.headers(), message.value)
        if not isinstance(arrived, Call):
            raise TypeError(f"The participant cannot read {message.command_id}: {arrived.reason}")
        return arrived


def words(answer: Answer) -> str:
    """The answer as it is shown to people."""
    text = answer_value(answer).decode()
    return f"{answer_name(answer)} {text if len(text) <= 200 else text[:199] + '…'}"
