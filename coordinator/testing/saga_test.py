"""What a test of sagas holds in its hand."""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any, ParamSpec, TypeVar, overload

from contracts import Command, Undo
from contracts.kinds import Kind
from contracts.values import UnreadableValue, write_value
from coordinator.fit.replaying import History, Replayed, replay
from coordinator.fit.story import story
from coordinator.guard import guard_sagas
from coordinator.saga.children import definition_command
from coordinator.saga.definition import SagaDefinition
from coordinator.testing.behaviour import Planned, word_for
from coordinator.testing.channel import Channel, Fate, arrives
from coordinator.testing.clock import Clock
from coordinator.testing.crash_everywhere import CrashReport, crash_everywhere
from coordinator.testing.family import Family
from coordinator.testing.faults import CrashFault
from coordinator.testing.participants import Participants
from coordinator.testing.saga_run import SagaRun
from coordinator.testing.senders import Senders
from coordinator.testing.sending_plan import PlannedSending, SignalPlan, UpdatePlan
from coordinator.testing.story import summary
from coordinator.testing.stub import Stub, Target, name_of

P = ParamSpec("P")
R = TypeVar("R")


class Unreached(AssertionError):
    """What a test prepared did not happen, so the test says nothing about it."""


class SagaTest:
    """Runs sagas without servers: the engine is the real one, participants are stubs, and no time passes.

    ``strict``: a command without a stub is an error that says what to write, rather than answered with an example.
    """

    def __init__(self, *, strict: bool = False) -> None:
        guard_sagas()
        self.strict = strict
        self.runs: list[SagaRun] = []
        """Every saga started in this test."""
        self.clock = Clock(self._pass_until)
        self._plans: dict[Target, list[Planned]] = {}
        self._real: dict[str, SagaDefinition] = {}
        """By name, sagas that are run when others call them."""
        self._signals: dict[str, list[PlannedSending]] = {}
        self._updates: dict[str, list[PlannedSending]] = {}
        self._taken_updates: set[str] = set()
        """Names of those that sagas of the test take."""

    @overload
    def stub(self, target: Command[P, R]) -> Stub[P, R]: ...
    @overload
    def stub(self, target: Undo) -> Stub[..., None]: ...
    @overload
    def stub(self, target: SagaDefinition[Any, R]) -> Stub[..., R]: ...
    def stub(self, target: Any) -> Stub[..., Any]:
        """What this command or undo does: ``saga.stub(Payments.charge).refuses("card_declined")``.

        Or another saga that the saga calls: ``saga.stub(ship_order).returns(Shipped(…))``. A stub made anew replaces
        the one before.
        """
        if isinstance(target, SagaDefinition):
            self._real.pop(target.name, None)
            plan = list[Planned]()
            for kind in Kind:
                self._plans[definition_command(target, kind)] = plan
            return Stub(definition_command(target, Kind.COMPENSATABLE), plan)
        if not isinstance(target, Command | Undo):
            raise TypeError(
                f"{target!r} is neither a command nor an undo of a contract, nor a saga: give one, such as "
                "saga.stub(Payments.charge) or saga.stub(Payments.refund)."
            )
        plan = self._plans[target] = list[Planned]()
        return Stub(target, plan)

    def stub_undo(self, target: SagaDefinition[Any, Any]) -> Stub[..., None]:
        """What becomes of the undo of another saga, which is not run: ``saga.stub_undo(ship_order).fails()``."""
        plan = list[Planned]()
        undos = [command.undo_with for kind in Kind if (command := definition_command(target, kind)).undo_with]
        for undo in undos:
            self._plans[undo] = plan
        return Stub(undos[0], plan)

    def real(self, definition: SagaDefinition[Any, Any]) -> None:
        """This saga is run, wherever another one calls it: ``saga.real(ship_order)``.

        Its commands meet the stubs of the test, its undo is its own way back, and `SagaRun.called` has it.
        """
        _check_saga(definition)
        self._real[definition.name] = definition

    def signal(self, name: str) -> SignalPlan:
        """What comes to code that waits for this signal: ``saga.signal("approval").comes(Approval("Ann"))``.

        Asked for again, it is the same plan, which goes on.
        """
        return SignalPlan(self._signals.setdefault(name, []), self._send_planned)

    def update(self, name: str) -> UpdatePlan:
        """What sagas are asked for while they run: ``saga.update("move").comes(Move("Oslo"), after="1d")``.

        Asked for again, it is the same plan, which goes on.
        """
        return UpdatePlan(self._updates.setdefault(name, []), self._send_planned)

    def _send_planned(self) -> None:
        for run in self.runs:
            run.send_planned()

    async def run(self, definition: SagaDefinition, value: Any = None, *, key: str | None = None) -> SagaRun:
        """The saga with this input, run until nothing more happens. See `start`."""
        run = await self.start(definition, value, key=key)
        return await run.finish()

    async def start(self, definition: SagaDefinition, value: Any = None, *, key: str | None = None) -> SagaRun:
        """The saga with this input, its first commands out and nothing answered; go on with its `step` and `until`.

        ``key`` is made from the input where the definition says how. Raises UnreadableValue when the input does not
        fit.
        """
        run = self._made(definition, value, key, self.clock)
        self.runs.append(run)
        run.begin(value)
        return run

    def _made(
        self,
        definition: SagaDefinition,
        value: Any,
        key: str | None,
        clock: Clock,
        fate: Fate = arrives,
        fault: CrashFault | None = None,
    ) -> SagaRun:
        given = _input(definition, value)
        if key is None:
            key = definition.key_of(given) if definition.key_template is not None else f"{len(self.runs) + 1}"
        self._taken_updates |= definition.updates.keys()
        participants = Participants(self._plans, self.strict)
        senders = Senders("signal", self._signals), Senders("update", self._updates)

        def called(child: SagaDefinition, key: str, family: Family) -> SagaRun:
            nobody = Senders("signal", {}), Senders("update", {})
            return SagaRun(child, key, clock, participants, *nobody, Channel(fate), family, fault)

        family = Family(self._real, called)
        return SagaRun(definition, key, clock, participants, *senders, Channel(fate), family, fault)

    async def crash_everywhere(
        self, definition: SagaDefinition, value: Any = None, *, key: str | None = None
    ) -> CrashReport:
        """The saga with this input, again and again, each time with one thing going wrong.

        The coordinator is killed before and after each row of the history is kept; each command, undo and reply is
        lost, comes twice, comes after its deadline, and comes when all else is over; each signal comes twice, and when
        all else is over. Stubs and signals begin anew each time; a function of the test's own has to. Raises
        AssertionError where a crash changes what the saga does, and where a point was not reached.
        """

        def run(fate: Fate, fault: CrashFault | None) -> SagaRun:
            clock = Clock(self._pass_until)
            clock.reach(self.clock.now_ms)
            return self._made(definition, value, key, clock, fate, fault)

        return await crash_everywhere(run, value)

    async def replay(self, definition: SagaDefinition, history: History, saga_id: str | None = None) -> Replayed:
        """Checks that the code still asks for what this history says it asked for: the same steps, timers and signals.

        ``history`` is a file's path, its text, or what it holds: rows as ``amends saga history ID -o json`` prints
        them; or the ``history`` of a run. ``saga_id`` is whose it is: what a saga draws follows from that. It may be
        left out where the key is made from the input, or nothing is drawn. Raises DoesNotFit, an AssertionError, that
        says at which event and line they differ.
        """
        _check_saga(definition)
        return replay(definition, history, saga_id)

    def check_reached(self) -> None:
        """Whether each stub was met and each signal and update taken, in some run. Asked when a test has passed.

        Raises Unreached.
        """
        missed = [
            f"saga.stub({name_of(target)}){''.join('.' + word_for(planned.behaviour) for planned in plan)}"
            for target, plan in {id(plan): (target, plan) for target, plan in self._plans.items()}.values()
            if not all(planned.reached for planned in plan)
        ]
        unmet = [f"{' and '.join(missed)}: no command met it, or none its last part"] if missed else []
        for what, plans in (("signal", self._signals), ("update", self._updates)):
            for name, plan in plans.items():
                if late := next((planned for planned in plan if not planned.reached), None):
                    shown = f'saga.{what}("{name}"){"".join(f".{planned}" for planned in plan)}'
                    unmet.append(f"{shown}: {self._why_unreached(what, name, late)}")
        if unmet:
            raise Unreached(f"The test passed without {'; and without '.join(unmet)}. Take it out, or find out why.")

    def _why_unreached(self, what: str, name: str, planned: PlannedSending) -> str:
        if planned.too_late:
            return "it was taken after all" if planned.taken else "it never came"
        if planned.missed:
            not_taken = f"was not taken ({planned.why_missed.rstrip('.')})" if planned.why_missed else "no code took it"
            return f"it came and {not_taken}, so it comes too late, which .comes_too_late(…) says"
        if what == "signal":
            return "no code waited for it, or not for its last part"
        if name in self._taken_updates:
            return "it never came"
        near = get_close_matches(name, sorted(self._taken_updates), n=1)
        return f"no saga of the test takes it{f' (did you mean {near[0]}?)' if near else ''}"

    @property
    def told(self) -> Sequence[tuple[str, Sequence[str]]]:
        """What happened to each saga of the test: a title, and lines."""
        everybody = [each for run in self.runs for each in (run, *run.called.values())]
        return [
            (f"What happened to {run.driver.saga_id}", [summary(run.driver), *story(run.history)]) for run in everybody
        ]

    async def _pass_until(self, moment: int) -> None:
        while True:
            nearest = [(at, run) for run in self.runs if (at := run.next_at) is not None and at <= moment]
            if not nearest:
                return
            at, run = min(nearest, key=lambda each: each[0])
            await run.occur(at)


def _input(definition: SagaDefinition, value: Any) -> Any:
    _check_saga(definition)
    try:
        return definition.read_input(write_value(value))
    except UnreadableValue as error:
        raise UnreadableValue(f"The input does not fit {definition!r}: {error}") from error


def _check_saga(definition: Any) -> None:
    if not isinstance(definition, SagaDefinition):
        raise TypeError(f"{getattr(definition, '__name__', definition)} is no saga: declare it with @saga.")
