"""Who answers later: a back office, which does what participants have noted down, and says so by the command's id.

It does it once, unless it was undone before, and what it has said no to it never does. Whatever becomes of the process
that took the command, of the saga, or of the answer's first telling: it tells it until somebody has heard it.
"""

import asyncio
from collections import Counter
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from random import Random
from typing import Any

import msgspec
from aiokafka import TopicPartition

from contracts.answers import Answer, Failure, Refusal, Success
from contracts.durations import milliseconds
from contracts.failures import Problem
from contracts.ids import command_id, parse_command_id
from contracts.reply_message import ReplyMessage, answer_name
from coordinator.engine.facts import Accepted, Ignored, Known, Reply
from coordinator.history.endings import SagaEnded
from coordinator.history.events import Event
from coordinator.history.parking import ReplyDeferred
from coordinator.history.people import StepSeenTo
from coordinator.history.rounds import SagaContinued
from coordinator.history.scopes import ScopeUndoStarted
from coordinator.history.steps import (
    StepAbandoned,
    StepAttemptFailed,
    StepFailed,
    StepHeld,
    StepIssued,
    StepProgressed,
    StepRefused,
    StepSucceeded,
    StepTimedOut,
)
from coordinator.history.undos import CompensationStarted
from coordinator.kafka.records import partition_for
from tests.simulation.cluster import Cluster
from tests.simulation.contracts import Bank, Shop, Wish
from tests.simulation.database import Database
from tests.simulation.nodes import TOPICS
from tests.simulation.senders import Told

_NO = Refusal(Problem("not_at_all", "The back office says no."))
_TOO_LATE = Refusal(Problem("called_off", "It was undone before it was done."))
_NOT_YET = Failure(Problem("not_yet", "The back office could not.", retryable=True))
_MOST = {each.type: each.pending_timeout_ms for each in (Shop.take, Shop.lend, Bank.hold, Bank.pay)}
_PRODUCER = -2
_TIMEOUT_S = 5.0
_arguments = msgspec.json.Decoder(dict[str, Wish])


