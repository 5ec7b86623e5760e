"""A saga's state: everything its history says, and nothing else. Two equal histories give equal states."""

from dataclasses import dataclass, field

import msgspec

from contracts.failures import Cause, Problem
from contracts.ids import CommandRef, command_id, undo_id
from contracts.kinds import Kind
from contracts.overrides import Override
from contracts.values import NULL
from coordinator.engine.agenda import Agenda
from coordinator.engine.lifecycle import IN_FLIGHT, UNKNOWN, Back, Forward
from coordinator.engine.shown import Shown
from coordinator.engine.status import Status
from coordinator.history.parking import ParkedFor, ReplyDeferred
from coordinator.history.signals import SignalDeferred, SignalReceived
from coordinator.history.started import Parent


class Step(msgspec.Struct, gc=False):
    """One step: its forward path and its undo."""

    number: int
    command: str
    arguments: msgspec.Raw
    kind: Kind
    undoable: bool
    scope: int | None = None
    """The innermost scope in which it was asked for."""
    local: bool = False
    """The coordinator runs it, and its undo, itself."""
    override: Override | None = None
    """What this call has otherwise than the command declares."""
    child: str | None = None
    """It is another saga: its id."""
    forward: Forward = Forward.PENDING
    attempt: int = 1
    waits_ms: int = 0
    """For how long the attempt that is out is waited for, since it was last heard of."""
    since: int = 0
    """When its first attempt was sent, in ms; a pause moves it on."""
    uncounted: int = 0
    """Attempts that a person asked for, that found no room, and those of budgets that are used up: they do not
    count."""
    held_for: str | None = None
    """The signal that it, or its undo, waits for while it is held."""
    progress: bytes | None = None
    """JSON: the details of the last progress that told any, for the next attempt."""
    progressed_in: int = 0
    """The attempt that told them."""
    awaited: bool = True
    """Whether the saga still waits for it."""
    result: msgspec.Raw = NULL
    back: Back = Back.NONE
    undo_attempt: int = 0
    undo_since: int = 0
    """When the first attempt of the undo's budget was sent, in ms; a pause moves it on."""
    undo_budget_from: int = 0
    """So many of the undo's attempts do not count any more: a person gave it a new budget, or they found no room."""

    @property
    def other_undo(self) -> str | None:
        """The name of its undo, where that is not the declared one."""
        return None if self.override is None else self.override.other_undo

    @property
    def left_standing(self) -> bool:
        """Its call said that it is not undone: that is for the saga's author to see to."""
        return self.override is not None and self.override.undo is None

    @property
    def registered(self) -> bool:
        """It is an undo that the saga registered: its command is sent when it is undone, and not before."""
        return self.forward is Forward.REGISTERED

    @property
    def undo_in_words(self) -> str:
        """As people read it."""
        return f"the undo {self.command}" if self.registered else f"the undo of {self.command}"

    def undo_sent_as(self, saga_id: str) -> str:
        """The id under which its undo is sent. A registered one is an ordinary command to whoever gets it."""
        return command_id(saga_id, self.number) if self.registered else undo_id(saga_id, self.number)

    def meant_by(self, ref: CommandRef) -> CommandRef | None:
        """What an id of this step says: that of a registered undo is the step's own. None: nothing is sent under it."""
        if self.forward is not Forward.REGISTERED:
            return ref
        return None if ref.undo else CommandRef(ref.saga_id, ref.step, undo=True)

    @property
    def held(self) -> bool:
        """Its budget, or its undo's, is used up, and it waits to be tried again."""
        return self.forward is Forward.HELD or self.back is Back.HELD

    @property
    def in_flight(self) -> bool:
        """Its outcome is still to come."""
        return self.forward in IN_FLIGHT

    @property
    def unknown(self) -> bool:
        """Given up: it may have happened, or not, and it can be undone."""
        return self.undoable and self.forward in UNKNOWN


@dataclass(slots=True)
class ParentStep:
    """The step of another saga that this saga is."""

    saga_id: str
    command_id: str
    attempt: int
    partition: int | None
    """Where its answers are awaited."""
    undo_attempt: int = 0
    """From 1: the parent has asked for this saga to be undone."""
    reopened: bool = False
    """This saga had gone through before."""

    @classmethod
    def of(cls, parent: Parent | None, undo_attempt: int = 0) -> "ParentStep | None":
        """None: nobody waits for the saga's end."""
        if parent is None or parent.detached:
            return None
        return cls(parent.saga_id, parent.command_id, parent.attempt, parent.partition, undo_attempt)

    @property
    def kept(self) -> Parent:
        """As the history has it."""
        return Parent(self.saga_id, self.command_id, self.attempt, self.partition)


@dataclass(slots=True)
class Signals:
    """What came from outside for the saga's code, and what the code waits for."""

    ids: dict[str, str] = field(default_factory=dict[str, str])
    """Those that are remembered, with their names: all of this round, and some of the rounds before. Those too that
    were not for the code, but for steps that were held."""
    kept: dict[int, SignalReceived] = field(default_factory=dict[int, SignalReceived])
    """Those that the code has not taken, by number."""
    waits: dict[int, str] = field(default_factory=dict[int, str])
    """Names of the signals that the code waits for, by number of the wait."""

    received: int = 0
    """How many ever came for the code."""


