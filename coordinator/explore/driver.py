"""One saga in hand: whoever holds the driver plays its participants, its clock and its crashes.

The saga is run by the engine itself, as a coordinator runs it, and what is decided goes through the codec as it goes
into the history table. Nothing is sent anywhere and nothing takes time: commands wait in `out` until they are answered,
and the clock moves when it is told to.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from typing import Any

import msgspec

from contracts.answers import Answer, Failure, Pending, Progress, Refusal, Success
from contracts.failures import Problem
from contracts.ids import command_id, parse_command_id, saga_id, undo_id
from contracts.values import NULL, UnreadableValue, write_value
from coordinator.engine.decision import Decision, Send
from coordinator.engine.evolve import evolve
from coordinator.engine.facts import Cancel, Fact, Reply, Resume, Signal, Start, Unfit, Update, WakeUp
from coordinator.engine.lifecycle import UNDOING, Back, Forward
from coordinator.engine.looking import Answered, NoAnswer, look
from coordinator.engine.machine import Machine
from coordinator.engine.sends import send_of
from coordinator.engine.state import SagaState
from coordinator.engine.status import Status
from coordinator.explore.shifted import Row, shifted
from coordinator.history.codec import read_events, write_events
from coordinator.history.events import Event
from coordinator.history.rounds import SagaContinued
from coordinator.saga.definition import SagaDefinition
from coordinator.saga.definitions import Definitions
from coordinator.saga.nearest import instead
from coordinator.saga.parameters import ValueType

FIRST_MOMENT = 1_767_225_600_000
"""When a driver's clock begins: the first of January 2026, in ms since 1970."""


