"""One saga: history and new facts in, a decision out.

The machine owns what follows from what; its caller owns when. It never waits, reads a clock, logs or does I/O. After
`advance` it stands behind its decision as if that were committed already: if it was not, drop the machine.
"""

import sys
from collections.abc import Callable, Iterable, Sequence

from coordinator.engine.absorb import absorb, next_due
from coordinator.engine.awaited import Awaited, awaited
from coordinator.engine.decision import Decision
from coordinator.engine.facts import Fact
from coordinator.engine.rebuild import rebuild
from coordinator.engine.run import Run
from coordinator.engine.script import BETWEEN
from coordinator.engine.shown import NOTHING, Shown
from coordinator.engine.state import SagaState
from coordinator.engine.status import Status
from coordinator.engine.turn import Turn
from coordinator.history.events import Event
from coordinator.history.rounds import SagaContinued, round_of
from coordinator.saga.definitions import Definitions


class Machine:
    """One saga, warm. Not for several threads."""

    __slots__ = ("__weakref__", "_definitions", "_log", "_mismatch", "_run", "saga_id", "seq", "state")

    def __init__(self, saga_id: str, definitions: Definitions, state: SagaState, run: Run | None, seq: int) -> None:
        self.saga_id = saga_id
        self.state = state
        self.seq = seq
        """The last row of the history."""
        self._definitions = definitions
        self._run = run
        self._log: list[Event] = []
        """All events of the round, as long as the code may have to be called again."""
        self._mismatch: str | None = None

    @classmethod
    def new(cls, saga_id: str, definitions: Definitions) -> "Machine":
        """A saga without history."""
        return cls(saga_id, definitions, SagaState(), None, 0)

    @classmethod
    def rebuild(cls, saga_id: str, rows: Iterable[Sequence[Event]], definitions: Definitions) -> "Machine":
        """A saga as its rows have it. Code that does not fit them parks the saga at the next `advance`."""
        log: list[Event] = []
        seq = 0
        for row in rows:
            log.extend(row)
            seq += 1
        if not log:
            return cls.new(saga_id, definitions)
        if isinstance(log[0], SagaContinued):  # the rows before are not kept
            seq += log[0].row - 1
        log = list(round_of(log))
        rebuilt = rebuild(saga_id, log, definitions)
        machine = cls(saga_id, definitions, rebuilt.state, rebuilt.run, seq)
        machine._mismatch = rebuilt.mismatch
        machine._log = log
        machine._rest()
        return machine

    def advance(self, facts: Sequence[Fact], now: int) -> Decision:
        """Takes the facts in, one by one and in order, at the time ``now`` (ms since 1970)."""
        turn = Turn(self.saga_id, self.state, self._run, self._log, self._definitions, now, self.seq + 1)
        if self._mismatch is not None:
            turn.park("code", self._mismatch)
            self._mismatch = None
        shown = self.state.shown
        first_row = self.state.first_row
        verdicts = tuple([absorb(turn, fact) for fact in facts])
        self.state, self._run = turn.state, turn.run
        if turn.events:
            self.seq += 1
            if turn.round_at is None:
                self._log.extend(turn.events)
            else:
                self._log = turn.round
        self._rest()
        state = self.state
        return Decision(
            saga_id=self.saga_id,
            seq=self.seq,
            events=tuple(turn.events),
            sends=tuple(turn.sends),
            status=state.status,
            wake_at=self.wake_at,
            verdicts=verdicts,
            outcome=state.outcome,
            parked_for=state.parked_for,
            shown=None if state.shown is shown else state.shown or NOTHING,
            moves=state.moves,
            first_row=first_row,
            round_at=turn.round_at,
            answers=turn.answers,
        )

    def _rest(self) -> None:
        """Between two activations nothing is kept that is not needed."""
        if self._run is not None:
            self._run.script = BETWEEN
        elif self._log and not self.state.stands_still and self._mismatch is None:
            self._log = []

    def close(self) -> None:
        """Throws the saga's code away, before its coroutines are collected as garbage at any moment."""
        if self._run is not None:
            self._run.discard()
            self._run = None

    def __del__(self, _at_exit: Callable[[], bool] = sys.is_finalizing) -> None:
        try:
            self.close()
        except Exception:
            if not _at_exit():  # then there may be nothing left to work with
                raise

    @property
    def wake_at(self) -> int | None:
        """When something is due next, in ms since 1970."""
        first = next_due(self.state)
        return None if first is None else first[0]

    def awaits(self, command_id: str, attempt: int) -> Awaited | None:
        """Whether this attempt is still waited for; None: nobody waits for it."""
        return awaited(self.state, command_id, attempt)

    @property
    def exists(self) -> bool:
        """Whether the saga has any history."""
        return self.seq > 0

    @property
    def evict(self) -> bool:
        """Not worth keeping warm: it has ended, or needs a person to go on."""
        return self.state.status.ended or self.state.status in (Status.PARKED, Status.PAUSED)

    @property
    def status(self) -> Status:
        """Where the saga stands."""
        return self.state.status

    @property
    def definition(self) -> str:
        """Name of its definition; empty when there is no such saga."""
        return self.state.definition

    @property
    def version(self) -> int:
        """Version of its definition."""
        return self.state.version

    @property
    def shown(self) -> Shown | None:
        """What lists show of it; None: nothing."""
        return self.state.shown

    @property
    def traceparent(self) -> str | None:
        """W3C context of its root span."""
        return self.state.traceparent
