"""What must hold at every moment, looked at from where everything comes by: the servers."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from random import Random
from typing import Any, NamedTuple

from aiokafka import TopicPartition

from contracts.answers import Failure, Pending, Progress
from contracts.command_message import CHILD, child_of
from contracts.failures import Problem
from contracts.ids import is_notice_id, parse_command_id
from contracts.kinds import Kind
from contracts.reply_message import PARENT, ReplyMessage
from coordinator.engine.facts import Accepted, Reply
from coordinator.engine.machine import Machine
from coordinator.engine.status import ENDED
from coordinator.history.children import SagaReopened
from coordinator.history.codec import read_events
from coordinator.history.endings import SagaEnded
from coordinator.history.events import Event
from coordinator.history.parking import ReplyDeferred, SagaParked
from coordinator.history.rounds import SagaContinued
from coordinator.history.started import SagaStarted
from coordinator.history.steps import (
    StepAbandoned,
    StepAttemptFailed,
    StepFailed,
    StepHeld,
    StepIssued,
    StepProgressed,
    StepProgressedLate,
    StepRefused,
    StepSucceeded,
    StepTimedOut,
)
from coordinator.history.undos import (
    CancelRequested,
    CompensationStarted,
    UndoAttemptFailed,
    UndoGivenUp,
    UndoHeld,
    UndoProgressed,
    UndoRegistered,
    UndoSkipped,
    UndoSucceeded,
)
from coordinator.runtime.ports import LOCAL_TOPIC, Confirmed, SagaRowChange, SagaWrite
from coordinator.saga import Definitions
from tests.child_ledger import waiting_in_vain
from tests.simulation.cluster import Cluster, Record
from tests.simulation.database import Effect
from tests.simulation.favours import count_faults
from tests.simulation.installed import START_S
from tests.simulation.nodes import TOPICS
from tests.simulation.poison import is_forged
from tests.simulation.requests import lost_calls, lost_requests
from tests.simulation.told import Told

EARLIEST_S = 40.0
"""The sagas' deadline is 60 s; clocks may be a little wrong, and commits slow."""
SAMPLED = 0.03
"""The share of commits after which the saga is rebuilt and compared with its row."""


class Round(NamedTuple):
    """Of one saga: its rows as far as they were written, and when each wakes it."""

    rows: list[tuple[Event, ...]]
    wake_ups: list[int | None]


