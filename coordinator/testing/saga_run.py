"""One saga of a test, from its start to its end."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from contracts import Problem, Refused
from contracts.attributes import AttributeValue
from contracts.values import write_value
from coordinator.engine.decision import Decision, Send, ToParent
from coordinator.engine.facts import (
    Cancel,
    Conflict,
    Declined,
    Fact,
    Pause,
    Reply,
    Resume,
    Signal,
    Start,
    Unfit,
    Update,
    Verdict,
    WakeUp,
)
from coordinator.engine.shown import NOTHING
from coordinator.engine.status import Status
from coordinator.explore.driver import Driver
from coordinator.history.events import Event
from coordinator.history.signals import SignalTaken
from coordinator.history.undos import UndoSucceeded
from coordinator.saga.definition import SagaDefinition
from coordinator.saga.nearest import instead
from coordinator.testing.ahead import Ahead
from coordinator.testing.answered import query_answer, update_answer
from coordinator.testing.called import Called
from coordinator.testing.channel import Answered, Asked, Brought, Channel
from coordinator.testing.clock import Clock
from coordinator.testing.family import Family
from coordinator.testing.faults import CrashFault
from coordinator.testing.participants import Participants
from coordinator.testing.senders import Senders
from coordinator.testing.story import summary
from coordinator.testing.stub import Target, name_of, target_of
from coordinator.testing.taken import Taken, taken_signals, taken_updates

MOST_OCCURRENCES = 10_000
"""Messages and timers of one saga; a test that needs more has a saga that never ends."""


class SagaRun:
    """A saga that a test has started.

    ``driver`` holds the saga itself, for tests that want to answer by hand.
    """

    def __init__(
        self,
        definition: SagaDefinition,
        key: str,
        clock: Clock,
        participants: Participants,
        signals: Senders,
        updates: Senders,
        channel: Channel,
        family: Family,
        fault: CrashFault | None = None,
    ) -> None:
        self.driver = Driver(definition, key=key, now=clock.now_ms)
        self.family = family
        family.members[self.driver.saga_id] = self
        self._ahead = Ahead(self.driver, channel, participants, family)
        self._clock = clock
        self._participants = participants
        self._signals = signals
        self._updates = updates
        self._channel = channel
        self._fault = fault
        self._occurred = 0

    # --- what happens

    def begin(self, value: Any) -> None:
        """The saga starts. Raises UnreadableValue when the input does not fit its definition."""
        data = write_value(value)
        definition = self.driver.definition
        definition.read_input(data)
        self.tell(Start(definition.name, definition.version, data))

    async def finish(self) -> "SagaRun":
        """Goes on until the saga has ended or is parked and nothing is under way any more.

        A step whose stub will never succeed, and that is tried for ever, is not waited for. Raises Unsent where the
        code waits for a signal or an update that never comes.
        """
        while True:
            while not self.family.goes_nowhere and await self.step():
                pass
            released = [each.release() for each in self.family]
            if not any(released):
                for each in self.family:
                    each.check_sent()
                return self

    async def step(self) -> bool:
        """The next thing happens to the saga: an answer comes, or the clock jumps to what is due. False: nothing is."""
        while (at := self.next_at) is not None:
            self._occurred += 1
            if self._occurred > MOST_OCCURRENCES:
                raise AssertionError(
                    f"{self.driver.saga_id} has not ended after {MOST_OCCURRENCES:,} messages and timers; it is "
                    f"{self._clock.now:%Y-%m-%d} there. Start it with saga.start(…) and go step by step.\n{self!r}"
                )
            if await self.occur(at):
                return True
        return False

    async def until(self, target: Target | SagaDefinition[Any, Any] | str) -> "SagaRun":
        """Goes on until this command or undo, or the call of this saga, is out, or the code waits for this signal.

        Raises AssertionError if it never is, or does.
        """
        signal = isinstance(target, str)
        name = target.name if isinstance(target, SagaDefinition) else target if signal else name_of(target)
        missed = f"The signal {name} was not waited for" if signal else f"{name} was not sent"
        while target not in (self.waiting_for_signals if signal else self.waiting_for):
            if self.goes_nowhere or not await self.step():
                raise AssertionError(f"{missed}. {self!r}")
        return self

    async def signal(self, name: str, value: Any = None, *, id: str | None = None) -> "SagaRun":
        """Somebody sends the saga's code a value now, whether it waits for it or not; `finish` goes on.

        Under an id of its own, unless one is given: the same id again is the same signal. Raises LookupError,
        UnreadableValue for what does not fit, AssertionError when the saga takes no signals any more.
        """
        verdict = self.tell(self.driver.signalled(name, value, id)).verdicts[-1]
        if isinstance(verdict, Conflict | Unfit):
            raise AssertionError(f"{verdict.message} {self!r}")
        return self

    async def update(self, name: str, value: Any = None, *, id: str | None = None) -> Any:
        """Somebody asks the saga's code for something now, and the saga goes on until it has answered: the answer.

        Under an id of its own, unless one is given: the same id again is the same update, and its answer. Raises
        Refused, the saga's own no; LookupError, UnreadableValue for what does not fit; AssertionError when the saga
        takes no updates any more, or gives no answer.
        """
        fact = self.driver.updated(name, value, id)
        match self.tell(fact).verdicts[-1]:
            case Declined(problem):
                raise Refused.of(problem)
            case Conflict(message) | Unfit(message):
                raise AssertionError(f"{message} {self!r}")
            case _:
                pass
        declared = self.driver.definition.updates[name]
        while (answered := update_answer(declared, fact.id, self.history)) is None:
            if self.goes_nowhere or not await self.step():
                raise AssertionError(f"The update {name} is not answered. {self!r}")
        return answered[0]

    async def query(self, name: str, value: Any = None) -> Any:
        """Somebody asks the saga's code about itself, now or after its end: the answer. Nothing changes.

        Raises LookupError, UnreadableValue for what does not fit, AssertionError when there is no answer.
        """
        queries = self.driver.definition.queries
        if name not in queries:
            definition = self.driver.definition
            raise LookupError(f"{definition!r} answers no query {name!r}: {instead(name, queries, 'answers')}")
        return query_answer(queries[name], self.driver.query(name, value))

    async def pause(self, reason: str = "") -> "SagaRun":
        """A person halts the saga: its clock stands still, and what comes is kept until `resume`."""
        self.tell(Pause(reason))
        return self

    async def cancel(self, reason: str = "") -> "SagaRun":
        """Somebody wants the saga undone; `finish` undoes it."""
        self.tell(Cancel(reason))
        return self

    async def resume(self) -> "SagaRun":
        """A person lets the parked or paused saga go on; `finish` goes on."""
        self.tell(Resume())
        return self

    async def crash(self) -> "SagaRun":
        """The coordinator is killed, and started again: all that is left of the saga is its history."""
        self.driver.crash()
        return self

    @property
    def next_at(self) -> int | None:
        """When something happens next, to it or to a saga that is run for it, in ms since 1970."""
        found = self.family.next
        return None if found is None else found[0]

    @property
    def next_here_at(self) -> int | None:
        """See Relative."""
        return self._ahead.next_at

    @property
    def goes_nowhere(self) -> bool:
        """See Relative."""
        return self._ahead.goes_nowhere

    def release(self) -> bool:
        """See Relative."""
        return self._channel.release(self._clock.now_ms)

    def check_sent(self) -> None:
        """See Relative."""
        self._ahead.check_sent(list(self.waiting_for_signals), self._signals, self._updates)

    async def occur(self, at: int) -> bool:
        """Whatever is next, happens; True when a saga was told of something."""
        found = self.family.next
        assert found is not None, "something is to happen"
        return await found[1].occur_here(at)

    async def occur_here(self, at: int) -> bool:
        """See Relative."""
        self._clock.reach(at)
        if self._channel.first_at != at:
            self.tell(WakeUp())
            return True
        match self._channel.take():
            case Asked(send):
                if send.local and self.driver.machine.awaits(send.command_id, send.attempt) is None:
                    return False  # no body is run for what nobody waits for
                if self.family.runs(send):
                    if (answer := self.family.call(send)) is not None:
                        self._channel.send(Answered(send, answer), self._clock.now_ms)
                    return True
                target = target_of(self.driver.definition, send)
                reply = await self._participants.receive(target, send, self._clock.now_ms)
                if reply.answer is not None:
                    self._channel.send(Answered(send, reply.answer), reply.at)
                if reply.later is not None and reply.later.answer is not None:
                    self._channel.send(Answered(send, reply.later.answer), reply.later.at)
                return False
            case Answered(send, answer):
                self.tell(Reply(send.command_id, send.attempt, answer))
                return True
            case Brought(fact):
                self._bring(fact)
                return True

    def _bring(self, fact: Signal | Update) -> None:
        planned = (self._signals if isinstance(fact, Signal) else self._updates).arrives(fact.id)
        decision = self.tell(fact)
        if planned is None:
            return
        if isinstance(fact, Update):
            planned.why_missed = _refusal(decision.verdicts[-1])
            planned.missed = planned.missed or bool(planned.why_missed)
        elif not any(isinstance(event, SignalTaken) for event in decision.events):
            planned.missed = True

    def told_by_child(self, said: ToParent) -> None:
        """See Relative."""
        send = self.driver.commands[said.command_id]
        if send.attempt != said.attempt:
            send = msgspec.structs.replace(send, attempt=said.attempt)
        self._channel.send(Answered(send, said.answer), self._clock.now_ms)

    def tell(self, fact: Fact) -> Decision:
        """The saga is told, and what it sends is under way."""
        self.driver.now = self._clock.now_ms
        fault = self._fault
        if fault is not None and fault.before(self.driver, fact):
            self.driver.crash()
        decision = self.driver.advance(fact)
        for send in decision.sends:
            self._channel.send(Asked(send), self._clock.now_ms)
        for said in decision.answers:
            self.family.hear(said)
        if fault is not None and fault.after(self.driver, decision):
            self.driver.crash()
            for send in decision.sends:  # nobody knows whether they were sent
                self._channel.bring(Asked(send), self._clock.now_ms)
            for said in decision.answers:
                self.family.hear(said)
            self.driver.advance(fact)  # nor whether the fact was taken in: it comes again
        self._signals.hear(decision.events)
        self._updates.hear(decision.events)
        self.send_planned()
        return decision

    def send_planned(self) -> None:
        """What the test has planned is under way: signals that are waited for, updates. Raises as `signal` does."""
        for name, id, planned in self._signals.send(self.waiting_for_signals):
            signal = self.driver.signalled(name, planned.value, id)
            self._channel.send(Brought(signal), self._clock.now_ms + planned.after_ms)
        for name, id, planned in self._updates.send(self._updates.names & self.driver.definition.updates.keys()):
            update = self.driver.updated(name, planned.value, id)
            self._channel.send(Brought(update), self._clock.now_ms + planned.after_ms)

    # --- how it stands

    @property
    def status(self) -> Status:
        """Where the saga stands; compares with text."""
        return self.driver.status

    @property
    def result(self) -> Any:
        """What the saga returned, of the type that it declares. Raises AssertionError when it has not completed."""
        if self.status is not Status.COMPLETED:
            raise AssertionError(f"It has no result. {self!r}")
        return msgspec.json.decode(
            msgspec.json.encode(self.driver.outcome["result"]), type=self.driver.definition.result_type
        )

    @property
    def problem(self) -> Problem | None:
        """Why it did not complete, or is parked; None while there is nothing wrong."""
        outcome = self.driver.outcome or {}
        problem = outcome.get("problem")
        return None if problem is None else msgspec.convert(problem, Problem)

    @property
    def called(self) -> Mapping[str, "SagaRun"]:
        """By id, all sagas that were run for it, since it or one of them called them: see `SagaTest.real`."""
        members = self.family.members.items()
        return {saga_id: run for saga_id, run in members if isinstance(run, SagaRun) and run is not self}

    @property
    def commands(self) -> Sequence[Called]:
        """Every command that was sent on the way forward, in order, with its arguments."""
        return [self._called(send) for send in self.driver.commands.values() if not send.undoes]

    @property
    def undos(self) -> Sequence[Called]:
        """Every undo that was sent, in order: of steps, and those that the code registered."""
        return [self._called(send) for send in self.driver.commands.values() if send.undoes]

    @property
    def undone(self) -> Sequence[Called]:
        """The undos that succeeded, in the order in which they did."""
        done = [self.driver.undo_of(each.step) for each in self.history if isinstance(each, UndoSucceeded)]
        return [self._called(send) for send in done if send is not None]

    @property
    def waiting_for(self) -> Sequence[Called]:
        """The commands and undos whose answer is waited for."""
        return [self._called(send) for send in self.driver.out.values()]

    @property
    def signals(self) -> Sequence[Taken]:
        """The signals that the code has taken, in order."""
        return taken_signals(self.driver.definition, self.history)

    @property
    def updates(self) -> Sequence[Taken]:
        """The updates that the code has taken in, in order."""
        return taken_updates(self.driver.definition, self.history)

    @property
    def waiting_for_signals(self) -> Sequence[str]:
        """Names of the signals that are waited for, one for each wait: by the code, and by what is held for one."""
        waits = self.driver.state.signals.waits.values() if self.status is Status.RUNNING else ()
        return [*waits, *self.driver.state.held_for]

    @property
    def status_line(self) -> str:
        """The line that lists show of it now; empty: none."""
        return (self.driver.state.shown or NOTHING).line

    @property
    def attributes(self) -> Mapping[str, AttributeValue]:
        """By which lists find it now."""
        return (self.driver.state.shown or NOTHING).attributes

    @property
    def history(self) -> Sequence[Event]:
        """Everything that happened."""
        return self.driver.history

    def __repr__(self) -> str:
        return f"<{summary(self.driver)}>"

    def _called(self, send: Send) -> Called:
        return Called(target_of(self.driver.definition, send), send)


def _refusal(verdict: Verdict) -> str:
    """What whoever sent it is told; empty where it was taken in."""
    match verdict:
        case Conflict(message) | Unfit(message):
            return message
        case Declined(problem):
            return problem.message or problem.type
        case _:
            return ""
