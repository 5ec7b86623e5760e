"""One saga's turn in a batch: its machine, the facts, and what follows from them."""

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence

from coordinator.engine.apart import apart
from coordinator.engine.decision import Decision
from coordinator.engine.facts import Conflict, Declined, Ignored, Start, Unfit
from coordinator.engine.status import Status
from coordinator.history.kept_rows import read_rows
from coordinator.runtime.lengths import Length
from coordinator.runtime.letter import Letter
from coordinator.runtime.machines import Machines
from coordinator.runtime.observed_steps import ObservedSteps
from coordinator.runtime.observer import Observer
from coordinator.runtime.outgoing import Outgoing
from coordinator.runtime.ports import SagaWrite, StoredSaga
from coordinator.runtime.warm import WarmSaga

_NOTHING = (Ignored, Conflict, Unfit, Declined)
"""The fact changes nothing, and whoever sent it is told so."""


class Turn:
    """Filled in from left to right: facts, machine, decision, write; or an error."""

    __slots__ = (
        "before",
        "decision",
        "error",
        "fresh",
        "guessed",
        "letters",
        "long",
        "now",
        "saga",
        "saga_id",
        "write",
    )

    def __init__(
        self, saga_id: str, letters: list[Letter], saga: WarmSaga | None, now: int, *, load: bool = False
    ) -> None:
        """``load``: nothing is guessed."""
        self.saga_id = saga_id
        self.letters = letters
        self.saga = saga
        self.now = now
        first = letters[0]
        self.guessed = not load and saga is None and type(first.fact) is Start and not (first.lost or first.unsure)
        """The saga is taken for a new one without asking the log, since it is about to be started. The fence tells."""
        self.fresh = saga is None and not self.guessed
        """Its machine is made from what the log has now, not from what it had earlier."""
        self.before: Status | None = None
        self.decision: Decision | None = None
        self.write: SagaWrite | None = None
        self.long = False
        """The saga's history has become long with this, or twice as long as when that was told."""
        self.error: Exception | None = None

    @property
    def doubtful(self) -> bool:
        """A warm copy may be behind the log without knowing. If it commits, the fence tells; if it only says that a
        fact belongs to nothing, or does not fit, nobody does, and a good answer would be set aside, or a person
        refused. The same with what was guessed."""
        if self.fresh or self.decision is None or self.decision.events:
            return False
        return self.guessed or any(type(verdict) in _NOTHING for verdict in self.decision.verdicts)


class Deciding:
    """Lets the engine decide the turns of a batch, and gives the event loop back in between."""

    def __init__(self, machines: Machines, outgoing: Outgoing, observer: Observer, slice_ms: float) -> None:
        self._machines = machines
        self._observer = observer
        self._outgoing = outgoing
        self._slice_s = slice_ms / 1e3

    async def decide(self, turns: Sequence[Turn], stored: Mapping[str, StoredSaga]) -> None:
        """Fills in decision and write, or the error, of every turn."""
        left = iter(turns)
        while self._decide_some(left, stored):  # noqa: ASYNC110 (nobody could tell it to go on: it only gives way)
            await asyncio.sleep(0)

    def _decide_some(self, turns: Iterator[Turn], stored: Mapping[str, StoredSaga]) -> bool:
        """As many as the slice of time allows. Whether there may be more."""
        until = time.perf_counter() + self._slice_s
        with apart():
            for turn in turns:
                try:
                    self._decide(turn, stored)
                except Exception as error:  # the engine, or a saga's code, or a history of a newer release
                    turn.error = error
                if time.perf_counter() > until:
                    return True
        return False

    def _decide(self, turn: Turn, stored: Mapping[str, StoredSaga]) -> None:
        saga = turn.saga
        if saga is None:
            saga = turn.saga = self._wake(turn.saga_id, stored.get(turn.saga_id), turn.now)
        machine = saga.machine
        turn.before = machine.status if machine.exists else None
        decision = machine.advance([letter.fact for letter in turn.letters], turn.now)
        if len(decision.verdicts) != len(turn.letters):
            raise AssertionError(f"{len(turn.letters)} facts got {len(decision.verdicts)} verdicts.")
        if decision.events:
            write = self._outgoing.write(decision, saga, turn.before, turn.now)
            if decision.round_at is not None:
                saga.length = Length()  # what came before is not kept
            turn.long = saga.length.grow(len(decision.events) - (decision.round_at or 0), len(write.events))
            turn.write = write
        turn.decision = decision

    def _wake(self, saga_id: str, stored: StoredSaga | None, now: int) -> WarmSaga:
        steps = ObservedSteps(saga_id)
        if stored is None:
            return WarmSaga(self._machines.new(saga_id), None, self._outgoing.place(saga_id, now), steps)
        rows = read_rows(stored.rows)
        length = Length.loaded(sum(map(len, rows)), sum(map(len, stored.rows)))
        machine = self._machines.rebuild(saga_id, rows)
        self._observer.rebuilt(steps, rows)
        return WarmSaga(machine, stored.wake_at, stored.shard, steps, length)
