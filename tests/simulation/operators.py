"""People who watch sagas: at a moment of their choice they cancel one, halt it, let it go on, end it, see to a step."""

from collections.abc import Coroutine, Mapping, Sequence
from random import Random
from typing import Any

from contracts.kinds import Kind
from coordinator.engine.facts import (
    Accepted,
    Cancel,
    ConfirmUndo,
    Conflict,
    Fact,
    Known,
    Pause,
    Resume,
    RetryStep,
    SkipUndo,
    Terminate,
)
from coordinator.engine.status import Status
from coordinator.history.events import Event
from coordinator.history.people import SagaPaused
from coordinator.history.started import SagaStarted
from coordinator.history.steps import StepIssued, StepSucceeded
from coordinator.history.timers import TimerStarted
from coordinator.history.undos import UndoGivenUp, UndoIssued
from coordinator.runtime.ports import SagaRowChange
from tests.simulation.network import Network
from tests.simulation.senders import Told


class Operators:
    """They see what is in the log. What they do counts as trouble once somebody accepted it."""

    def __init__(self, random: Random, network: Network, told: Told, changes: Mapping[str, SagaRowChange]) -> None:
        """``changes`` has each saga's row."""
        self._random = random
        self._network, self._weather = network, network.weather
        self._told = told
        self._changes = changes
        self._pivots: set[tuple[str, int]] = set()
        self.freed: set[tuple[str, int]] = set()
        """Sagas and steps whose undo somebody wanted to skip, or to confirm."""
        self.faults: list[str] = []
        self.busy = 0
        """How many have not got their answer."""

    def see(self, saga_id: str, events: Sequence[Event]) -> None:
        """These are in the log, from now on."""
        for event in events:
            match event:
                case SagaPaused():
                    self._see_pause(saga_id)
                case StepSucceeded(step) if (saga_id, step) in self._pivots:
                    self._perhaps("cancelled_past_pivot", saga_id, Cancel("too late"), 0.0, 0.0, 0.05)
                case SagaStarted() | TimerStarted():
                    self._perhaps_halt(saga_id)
                case StepIssued(step, kind=kind):
                    self._see_step(saga_id, step, kind)
                case UndoIssued(step) | UndoGivenUp(step):
                    self._see_undo(saga_id, step)
                case _:
                    pass

    def _see_pause(self, saga_id: str) -> None:
        self._spawn(self._resume(saga_id))
        self._perhaps("paused_twice", saga_id, Pause("I too"), 0.0, 0.01, 0.3)
        self._perhaps("cancelled_in_a_pause", saga_id, Cancel("changed my mind"), 0.0, 0.01, 0.3)
        self._perhaps("terminated", saga_id, Terminate("enough"), 0.0, 0.3)

    def _see_step(self, saga_id: str, step: int, kind: Kind) -> None:
        if kind is Kind.PIVOT:
            self._pivots.add((saga_id, step))
            self._perhaps("cancelled_at_pivot", saga_id, Cancel("at the last moment"), 0.0, 0.0, 0.005)
        self._perhaps("step_retried", saga_id, RetryStep(step, undo=False), 0.0, 0.003, 0.3)
        self._perhaps_halt(saga_id)

    def _see_undo(self, saga_id: str, step: int) -> None:
        self._perhaps("undo_retried", saga_id, RetryStep(step, undo=True), 0.0, 0.003, 0.3)
        self._perhaps("undo_confirmed", saga_id, ConfirmUndo(step, "by telephone"), 0.0, 0.003, 0.3)
        self._perhaps("undo_skipped", saga_id, SkipUndo(step, "they may keep it"), 0.0, 0.003, 0.3)
        self._perhaps_halt(saga_id)

    def _perhaps_halt(self, saga_id: str) -> None:
        self._perhaps("paused", saga_id, Pause("wait"), 0.0, 0.0, 0.005, 0.05)
        self._perhaps("terminated", saga_id, Terminate("enough"), 0.0, 0.005, 0.05)

    def _perhaps(self, kind: str, saga_id: str, fact: Fact, *delays_s: float) -> None:
        if self._weather.tempts(kind):
            if isinstance(fact, SkipUndo | ConfirmUndo):
                self.freed.add((saga_id, fact.step))
            self._spawn(self._do(kind, saga_id, fact, self._random.choice(delays_s)))

    def _spawn(self, act: Coroutine[Any, Any, None]) -> None:
        async def one() -> None:
            await act
            self.busy -= 1

        self.busy += 1
        self._network.loop.create_task(one(), context=self._network.loop.outside.context)

    async def _do(self, kind: str, saga_id: str, fact: Fact, delay_s: float) -> None:
        await self._network.pause(delay_s)
        verdict = await self._told(saga_id, lambda _: fact)
        if not isinstance(verdict, Accepted | Known | Conflict) and not self._status(saga_id).ended:
            self.faults.append(f"{saga_id} was told {fact}, and the answer was {verdict}")
        counts = Known | Accepted if kind == "paused_twice" else Accepted
        if isinstance(verdict, counts) or (kind == "cancelled_past_pivot" and isinstance(verdict, Conflict)):
            self._weather.came[kind] += 1

    async def _resume(self, saga_id: str) -> None:
        """Whoever pauses a saga lets it go on after a while, through any coordinator."""
        await self._network.pause(self._random.choice((0.005, 0.05, 0.5, 2.0, 5.0, 12.0)))
        while self._status(saga_id) is Status.PAUSED:
            if isinstance(await self._told(saga_id, lambda _: Resume("go on")), Accepted):
                self._weather.came["unpaused"] += 1
            else:  # a coordinator whose warm copy is behind the log does not know of the pause
                await self._network.pause(0.5)

    def _status(self, saga_id: str) -> Status:
        return Status(self._changes[saga_id].status)