class BackOffice:
    """One for all participants; ``faults`` has what is wrong."""

    def __init__(
        self,
        random: Random,
        cluster: Cluster,
        told: Told,
        databases: Mapping[str, Database],
        rows: Mapping[str, Sequence[Sequence[Event]]],
    ) -> None:
        """``rows`` has each saga's history."""
        self._random = random
        self._cluster, self._network, self._told = cluster, cluster.network, told
        self._databases, self._rows = databases, rows
        self._asked: dict[str, StepIssued] = {}
        """Steps that are answered later, by command id."""
        self._taken_up: set[tuple[str, int]] = set()
        """Attempts of which it was said that they are answered later."""
        self._waits: dict[str, StepProgressed] = {}
        """By command id: since when the log says that the answer is waited for."""
        self._refused: set[str] = set()
        self._said: dict[str, set[str]] = {}
        """What was answered, by command id."""
        self._by_hand: set[str] = set()
        """Steps that people have answered for."""
        self.faults: list[str] = []
        self.came: Counter[str] = Counter()
        """What was answered, and is in the log."""
        self.busy = 0
        """How many answers have not been heard."""

    # --- what it hears

    def take_up(self, id: str, attempt: int) -> None:
        """A participant says that this is answered later."""
        if (id, attempt) in self._taken_up:
            return
        self._taken_up.add((id, attempt))
        if id not in self._asked or id not in self._database(id).noted:
            self.faults.append(f"Later: {id} is to be answered later, and nobody has noted it down")
            return
        self._spawn(self._see_to(id, attempt))

    def see(self, saga_id: str, events: Sequence[Event]) -> None:
        """These are in the log, from now on."""
        for event in events:
            match event:
                case StepIssued(step, command, arguments) if command in _MOST and b'"later"' in bytes(arguments):
                    self._asked[command_id(saga_id, step)] = event
                case StepSeenTo(step, "give_result"):
                    self._by_hand.add(command_id(saga_id, step))
                case StepProgressed(step):
                    if (id := command_id(saga_id, step)) in self._asked:
                        self._waits[id] = event
                        self.faults.extend(self._unheard_of(id, event))
                case StepSucceeded(step) | StepRefused(step):
                    if (id := command_id(saga_id, step)) in self._asked:
                        self._waits.pop(id, None)
                        self.faults.extend(self._unheard_of(id, event))
                case StepAttemptFailed(step) | StepFailed(step) | StepTimedOut(step) | StepHeld(step):
                    self._waits.pop(command_id(saga_id, step), None)
                case StepAbandoned(step):
                    self._waits.pop(command_id(saga_id, step), None)
                case CompensationStarted() | ScopeUndoStarted() | SagaContinued():
                    self._wait_no_more(saga_id)
                case _ if isinstance(event, SagaEnded):
                    self._wait_no_more(saga_id)
                case _:
                    pass

    def _wait_no_more(self, saga_id: str) -> None:
        for id in [id for id in self._waits if parse_command_id(id).saga_id == saga_id]:
            del self._waits[id]

    def _unheard_of(self, id: str, event: StepProgressed | StepSucceeded | StepRefused) -> Iterator[str]:
        """The log has no answer that nobody gave, and waits for one as long as was agreed."""
        match event:
            case StepProgressed(at=at, deadline=deadline):
                waits_ms = None if deadline is None else deadline - at
                if waits_ms != (agreed_ms := self._agreed_ms(id)):
                    yield f"Later: the answer to {id} is waited for {waits_ms} ms, agreed were {agreed_ms}"
            case StepSucceeded(result=result):
                if id not in self._by_hand and f"succeeded {bytes(result)!r}" not in self._said.get(id, ()):
                    yield f"Later: {id} has succeeded, says the log, and nobody has said so"
            case StepRefused(problem=problem):
                if problem.type == _NO.problem.type and id not in self._refused:
                    yield f"Later: {id} was refused, says the log, and nobody has said so"

    def _agreed_ms(self, id: str) -> int | None:
        issued = self._asked[id]
        wish, most = _arguments.decode(bytes(issued.arguments))["wish"], _MOST[issued.command]
        said = None if wish.later == "any" else milliseconds(wish.later)
        return min((each for each in (said, most) if each is not None), default=None)

    def _database(self, id: str) -> Database:
        return self._databases[self._asked[id].command.partition(".")[0]]

    # --- what it says

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        async def one() -> None:
            await work
            self.busy -= 1

        self.busy += 1
        self._network.loop.create_task(one(), context=self._network.loop.outside.context)

    async def _see_to(self, id: str, attempt: int) -> None:
        weather = self._network.weather
        if self._agreed_ms(id) is not None and weather.strikes("answered_never"):
            return
        late = weather.strikes("answered_late")
        await self._pause(*((8.0, 20.0, 40.0) if late else (0.0, 0.0, 0.01, 0.3, 2.0, 4.0)))
        answer = await self._decide(id)
        if weather.strikes("answered_by_record"):
            self._send(id, attempt, answer)
            await self._pause(0.0, 0.01, 1.0, 5.0)
        tellings = [self._tell(id, answer)]
        if weather.strikes("answered_twice"):
            tellings.append(self._tell_again(id, answer))
        await asyncio.gather(*tellings)

    async def _decide(self, id: str) -> Answer:
        """Nobody else has the command's row meanwhile."""
        database, draw = self._database(id), self._random.random()
        while database.is_held(id):
            await self._pause(0.02, 0.1)
        if draw < 0.25 and id not in self._refused:
            answer: Answer = _NOT_YET
        elif id in self._refused or (draw < 0.4 and not database.has_done(id)):
            self._refused.add(id)
            answer = _NO
        else:
            done = database.do_noted(id)
            answer = _TOO_LATE if done is None else Success(msgspec.Raw(b"%d" % done))
            if isinstance(answer, Success):
                self._said.setdefault(id, set()).add(f"succeeded {bytes(answer.result)!r}")
        return answer

    def _send(self, id: str, attempt: int, answer: Answer) -> None:
        """By a reply to the attempt that it knows of, once; nobody says whether it arrived."""
        partitions = self._cluster.partitions(TOPICS.replies)
        if not partitions:
            return
        saga_id = parse_command_id(id).saga_id
        reply = ReplyMessage(f"{id}:{attempt}:later", saga_id, id, attempt, answer, "/back-office", 0)
        where = TopicPartition(TOPICS.replies, partition_for(saga_id.encode(), range(partitions)))
        record = (0, saga_id.encode(), reply.value, tuple(reply.headers()))
        sent = self._cluster.produce(_PRODUCER, where, [record], _TIMEOUT_S)
        sent.add_done_callback(_heard, context=self._network.loop.outside.context)

    async def _tell_again(self, id: str, answer: Answer) -> None:
        await self._pause(0.0, 0.0, 0.5, 5.0)
        await self._tell(id, answer)

    async def _tell(self, id: str, answer: Answer) -> None:
        """Over HTTP, by the command's id alone."""
        waits = self._waits.get(id)
        verdict = await self._told(parse_command_id(id).saga_id, lambda _: Reply(id, 0, answer))
        what = answer_name(answer)
        if not isinstance(verdict, Accepted | Known | Ignored):
            self.faults.append(f"Later: {id} {what}, and the answer was {verdict}")
        if isinstance(verdict, Ignored) and waits is not None and self._waits.get(id) is waits:
            self.faults.append(f"Later: {id} {what} was waited for, and the answer was {verdict}")
        if isinstance(verdict, Accepted):
            self.came[f"later_{what}"] += 1
            if not self._is_written(id, what):
                self.faults.append(f"Later: that {id} {what} was acknowledged, and the log does not have it")

    def _is_written(self, id: str, what: str) -> bool:
        return any(_says(event, id, what) for row in self._rows[parse_command_id(id).saga_id] for event in row)

    async def _pause(self, *delays_s: float) -> None:
        await self._network.pause(self._random.choice(delays_s))

    # --- the verdict

    def judged(self) -> Iterator[str]:
        """Once all is quiet."""
        for name, database in self._databases.items():
            for id, amounts in database.noted.items():
                if len(amounts) > 1:
                    yield f"O2: {name} has noted {id} down {len(amounts)} times"
        if self.busy:
            yield f"{self.busy} answers that came later were not heard"


def _says(event: Event, id: str, what: str) -> bool:
    """Or it is behind the end of a round, of which only that is written down."""
    step = parse_command_id(id).step
    match event:
        case ReplyDeferred(command, answer=answer):
            return (command, answer) == (id, what)
        case SagaContinued(steps=steps):
            return step <= steps
        case StepSucceeded(number):
            return number == step and what == "succeeded"
        case StepRefused(number):
            return number == step and what == "refused"
        case StepAttemptFailed(number) | StepFailed(number) | StepHeld(number):
            return number == step and what == "failed"
        case _:
            return False


def _heard(sent: Any) -> None:
    sent.exception()