class Driver:
    """One saga of the first definition given; the others are deployed beside it.

    ``rows`` is a history to begin from, such as that of another driver. A command is named by its id, or by the
    message that asked for it.
    """

    def __init__(
        self,
        *definitions: SagaDefinition,
        key: str = "explored",
        now: int = FIRST_MOMENT,
        rows: Iterable[Sequence[Event]] = (),
        one_round: bool = False,
    ) -> None:
        """``one_round``: where the saga goes on as new, it is left: see `goes_on`."""
        self.definition = definitions[0]
        self.definitions = Definitions(definitions)
        self.saga_id = saga_id(self.definition.name, key)
        self.now = now
        """In ms since 1970."""
        self.rows: list[Row] = [tuple(row) for row in rows]
        """The history, a row for each activation that had something to write; as it is read back from its JSON."""
        self.machine = self.rebuilt()
        self.commands: dict[str, Send] = {}
        """By id, the last attempt of every command and undo that was ever sent, in order of first attempts."""
        self._answered: set[str] = set()
        self.last: Decision | None = None
        """What the last fact came to."""
        self._one_round = one_round
        self.goes_on = False
        """The saga has gone on as new, and stands here as it stood before; nothing may happen to it any more."""
        if self.rows:
            self._read_commands()

    # --- facts

    def start(self, value: Any = None) -> Decision:
        """The saga begins with this input; None where it takes none. Raises UnreadableValue when it does not fit."""
        data = write_value(value)
        self.definition.read_input(data)
        return self.advance(Start(self.definition.name, self.definition.version, data))

    def succeed(self, command: str | Send, result: Any = None) -> Decision:
        """The command did what it is for; ``result`` is any value that JSON can hold, or JSON as msgspec.Raw."""
        return self.answer(command, Success(result if isinstance(result, msgspec.Raw) else write_value(result)))

    def refuse(self, command: str | Send, type: str = "refused", message: str = "", details: Any = None) -> Decision:
        """A business no. An undo that is refused is given up."""
        return self.answer(command, Refusal(Problem(type, message, details=details)))

    def fail(
        self,
        command: str | Send,
        type: str = "failed",
        message: str = "",
        *,
        retryable: bool = False,
        retry_after_ms: int | None = None,
    ) -> Decision:
        """A technical failure; for good, unless it is retryable and the command's budget allows another attempt."""
        return self.answer(command, Failure(Problem(type, message, retryable, retry_after_ms)))

    def progress(self, command: str | Send, details: Any = None) -> Decision:
        """Still at it: the attempt's deadline begins anew."""
        return self.answer(command, Progress(NULL if details is None else write_value(details)))

    def pend(self, command: str | Send) -> Decision:
        """The participant accepts the command and will answer later; the attempt has no deadline any more."""
        return self.answer(command, Pending())

    def answer(self, command: str | Send, answer: Answer, attempt: int | None = None) -> Decision:
        """Any answer, in time or late (see `out` and `late`); to the last attempt unless another is named.

        Raises LookupError for a command that was never sent.
        """
        reply = self.reply(command, answer, attempt)
        if isinstance(answer, Success | Refusal | Failure) and reply.attempt >= self.commands[reply.command_id].attempt:
            self._answered.add(reply.command_id)
        return self.advance(reply)

    def wake(self) -> Decision | None:
        """The clock jumps to whatever is due next, and that happens. None: nothing is ever due."""
        due = self.machine.wake_at
        if due is None:
            return None
        self.now = max(self.now, due)
        return self.advance(WakeUp())

    def pass_time(self, ms: int) -> None:
        """Time goes by, and everything that is due meanwhile happens when it is due."""
        until = self.now + ms
        while (due := self.machine.wake_at) is not None and due <= until:
            self.wake()
        self.now = until

    def cancel(self, reason: str = "") -> Decision:
        """Somebody wants the saga undone."""
        return self.advance(Cancel(reason))

    def resume(self) -> Decision:
        """A person lets a parked saga go on."""
        return self.advance(Resume())

    def signal(self, name: str, value: Any = None, id: str | None = None) -> Decision:
        """Somebody sends the saga's code a value, waited for or not; ``value`` is as of `succeed`.

        Under an id that no signal has had yet, unless one is given. Raises LookupError for a signal that the
        definition does not take, UnreadableValue for a value that does not fit it.
        """
        return self.advance(self.signalled(name, value, id))

    def update(self, name: str, value: Any = None, id: str | None = None) -> Decision:
        """Somebody asks the saga's code for something; as `signal`."""
        return self.advance(self.updated(name, value, id))

    def query(self, name: str, value: Any = None) -> Answered | NoAnswer | Unfit:
        """Somebody asks the saga's code about itself. Nothing changes."""
        return look(self.saga_id, self.history, self.definitions, name, write_value(value))

    def advance(self, *facts: Fact) -> Decision:
        """These facts, in one activation. Its verdicts say what became of each."""
        decision = self.last = self.machine.advance(facts, self.now)
        if decision.events:
            self.rows.append(tuple(read_events(write_events(decision.events))))
        for send in decision.sends:
            self.commands[send.command_id] = send
            self._answered.discard(send.command_id)
        if self._one_round and decision.round_at is not None:
            self._leave()
        return decision

    def _leave(self) -> None:
        """Of the last row, only what stands before the first round that it begins counts."""
        row = self.rows[-1]
        first = next(place for place, event in enumerate(row) if isinstance(event, SagaContinued))
        self.rows[-1] = row[:first]
        self.goes_on = True
        self.crash()
        self.commands = {each: send for each, send in self.commands.items() if self._asked_for(each)}

    def _asked_for(self, command: str) -> bool:
        return parse_command_id(command).step in self.state.steps

    def take_longer(self, ms: int) -> None:
        """Everything since the saga's first activation is said to have taken so much longer, in all; nothing happens.

        So a saga can be met by its deadline at any of its awaits. Code whose way depends on its clock may not fit then,
        and is parked by whatever comes next.
        """
        if ms > 0 and len(self.rows) > 1:
            self.rows = shifted(self.rows, ms)
            self.now += ms
            self.crash()

    # --- crashes

    def crash(self) -> "Driver":
        """The coordinator is killed and started again: all that is left of the saga is its history."""
        self.machine.close()
        self.machine = self.rebuilt()
        return self

    def deploy(self, *definitions: SagaDefinition) -> "Driver":
        """The coordinator is started again with other code."""
        self.definition = definitions[0]
        self.definitions = Definitions(definitions)
        return self.crash()

    def fork(self) -> "Driver":
        """A second driver where this one stands: what happens to one does not happen to the other."""
        twin = Driver.__new__(Driver)
        twin.definition, twin.definitions, twin.saga_id = self.definition, self.definitions, self.saga_id
        twin.now, twin.rows, twin.last = self.now, list(self.rows), self.last
        twin.commands, twin._answered = dict(self.commands), set(self._answered)
        twin._one_round, twin.goes_on = self._one_round, self.goes_on
        twin.machine = twin.rebuilt()
        return twin

    def rebuilt(self) -> Machine:
        """The saga as its history has it, beside the one that runs: the two must decide alike."""
        return Machine.rebuild(self.saga_id, self.rows, self.definitions)

    # --- how it stands

    @property
    def state(self) -> SagaState:
        """What the history amounts to. Not to be changed."""
        return self.machine.state

    @property
    def status(self) -> Status:
        """Where the saga stands."""
        return self.machine.status

    @property
    def out(self) -> Mapping[str, Send]:
        """By id, the commands and undos whose answer the saga waits for, in the order in which they were first sent."""
        return {each: send for each, send in self._unanswered() if self._waited_for(each)}

    @property
    def late(self) -> Mapping[str, Send]:
        """By id, what was never answered and is not waited for any more: an answer to it should change nothing."""
        return {each: send for each, send in self._unanswered() if not self._waited_for(each)}

    def undo_of(self, step: int) -> Send | None:
        """The last attempt of the step's undo; None: none was sent."""
        sent = self.commands.get(undo_id(self.saga_id, step)) or self.commands.get(command_id(self.saga_id, step))
        return sent if sent is not None and sent.undoes else None

    @property
    def outcome(self) -> Any:
        """The end as the store has it, ``{"result": …}`` or ``{"problem": …}``; None while there is none."""
        outcome = self.state.outcome
        return None if outcome is None else msgspec.json.decode(outcome)

    @property
    def history(self) -> list[Event]:
        """Every event so far."""
        return [event for row in self.rows for event in row]

    def reply(self, command: str | Send, answer: Answer, attempt: int | None = None) -> Reply:
        """The answer as a fact, for `advance`; nothing happens yet. Raises LookupError."""
        send = self.commands.get(command if isinstance(command, str) else command.command_id)
        if send is None:
            raise LookupError(f"{command} was never sent. Sent were: {', '.join(self.commands) or 'none'}.")
        return Reply(send.command_id, send.attempt if attempt is None else attempt, answer)

    def signalled(self, name: str, value: Any = None, id: str | None = None) -> Signal:
        """The signal as a fact, for `advance`; nothing happens yet. Raises as `signal` does."""
        awaited = name not in self.definition.signals and name in self.state.held_for
        data = write_value(value) if awaited else self._fitting("signal", self.definition.signals, name, value)
        taken = self.state.signals.ids
        ids = (f"signal-{number}" for number in count(len(taken) + 1))
        free = next(each for each in ids if each not in taken and ("signal", each) not in self.state.deferred)
        return Signal(name, free if id is None else id, data)

    def updated(self, name: str, value: Any = None, id: str | None = None) -> Update:
        """The update as a fact, for `advance`; nothing happens yet. Raises as `signal` does."""
        data = self._fitting("update", self.definition.updates, name, value)
        taken = self.state.updates.ids
        free = next(each for n in count(len(taken) + 1) if (each := f"update-{n}") not in taken)
        return Update(name, free if id is None else id, data)

    def _fitting(self, what: str, taken: Mapping[str, ValueType], name: str, value: Any) -> msgspec.Raw:
        declared = taken.get(name)
        if declared is None:
            raise LookupError(f"{self.definition!r} takes no {what} {name!r}: {instead(name, taken, 'takes')}")
        data = value if isinstance(value, msgspec.Raw) else write_value(value)
        try:
            declared.read(data)
        except UnreadableValue as error:
            raise UnreadableValue(f"The {what} {name} cannot bring {bytes(data).decode()}: {error}.") from error
        return data

    def _unanswered(self) -> Iterable[tuple[str, Send]]:
        return ((each, send) for each, send in self.commands.items() if each not in self._answered)

    def _waited_for(self, command: str) -> bool:
        ref = parse_command_id(command)
        step = self.state.steps.get(ref.step)
        if step is None:  # of an earlier round
            return False
        meant = step.meant_by(ref)
        return meant is not None and (step.back in UNDOING if meant.undo else step.in_flight)

    def _read_commands(self) -> None:
        """Finds out of the history what was sent, and what has its answer."""
        state = SagaState()
        for event in self.history:
            evolve(state, event)
            if (send := send_of(self.saga_id, state, event)) is not None:
                self.commands[send.command_id] = send
        for step in state.steps.values():
            if step.forward in (Forward.SUCCEEDED, Forward.REFUSED, Forward.FAILED):
                self._answered.add(command_id(self.saga_id, step.number))
            if step.back in (Back.DONE, Back.GIVEN_UP):
                self._answered.add(step.undo_sent_as(self.saga_id))
