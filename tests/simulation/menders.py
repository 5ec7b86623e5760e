"""People who see to what is held: they send the signal that it waits for, or see to the step themselves.

They are no fault: without them a saga might stand still for ever, and be right.
"""

from collections import Counter, defaultdict
from collections.abc import Coroutine, Mapping, Sequence
from random import Random
from typing import Any

import msgspec

from coordinator.engine.facts import Accepted, Cancel, Conflict, Fact, GiveResult, Resume, RetryStep, Signal, Unfit
from coordinator.engine.status import Status
from coordinator.history.endings import SagaEnded
from coordinator.history.events import Event
from coordinator.history.rounds import SagaContinued
from coordinator.history.steps import (
    StepAbandoned,
    StepFailed,
    StepHeld,
    StepRefused,
    StepRetried,
    StepSucceeded,
    StepTimedOut,
)
from coordinator.history.undos import (
    CompensationStarted,
    UndoGivenUp,
    UndoHeld,
    UndoIssued,
    UndoRetried,
    UndoSkipped,
    UndoSucceeded,
)
from coordinator.runtime.ports import SagaRowChange
from tests.simulation.network import Network
from tests.simulation.senders import Told

Held = tuple[str, int, bool]
"""Saga, step, whether it is its undo."""


class Menders:
    """They see what is in the log."""

    def __init__(
        self,
        random: Random,
        network: Network,
        told: Told,
        changes: Mapping[str, SagaRowChange],
        acknowledged: defaultdict[str, set[str]],
    ) -> None:
        """``changes`` has each saga's row; ``acknowledged`` are the signals that were answered with yes."""
        self._random, self._network, self._told = random, network, told
        self._changes, self._acknowledged = changes, acknowledged
        self._held: dict[Held, str] = {}
        """And the signal that it waits for."""
        self._at_it: set[Held] = set()
        self._sent = 0
        self._times: Counter[Held] = Counter()
        """How often it has come to be held."""
        self.faults: list[str] = []
        self.came: Counter[str] = Counter()
        """What they did, and was accepted."""
        self.busy = 0
        """How many have not got their answer."""

    def see(self, saga_id: str, events: Sequence[Event]) -> None:
        """These are in the log, from now on."""
        for event in events:
            match event:
                case StepHeld(step, signal=str(signal)):
                    self._hold((saga_id, step, False), signal)
                case UndoHeld(step, signal=signal):
                    self._hold((saga_id, step, True), signal)
                case StepHeld(step):
                    self._spawn(self._see_to(saga_id, step))
                case _:
                    self._let_go(saga_id, event)
        for each in [each for each in self._held if each[0] == saga_id]:
            if each not in self._at_it:
                self._at_it.add(each)
                self._spawn(self._free(each))

    def _hold(self, held: Held, signal: str) -> None:
        self._held[held] = signal
        self._times[held] += 1

    def _let_go(self, saga_id: str, event: Event) -> None:
        """It is held no longer."""
        match event:
            case StepRetried() | StepSucceeded() | StepRefused() | StepFailed() | StepTimedOut() | StepAbandoned():
                self._held.pop((saga_id, event.step, False), None)
            case UndoIssued(step):
                self._held.pop((saga_id, step, False), None)
            case UndoRetried(step) | UndoSucceeded(step) | UndoSkipped(step) | UndoGivenUp(step):
                self._held.pop((saga_id, step, True), None)
            case CompensationStarted():
                self._forget(saga_id, undos_too=False)
            case SagaContinued():
                self._forget(saga_id, undos_too=True)
            case _ if isinstance(event, SagaEnded):
                self._forget(saga_id, undos_too=True)
            case _:
                pass

    def _forget(self, saga_id: str, *, undos_too: bool) -> None:
        for each in [each for each in self._held if each[0] == saga_id and (undos_too or not each[2])]:
            del self._held[each]

    def _spawn(self, act: Coroutine[Any, Any, None]) -> None:
        async def one() -> None:
            await act
            self.busy -= 1

        self.busy += 1
        self._network.loop.create_task(one(), context=self._network.loop.outside.context)

    async def _free(self, held: Held) -> None:
        """Again and again, until it is; whoever sees to a saga that is parked will see it held once more."""
        saga_id, step, undo = held
        await self._pause(0.0, 0.01, 0.3, 2.0, 6.0)
        while (signal := self._held.get(held)) is not None and self._status(saga_id) is not Status.PARKED:
            self._sent += 1
            id, value = f"back-{self._sent}", msgspec.Raw(b"7")
            by_signal = self._random.random() < 0.7
            fact: Fact = Signal(signal, id, value) if by_signal else RetryStep(step, undo)
            times = self._times[held]
            verdict = await self._told(saga_id, lambda _, fact=fact: fact)
            all_along = held in self._held and times == self._times[held]
            if by_signal and all_along and isinstance(verdict, Conflict | Unfit):
                self.faults.append(f"Held: {held} waited for {signal}, which was answered {verdict}")
            if isinstance(verdict, Accepted):
                self.came["held_freed"] += 1
                if by_signal:
                    self._acknowledged[saga_id].add(id)
            await self._pause(0.3, 1.0, 3.0)
        self._at_it.discard(held)

    async def _see_to(self, saga_id: str, step: int) -> None:
        """The saga is parked for the step. Somebody does something, or leaves it so."""
        await self._pause(0.0, 0.01, 0.3, 2.0, 6.0)
        fact = self._random.choice(
            (
                *(Resume("try again"), Resume("try again"), RetryStep(step, undo=False), None),
                *(GiveResult(step, msgspec.Raw(b"7"), "by telephone"), Cancel("enough")),
            )
        )
        if fact is None or self._status(saga_id) is not Status.PARKED:
            return
        if isinstance(await self._told(saga_id, lambda _: fact), Accepted):
            self.came[f"seen_to_by_{type(fact).__name__}"] += 1

    async def _pause(self, *delays_s: float) -> None:
        await self._network.pause(self._random.choice(delays_s))

    def _status(self, saga_id: str) -> Status:
        return Status(self._changes[saga_id].status)
