"""What local steps call: somebody outside of Amends, who keeps a ledger and does what is asked as often as it is asked.

It sees every body from its beginning to its end, and says what no coordinator may do: two bodies of a step at once, one
after the end, a step after its undo, an answer to what was answered. Only a process that was paused, and has not had
the time to hear of it, may do so.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import NamedTuple

from contracts import Failed, Refused
from contracts.ids import command_id, forward_id
from coordinator.history.endings import SagaEnded
from coordinator.history.events import Event
from coordinator.history.people import StepSeenTo
from coordinator.history.steps import StepIssued, StepSucceeded
from coordinator.history.undos import UndoIssued, UndoRegistered, UndoSkipped, UndoSucceeded
from coordinator.saga import LocalStep
from tests.simulation.cluster import Group
from tests.simulation.network import Network
from tests.simulation.process import PROCESS, Process

UNHEARD_S = 5.0
"""A process that was paused may not know for so long what has happened meanwhile, nor any that a saga has ended."""
Rows = Sequence[Sequence[Event]]


class Done(NamedTuple):
    """One thing that was done outside."""

    direction: str
    number: int
    """What was answered; every time another one."""
    astray: bool
    """By a process that had been paused."""


@dataclass(slots=True, eq=False)
class Body:
    """One run of a body."""

    step: LocalStep
    process: Process
    begun_at: float
    stopping: bool = False
    """It was told to end, and cleans up."""

    @property
    def id(self) -> str:
        """The step's command id, of an undo too."""
        return forward_id(self.step.command_id)