class Witness:
    """Sees every commit, record, effect and committed offset. What is wrong is kept in ``faults``."""

    def __init__(self, random: Random, definitions: Definitions, now: Callable[[], float]) -> None:
        self._now = now
        self.faults: list[str] = []
        self.poisoned: set[tuple[str, int, int, float]] = set()
        """Records that nobody can use: topic, partition, offset, and when the topic was made."""
        self.rows: dict[str, list[tuple[Event, ...]]] = {}
        """The history of each saga, as it was committed; where it went on as new, that of its last round."""
        self.earlier: dict[str, list[Round]] = {}
        """The rounds before, by saga."""
        self.changes: dict[str, SagaRowChange] = {}
        self.wake_ups: dict[str, list[int | None]] = {}
        """By saga: after each row of its history, when its row in the table wakes it."""
        self.show: Callable[[str, Sequence[Event]], None] = lambda _, __: None
        """Told of every row of a history."""
        self.ended_at: dict[str, float] = {}
        """When sagas ended, by the world's clock."""
        self.ends: dict[str, str] = {}
        """How sagas ended."""
        self._in_vain: frozenset[str] | None = None
        """As far as it was looked at since something was written."""
        self.reached: Counter[type[Event]] = Counter()
        """How often each event was written."""
        self.told = Told()
        """What was told of sagas."""
        self._random = random
        self._definitions = definitions
        self._decided: set[tuple[str, int]] = set()
        """Attempts that were in the outbox at some time."""
        self._local: set[tuple[str, int]] = set()
        """Those of them that the coordinators run themselves."""
        self._settled: set[str] = set()
        """Commands and undos whose answer is in the log."""
        self._kept: set[str] = set()
        """Commands and undos whose answer came while the saga stood still."""
        self._failed: set[tuple[str, int]] = set()
        """Attempts of which the log has that they failed."""
        self._progressed: dict[str, int] = {}
        """The latest attempt of each command and undo of which the log has that it is under way."""
        self._heard: set[tuple[str, int, bytes]] = set()
        """Progress that is in the log, with its details."""
        self._answered: set[tuple[str, int]] = set()
        """Attempts that some participant answered."""
        self._sent: set[tuple[str, int]] = set()
        """Attempts that reached the broker."""
        self._aside: set[tuple[str, int, int]] = set()
        """Records of which there is a dead letter: topic, partition, offset."""
        self._began_at: dict[str, float] = {}
        self._pivots: set[tuple[str, int]] = set()
        self._registered: set[tuple[str, int]] = set()
        """Undos that sagas registered themselves."""
        self._past: set[str] = set()
        """Sagas past their point of no return."""
        self._effects: dict[tuple[str, str], int] = {}

    # --- the coordinators' log

    def committed(self, writes: Sequence[SagaWrite]) -> None:
        """These writes have won."""
        self._in_vain = None
        for write in writes:
            events = self.read(write)
            if isinstance(events[0], SagaContinued):
                self._begin_round(write.saga_id)
            rows = self.rows.setdefault(write.saga_id, [])
            if rows and isinstance(rows[-1][-1], SagaEnded) and not isinstance(events[0], SagaReopened):
                self.faults.append(f"O6: {write.saga_id} had ended, and row {write.seq} was written: {events}")
            rows.append(events)
            self.reached.update(map(type, events))
            if write.change is not None:
                self.changes[write.saga_id] = write.change
            self.wake_ups.setdefault(write.saga_id, []).append(self.changes[write.saga_id].wake_at)
            for row in write.outbox:
                self._decided.add((row.command_id, row.attempt))
                if row.topic.startswith(LOCAL_TOPIC):
                    self._local.add((row.command_id, row.attempt))
            for event in events:
                self._settle(write.saga_id, event)
                self._in_order(write.saga_id, event)
            if self._random.random() < SAMPLED:
                self._compare(write.saga_id)
            self.show(write.saga_id, events)

    def _begin_round(self, saga_id: str) -> None:
        """What came before is not kept by the log."""
        self._past.discard(saga_id)
        if rows := self.rows.pop(saga_id, None):
            self.earlier.setdefault(saga_id, []).append(Round(rows, self.wake_ups.pop(saga_id)))

    def rounds(self, saga_id: str) -> list[Round]:
        """All that was ever seen of the saga's history."""
        return [*self.earlier.get(saga_id, ()), Round(self.rows[saga_id], self.wake_ups[saga_id])]

    @property
    def histories(self) -> dict[str, list[list[Event]]]:
        """By saga, the events of each round."""
        return {
            saga_id: [[event for row in each.rows for event in row] for each in self.rounds(saga_id)]
            for saga_id in self.rows
        }

    @property
    def in_vain(self) -> frozenset[str]:
        """Sagas that wait for others which wait for a person."""
        if self._in_vain is None:
            parked = frozenset(saga_id for saga_id, change in self.changes.items() if change.status == "parked")
            self._in_vain = waiting_in_vain(self.histories, parked)
        return self._in_vain

    def read(self, write: SagaWrite) -> tuple[Event, ...]:
        """Its events."""
        return tuple(read_events(write.events))

    def _settle(self, saga_id: str, event: Event) -> None:
        match event:
            case StepSucceeded(step) | StepRefused(step) | StepFailed(step) | StepTimedOut(step) | StepAbandoned(step):
                self._settled.add(f"{saga_id}:{step}")
            case UndoRegistered(step):
                self._registered.add((saga_id, step))
            case UndoSucceeded(step) | UndoSkipped(step):
                self._settled.add(self._undo_id(saga_id, step))
            case ReplyDeferred(command, attempt, what, value):
                self._kept.add(command)
                if what == "progress":
                    self._heard.add((command, attempt, bytes(value)))
            case StepAttemptFailed(step, attempt) | StepHeld(step, attempt):
                self._failed.add((f"{saga_id}:{step}", attempt))
            case UndoAttemptFailed(step, attempt) | UndoGivenUp(step, attempt) | UndoHeld(step, attempt):
                self._failed.add((self._undo_id(saga_id, step), attempt))
            case StepProgressed(step, attempt, _, details):
                self._progressed[f"{saga_id}:{step}"] = attempt
                self._heard.add((f"{saga_id}:{step}", attempt, bytes(details)))
            case StepProgressedLate(step, attempt, _, details):
                self._heard.add((f"{saga_id}:{step}", attempt, bytes(details)))
            case UndoProgressed(step, attempt):
                self._progressed[self._undo_id(saga_id, step)] = attempt
            case SagaReopened():
                del self.ended_at[saga_id], self.ends[saga_id]
            case _ if isinstance(event, SagaEnded):
                self.ended_at[saga_id] = self._now()
                self.ends[saga_id] = type(event).__name__
            case _:
                pass

    def _undo_id(self, saga_id: str, step: int) -> str:
        """Under which the undo is sent."""
        return f"{saga_id}:{step}" if (saga_id, step) in self._registered else f"{saga_id}:{step}:undo"

    def _in_order(self, saga_id: str, event: Event) -> None:
        """T1, and that nothing turns back behind the point of no return."""
        match event:
            case SagaStarted():
                self._began_at[saga_id] = self._now()
            case StepIssued(step, kind=Kind.PIVOT):
                self._pivots.add((saga_id, step))
            case StepSucceeded(step) if (saga_id, step) in self._pivots:
                self._past.add(saga_id)
            case CompensationStarted() | SagaReopened() if saga_id in self._past:
                self.faults.append(f"O4: {saga_id} turned back after its point of no return")
            case SagaParked(message=message) if "does not fit this saga's history" in message:
                self.faults.append(f"O7: {saga_id} was parked, and its code is what it was: {message}")
            case SagaParked(message=message) if "NoDeadline" in message:
                self.faults.append(f"T1: {saga_id} has a deadline, and could not extend it: {message}")
            case CancelRequested(Problem(type="deadline_exceeded")):
                passed = self._now() - self._began_at[saga_id]
                if passed < EARLIEST_S:
                    self.faults.append(f"T1: the deadline of {saga_id} came {passed:.1f} s after its start")
            case _:
                pass

    def deleted(self, confirmed: Sequence[Confirmed]) -> None:
        """These outbox rows are deleted."""
        for each in confirmed:
            if (each.command_id, each.attempt) in self._local:
                self._over(each)
            elif (each.command_id, each.attempt) not in self._sent:
                self.faults.append(f"{each.command_id}, attempt {each.attempt}, left the outbox before it was sent")

    def stands_still(self, command_id: str) -> bool:
        """Whether it is a local step that waits until its saga's code may go on."""
        if is_notice_id(command_id):
            return False
        ref = parse_command_id(command_id)
        change = self.changes[ref.saga_id]
        local = any(command_id == each for each, _ in self._local)
        return local and not ref.undo and change.parked_for in ("code", "forward_only", "step")

    def _over(self, row: Confirmed) -> None:
        """Nobody waits for a local step whose row goes."""
        saga_id = parse_command_id(row.command_id).saga_id
        if row.command_id not in self._kept and self.machine(saga_id).awaits(row.command_id, row.attempt) is not None:
            self.faults.append(f"Local: {row.command_id}, attempt {row.attempt}, left the outbox, and is waited for")

    def _compare(self, saga_id: str) -> None:
        """O5, O7: the row says what the log says, and wakes the saga in time; the code says it too."""
        self.faults.extend(count_faults(saga_id, self.rows[saga_id], self._definitions))
        machine, change = self.machine(saga_id), self.changes[saga_id]
        if machine.status.value != change.status:
            self.faults.append(f"O7: the row of {saga_id} says {change.status}, its log {machine.status.value}")
        due = machine.wake_at
        if change.status not in ENDED and due is not None and (change.wake_at is None or change.wake_at > due):
            self.faults.append(f"O5: {saga_id} has something due at {due}, and its row says {change.wake_at}")

    def machine(self, saga_id: str) -> Machine:
        """The saga as its log has it."""
        return Machine.rebuild(saga_id, self.rows.get(saga_id, ()), self._definitions)

    # --- Kafka

    def arrived(self, topic: str, record: Any) -> None:
        """A record reached the broker, whatever becomes of it there."""
        headers = dict(record[3])
        if topic == TOPICS.replies:
            self._answered.add((headers["ce_commandid"].decode(), int(headers["ce_attempt"])))
            self._told_by_child(headers)
        elif topic == TOPICS.dead_letters:
            place = headers["amends-topic"].decode(), int(headers["amends-partition"]), int(headers["amends-offset"])
            self._aside.add(place)
        elif topic == TOPICS.lifecycle:
            sent = (self.told.arrived(record[3], record[2]), 1)
            self._sent.add(sent)
            if sent not in self._decided:
                self.faults.append(f"{sent[0]} was sent before it was committed")
        elif topic != TOPICS.requests or CHILD in headers:
            sent = (headers["ce_id"].decode(), int(headers["ce_attempt"]))
            self._sent.add(sent)
            if headers["ce_type"] == b"guide.lose":
                self.faults.append(f"{sent[0]} was sent, and may be refused and not be undone")
            if sent in self._local:
                self.faults.append(f"{sent[0]} was sent, and is a local step")
            if sent not in self._decided:
                self.faults.append(f"{sent[0]}, attempt {sent[1]}, was sent before it was committed")

    def _told_by_child(self, headers: Mapping[str, bytes]) -> None:
        """What a saga tells its caller is in the outbox first; not what it says at once, on being asked."""
        own, _, attempt = headers["ce_id"].decode().rpartition(":")
        if PARENT in headers and attempt.isdigit():
            sent = (own, int(attempt))
            self._sent.add(sent)
            if sent not in self._decided:
                self.faults.append(f"{own} was answered before it was committed")

    def offsets_committed(self, cluster: Cluster, partition: TopicPartition, old: int, new: int) -> None:
        """A group is through with these records, and will not see them again."""
        log = cluster.logs.get(partition)
        if log is None:
            return
        made_at, good = cluster.made_at[partition.topic], list[Record]()
        for record in log[old:new]:
            place = (record.topic, record.partition, record.offset)
            if (*place, made_at) not in self.poisoned:
                good.append(record)
            elif place not in self._aside and not is_forged(record.headers):
                self.faults.append(
                    f"M6: the offset of what nobody can read, {place}, was committed without dead letter"
                )
        now_ms = int((START_S + self._now()) * 1e3)
        match partition.topic:
            case TOPICS.replies:
                self.faults.extend(self._lost_replies(good, now_ms))
            case TOPICS.requests:
                kept = [each for each in good if (each.topic, each.partition, each.offset) not in self._aside]
                calls = [each for each in kept if child_of(each.headers) is not None]
                asked = [each for each in kept if child_of(each.headers) is None]
                self.faults.extend(lost_requests(asked, self.rows, self.machine, now_ms))
                self.faults.extend(lost_calls(calls, self.machine, now_ms))
            case _:
                self.faults.extend(self._lost_commands(good))

    def _lost_replies(self, records: Iterable[Record], now_ms: int) -> Iterable[str]:
        for record in records:
            reply = ReplyMessage.read(record.headers, record.value)
            attempt = (reply.command_id, reply.attempt)
            failed = isinstance(reply.answer, Failure | Pending) and attempt in self._failed
            progressed = isinstance(reply.answer, Pending) and reply.attempt <= self._progressed.get(
                reply.command_id, 0
            )
            if isinstance(reply.answer, Progress) and (*attempt, bytes(reply.answer.details)) in self._heard:
                continue
            if failed or progressed or reply.command_id in self._settled:
                continue
            machine = self.machine(reply.saga_id)
            fact = Reply(reply.command_id, reply.attempt, reply.answer)
            if machine.status.ended or not machine.exists:
                continue
            if machine.advance([fact], now_ms).verdicts == (Accepted(),):
                answer = type(reply.answer).__name__
                yield f"the offset of {answer} to {reply.command_id} was committed, and the log does not have it"

    def _lost_commands(self, records: Iterable[Record]) -> Iterable[str]:
        for record in records:
            headers = dict(record.headers)
            sent = (headers["ce_id"].decode(), int(headers["ce_attempt"]))
            if (
                sent not in self._answered and headers["ce_type"] != b"archive.walk"
            ):  # which is begun, and answered later
                yield f"the offset of {sent[0]}, attempt {sent[1]}, was committed, and nobody has answered it"

    # --- participants

    def effects(self, participant: str, effects: Sequence[Effect]) -> None:
        """O2, O4: each once, an undo after its command, and no command after its undo."""
        for effect in effects:
            ref = parse_command_id(effect.command_id)
            key = (effect.command_id, effect.direction)
            if key in self._effects:
                self.faults.append(f"O2: {participant} did {effect.command_id} ({effect.direction}) twice")
            forward = self._effects.get((effect.command_id, "forward"))
            if effect.direction == "undo" and forward != -effect.amount:
                self.faults.append(
                    f"O3: {participant} undid {effect.command_id} by {effect.amount}, done was {forward}"
                )
            if effect.direction == "forward" and (effect.command_id, "undo") in self._effects:
                self.faults.append(f"O4: {participant} did {effect.command_id} after its undo")
            if ref.saga_id not in self.rows:
                self.faults.append(f"{participant} did {effect.command_id}, and there is no such saga")
            self._effects[key] = effect.amount
