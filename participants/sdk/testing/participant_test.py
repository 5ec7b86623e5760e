"""What a test of handlers holds in its hand."""

from collections.abc import Awaitable, Callable, Sequence
from copy import copy
from typing import Any, Generic, ParamSpec, TypeVar, overload

from sqlalchemy import MetaData
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from contracts import Command, Failed, Refused, Undo
from contracts.answers import Failure, Pending, Refusal, Success
from contracts.command_message import CommandMessage
from contracts.values import NULL
from participants.sdk.participant import Participant
from participants.sdk.testing.desk import Answer, Desk, Exchange
from participants.sdk.testing.messages import forward_message, undo_message
from participants.sdk.testing.own_tables import OwnTables
from participants.sdk.testing.proof import Proof, World, prove

P = ParamSpec("P")
R = TypeVar("R")
E = TypeVar("E")


class ParticipantTest(Generic[E]):
    """A participant without Kafka: its handlers, its barrier and its own database, as in production.

    ``database`` is the engine of a Postgres database for tests: the participant's tables are made where they are
    missing, and emptied before the first message and between the orders of `prove`. ``tables`` says which, unless the
    participant itself does.
    ``effects`` shows what the handlers have done, as anything that can be compared: a count, a total, rows. What is
    done outside of the database belongs there too.
    ``given`` prepares what there has to be before the first message: rows, and stand-ins for other systems.
    A participant with ``barrier=False`` has no database, and then neither function is given a connection.
    """

    @overload
    def __init__(
        self,
        participant: Participant,
        database: AsyncEngine,
        *,
        effects: Callable[[AsyncConnection], Awaitable[E]] | None = None,
        given: Callable[[AsyncConnection], Awaitable[None]] | None = None,
        tables: MetaData | None = None,
    ) -> None: ...
    @overload
    def __init__(
        self,
        participant: Participant,
        database: None = None,
        *,
        effects: Callable[[], Awaitable[E]] | None = None,
        given: Callable[[], Awaitable[None]] | None = None,
    ) -> None: ...
    def __init__(
        self,
        participant: Participant,
        database: AsyncEngine | None = None,
        *,
        effects: Callable[..., Awaitable[E]] | None = None,
        given: Callable[..., Awaitable[None]] | None = None,
        tables: MetaData | None = None,
    ) -> None:
        participant.complete(database is not None)
        self.participant = participant
        self.exchanges: list[Exchange] = []
        """Every message so far, and its answer; those of `prove` are told by its error."""
        self._database = database
        self._effects = effects
        self._given = given
        self._own: OwnTables | None = None
        if database is not None:
            if database.dialect.name != "postgresql":
                raise TypeError(
                    f"The barrier needs Postgres: give an engine of postgresql+asyncpg, not {database.url!r}."
                )
            found = tables if tables is not None else participant.tables
            if found is None:
                raise TypeError(
                    f"Give tables=… with the tables of {participant.name}: they are emptied before the test begins."
                )
            self._own = OwnTables(database, found)
        self._desk: Desk | None = None
        self._steps = 0

    def given(self, given: Callable[..., Awaitable[None]]) -> "ParticipantTest[E]":
        """The same participant with another beginning, and nothing done yet."""
        other = copy(self)
        other._given, other._desk, other._steps, other.exchanges = given, None, 0, []
        return other

    async def call(self, command: Command[P, R], *arguments: P.args, **named: P.kwargs) -> R:
        """What the handler returns for a new command. Raises Refused or Failed when that is its answer."""
        message = self.command(command, *arguments, **named)
        return command.read_result(_result(await self.answer(message)))

    async def undo(self, undo: Undo) -> None:
        """Undoes the newest command that this undo belongs to. Raises Failed, and LookupError when there is none."""
        for done in reversed(self.exchanges):
            if done.message.direction == "forward" and done.message.type == undo.command.type:
                result = done.answer.result if isinstance(done.answer, Success) else NULL
                other = None if undo is undo.command.undo_with else undo.name
                _result(await self.answer(undo_message(done.message, result, undo=other)))
                return
        raise LookupError(f"{undo.command.type} has not been called, so there is nothing to undo.")

    def command(self, command: Command[P, R], *arguments: P.args, **named: P.kwargs) -> CommandMessage:
        """The message of a new command, to be handed to `answer` as often as the test wants; see `undo_message`."""
        self._steps += 1
        return forward_message(command, arguments, named, self._steps)

    async def answer(self, message: CommandMessage) -> Answer:
        """The answer to this message."""
        return (await self.answers(message))[0]

    @property
    def heartbeats(self) -> list[Any]:
        """What handlers that take long have told so far; None is a heartbeat without details. See `progressed`."""
        return [] if self._desk is None else self._desk.heartbeats

    async def answers(self, *messages: CommandMessage) -> list[Answer]:
        """The answers to messages that one consumer takes together."""
        if self._desk is None:
            await self._begin()
            self._desk = Desk(self.participant, self._database)
        answers = [_heard(answer) for answer in await self._desk.handle(messages)]
        self.exchanges += [Exchange(message, answer) for message, answer in zip(messages, answers, strict=True)]
        return answers

    async def effects(self) -> E:
        """What the handlers have done so far. Raises TypeError when the test was not told how to see it."""
        if self._effects is None:
            raise TypeError(
                "Give effects=…: a function that shows what the handlers have done, such as the number of rows in "
                "their tables."
            )
        if self._database is None:
            return await self._effects()
        async with self._database.connect() as connection:
            return await self._effects(connection)

    async def prove(self, command: Command[P, R], *arguments: P.args, **named: P.kwargs) -> Proof[E]:
        """Proves that this command is done once, and undone once by each of its undos, in whatever order messages come.

        Twice, in one batch, beside one that fails, to two consumers at once, the undo first, the command late, and with
        the process dying before each statement of the handler: each time from the beginning, and each time ``effects``
        must show what it shows after the plain order. What was done in this test before is forgotten, and nothing is
        left behind. Raises Unproved, an AssertionError, that tells which orders end how.
        """
        world = World(lambda: Desk(self.participant, self._database), self.effects, self._begin, self._database)
        message = forward_message(command, arguments, named, 1)
        undos = () if command.undo_with is None else (None, *command.other_undos)
        try:
            return await prove(world, message, command.type, undos, not command.nothing_to_undo)
        finally:
            self._desk = None
            if self._own is not None:
                await self._own.empty()

    @property
    def told(self) -> Sequence[tuple[str, Sequence[str]]]:
        """What the handlers were sent, and what they answered: a title, and lines."""
        lines = [str(each) for each in self.exchanges]
        return [(f"What {self.participant.name} was sent", lines)] if lines else []

    async def _begin(self) -> None:
        if self._own is not None:
            await self._own.empty()
        if self._given is None:
            return
        if self._database is None:
            await self._given()
            return
        async with self._database.begin() as connection:
            await self._given(connection)


def _heard(answer: Answer | None) -> Answer:
    assert answer is not None, "Another process is at this command, and answers it."
    return answer


def _result(answer: Answer) -> Any:
    match answer:
        case Success(result):
            return result
        case Refusal(problem):
            raise Refused.of(problem)
        case Failure(problem):
            raise Failed.of(problem)
        case Pending():
            raise AssertionError("It is answered later, so there is no result yet: look at it with answer(…).")