class Outside:
    """The one ledger of a world; ``faults`` has what is wrong."""

    def __init__(
        self,
        network: Network,
        rows: Callable[[str], Rows],
        ended_at: Mapping[str, float],
        coordinators: Group,
    ) -> None:
        """``rows``: a saga's history. ``coordinators``: they divide the sagas among them."""
        self._network, self._rows, self._ended_at, self._group = network, rows, ended_at, coordinators
        self.faults: list[str] = []
        self.done: dict[str, list[Done]] = defaultdict(list)
        """By command id, in the order in which it was done."""
        self._refused: set[str] = set()
        self._running: dict[str, list[Body]] = defaultdict(list)
        self._answers: dict[tuple[str, int], set[int | None]] = defaultdict(set)
        """What bodies answered, by command id (an undo's is its own) and attempt."""
        self._answered: dict[tuple[Process, str, int], int] = {}
        """How often the sagas had been divided when a process had the answer."""
        self._asked = 0

    # --- what bodies do

    @contextmanager
    def body(self, step: LocalStep) -> Generator[Body]:
        """A body runs."""
        body = Body(step, PROCESS.get(), self._network.loop.time())
        self._begins(body)
        self._running[body.id].append(body)
        try:
            yield body
        finally:
            self._running[body.id].remove(body)

    def answers(self, body: Body, number: int | None) -> None:
        """It has its answer; None: that of an undo."""
        key = (body.step.command_id, body.step.attempt)
        self._answers[key].add(number)
        before, now = self._answered.get((body.process, *key)), self._group.rebalances
        if before == now and not self._is_astray(body):
            self.faults.append(f"Local: {key[0]}, attempt {key[1]}, was answered in {body.process}, and run again")
        self._answered[body.process, *key] = now

    async def ask(self, body: Body, given: int | None = None) -> int:
        """Has it done. Raises Failed when no answer comes, whether or not it was done."""
        weather, process = self._network.weather, body.process
        if weather.strikes("outside_request_lost"):
            await self._network.fail_later(process, weather.seconds(0.01, 2.0), Failed("unreachable", "Nobody there."))
        if weather.strikes("outside_answer_lost"):
            await self._asked_of(body, given)
            await self._network.fail_later(process, weather.seconds(0.01, 6.0), Failed("unheard", "No answer."))
        return await self._asked_of(body, given)

    async def _asked_of(self, body: Body, given: int | None) -> int:
        """What is under way arrives, also when the body is to end: so it waits until it has."""
        answer = self._network.ask(body.process, lambda: self._do(body, given))
        try:
            return await asyncio.shield(answer)
        except asyncio.CancelledError:
            body.stopping = True
            await answer
            raise

    def refuses(self, body: Body, *, in_a_mood: bool) -> bool:
        """What an earlier run has done it does not refuse, and what it has refused it does not do for a later one.

        When a saga is handed over, a run may begin while the answer of the one before is on its way to the log.
        """
        if in_a_mood and not self.done.get(body.id):
            self._refused.add(body.id)
        return body.id in self._refused

    # --- what may not be

    def _begins(self, body: Body) -> None:
        step = body.step
        self._network.trace(repr(body.process), "begins", step.command_id, step.attempt)
        if self._is_astray(body):
            return
        for other in self._running[body.id]:
            if self._may_not_run(other, body):
                self.faults.append(
                    f"Local: {step.command_id}, attempt {step.attempt}, begins in {body.process}, while "
                    f"{other.step.command_id}, attempt {other.step.attempt}, runs in {other.process}"
                )
        ended_at = self._ended_at.get(step.saga_id)
        if ended_at is not None and ended_at < body.begun_at - UNHEARD_S:
            self.faults.append(f"Local: {step.command_id} begins, and its saga has ended")

    def _may_not_run(self, other: Body, body: Body) -> bool:
        """Beside this one. When a saga is handed over, who had it may be on its way to the end, or out of the group: it
        looks after what it had until it gets another part, also by beginning it."""
        out = not (self._group.has(other.process) and self._group.has(body.process))
        handed_over = other.process is not body.process and (other.stopping or out)
        return other.process.alive and not handed_over and not self._is_astray(other)

    def _do(self, body: Body, given: int | None) -> int:
        self._asked += 1
        step, done, astray = body.step, self.done[body.id], self._is_astray(body)
        if step.direction == "forward" and body.id in self._refused:
            raise Refused("no", "It was refused already.")
        if step.direction == "forward" and not astray and any(each.direction == "undo" for each in done):
            self.faults.append(f"O4: {step.command_id} was done outside after its undo")
        if step.direction == "undo" and given != (known := self._result(step)):
            self.faults.append(f"O3: {body.id} is undone as {given}, and its result in the log is {known}")
        self._network.trace("outside", "did", step.command_id, step.attempt, self._asked)
        done.append(Done(step.direction, self._asked, astray))
        return self._asked

    def _is_astray(self, body: Body) -> bool:
        process = body.process
        return process.paused or process.woke_at > body.begun_at - UNHEARD_S

    def _result(self, step: LocalStep) -> int | None:
        """That of the step to be undone, as the log had it when it was decided to undo it."""
        found: int | None = None
        for row in self._rows(step.saga_id):
            for event in row:
                match event:
                    case StepSucceeded(number, result=result) if command_id(step.saga_id, number) == forward_id(
                        step.command_id
                    ):
                        found = int(bytes(result))
                    case UndoIssued(number) if command_id(step.saga_id, number) == forward_id(step.command_id):
                        return found
                    case _:
                        pass
        return found

    # --- the verdict

    def judged(self, saga_id: str, rows: Rows) -> Iterator[str]:
        """What is wrong with a saga's local steps, once all is quiet."""
        events = [event for row in rows for event in row]
        by_hand = {
            event.step
            for event in events
            if isinstance(event, UndoSkipped)
            or (isinstance(event, StepSeenTo) and event.act in ("confirm_undo", "give_result"))
        }
        for event in events:
            match event:
                case StepIssued(step, local=True, undoable=True) if step not in by_hand:
                    yield from self._as_told(command_id(saga_id, step), step, events)
                case UndoRegistered(step, local=True) if step not in by_hand:
                    yield from self._as_registered(command_id(saga_id, step), step, events)
                case StepSucceeded(step, attempt, result) if step not in by_hand and _is_local(step, events):
                    id = command_id(saga_id, step)
                    if int(bytes(result)) not in self._answers[id, attempt]:
                        yield f"Local: {id}, attempt {attempt}, answered {result}, says the log; no body did"
                case UndoSucceeded(step, attempt) if step not in by_hand and _is_local(step, events):
                    id = f"{command_id(saga_id, step)}:undo"
                    if None not in self._answers[id, attempt]:
                        yield f"Local: {id}, attempt {attempt}, was undone, says the log; no body did"
                case _:
                    pass

    def _as_registered(self, id: str, step: int, events: Sequence[Event]) -> Iterator[str]:
        """O3: what was registered as an undo was done where it was due, and nowhere else; it is never undone."""
        done = [each for each in self.done[id] if not each.astray]
        asked = any(isinstance(event, UndoIssued) and event.step == step for event in events)
        undone = any(isinstance(event, UndoSucceeded) and event.step == step for event in events)
        if (undone and not self.done[id]) or (done and not asked) or any(each.direction == "undo" for each in done):
            yield f"O3: {id} was registered as an undo, asked for: {asked}, done: {undone}; outside there is {done}"

    def _as_told(self, id: str, step: int, events: Sequence[Event]) -> Iterator[str]:
        """O3: what was done stands, or was undone last, as the log has it."""
        done = [each for each in self.done[id] if not each.astray or each.direction == "undo"]
        last = done[-1].direction if done else None
        undone = any(isinstance(event, UndoSucceeded) and event.step == step for event in events)
        asked = any(isinstance(event, UndoIssued) and event.step == step for event in events)
        if undone and last != "undo":
            yield f"O3: {id} is undone, says the log, and the last that was done outside is: {last}"
        if not asked and any(each.direction == "undo" for each in done):
            yield f"O3: {id} was undone outside, and nobody had asked for that"
        if not undone and isinstance(events[-1], SagaEnded) and type(events[-1]).__name__ in _GONE_BACK and done:
            yield f"O3: {id} stands outside, and its saga has gone back"


_GONE_BACK = ("SagaCompensated", "SagaFailed")


def _is_local(step: int, events: Sequence[Event]) -> bool:
    return any(isinstance(event, StepIssued) and event.step == step and event.local for event in events)


OUTSIDE: ContextVar[Outside] = ContextVar("outside")
"""Of the world in which a body runs."""