@dataclass(slots=True)
class Updates:
    """What was asked of the saga's code from outside."""

    ids: dict[str, str] = field(default_factory=dict[str, str])
    """Those that are remembered, with their names: all of this round, and some of the rounds before."""
    open: set[int] = field(default_factory=set[int])
    """Those that the code has not answered, by number."""

    accepted: int = 0
    """How many ever were taken in."""


@dataclass(slots=True)
class Scopes:
    """The save-points of the code."""

    within: dict[int, int | None] = field(default_factory=dict[int, int | None])
    """Each, and the one in which it was opened."""
    parallel: set[int] = field(default_factory=set[int])
    """Those whose undos need not wait for each other."""
    undoing: dict[int, Problem] = field(default_factory=dict[int, Problem])
    """Those that the code wants undone, and why."""
    so_far: dict[int, int] = field(default_factory=dict[int, int])
    """The last step that the saga had asked for when the code wanted the scope undone: later ones stand."""

    def undoes(self, scope: int, step: Step) -> bool:
        """Whether the step is undone with the scope, which is being undone."""
        return step.number <= self.so_far[scope] and self.holds(scope, step.scope)

    def holds(self, scope: int, inner: int | None) -> bool:
        """Whether what was done in ``inner`` was done in the scope."""
        while inner is not None and inner != scope:
            inner = self.within[inner]
        return inner is not None

    def undoing_of(self, step: Step) -> int | None:
        """The innermost scope that is being undone, and the step with it."""
        inner = step.scope
        while inner is not None and not (inner in self.undoing and step.number <= self.so_far[inner]):
            inner = self.within[inner]
        return inner


NO_SIGNALS, NO_UPDATES, NO_SCOPES = Signals(), Updates(), Scopes()
"""Those of all sagas that have none, never changed: most sagas have none, and making them was a tenth of a state."""


class SagaState(msgspec.Struct, gc=False):
    """What the events so far amount to. Of a saga that went on as new, those of its last round.

    Nothing in it leads back to it, so the garbage collector need not look at it, nor at its steps.
    """

    definition: str = ""
    version: int = 0
    input: bytes = b"null"
    """What the saga was started with; a later round was given another."""
    round: int = 1
    first_row: int = 1
    """The row of the history with which the round begins."""
    earlier_steps: int = 0
    """How many steps the rounds before asked for."""
    traceparent: str | None = None
    parent: ParentStep | None = None
    """None: nobody waits for its end."""
    status: Status = Status.RUNNING
    steps: dict[int, Step] = {}
    timers: int = 0
    """How many were ever asked for."""
    due: Agenda = msgspec.field(default_factory=Agenda)
    succeeded: list[int] = []
    """Steps that can be undone, in order of completion; the way back takes them off its end."""
    to_undo: list[int] = []
    """Steps given up with an unknown outcome, whose undo was not yet sent."""
    in_flight: set[int] = set()
    pivots: frozenset[int] = frozenset()
    """Those in flight that are pivots."""
    undoing: set[int] = set()
    """Undos that are pending or waiting."""
    given_up: set[int] = set()
    """Undos that need a person."""
    undone: int = 0
    """How many undos succeeded."""
    skipped: int = 0
    """How many undos a person decided against."""
    forward_only: bool = False
    """Past the point of no return."""
    cancel: Problem | None = None
    """Asked to go back as soon as no pivot is in flight."""
    cause: Problem | None = None
    """Why it goes back; None while it goes forward."""
    sort: Cause | None = None
    """Of the cause; None while it goes forward, and where an older release did not say."""
    parked_for: ParkedFor | None = None
    parked_message: str = ""
    signals: Signals = NO_SIGNALS
    updates: Updates = NO_UPDATES
    scopes: Scopes = NO_SCOPES
    patches: frozenset[str] = frozenset()
    """Changes of the code whose way it goes."""
    moves: int = 0
    """How often something happened to the saga as a whole, of which there may be a notice."""
    shown: Shown | None = None
    """What lists show of it; None: it never showed anything, as most."""
    paused_at: int | None = None
    """Since when a person has halted it, in ms."""
    deferred: dict[tuple[str, str], ReplyDeferred | SignalDeferred] = {}
    """What came while it stood still, in order: answers by command id and answer, signals by ``signal`` and id."""
    outcome: bytes | None = None

    @property
    def last_step(self) -> int:
        """The number of the step that was asked for last; 0: none ever was."""
        return self.earlier_steps + len(self.steps)

    @property
    def held_for(self) -> list[str]:
        """Names of the signals that steps, or undos, wait for whose budget is used up."""
        out = [self.steps[number] for number in sorted(self.in_flight | self.undoing)]
        return [step.held_for for step in out if step.held and step.held_for is not None]

    @property
    def code_stopped(self) -> bool:
        """Parked in a way that the saga's code must not be run until it is resumed."""
        return self.parked_for in ("code", "forward_only", "step")

    @property
    def stands_still(self) -> bool:
        """Its code must not be run, and what comes for it is kept: it is paused, or its code is stopped."""
        return self.paused_at is not None or self.code_stopped

    @property
    def must_go_back(self) -> bool:
        """Cancelled, and nothing stands in the way any more: the code hears of nothing else, and asks for nothing."""
        return self.cancel is not None and not (self.status.ended or self.forward_only or self.pivot_in_flight)

    @property
    def pivot_in_flight(self) -> bool:
        """A pivot that cannot be undone is out: nobody may go back before its outcome is known."""
        return any(not self.steps[number].undoable for number in self.pivots)
