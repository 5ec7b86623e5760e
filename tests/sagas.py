"""Small sagas, and a driver that plays the participants and the clock for one saga of any definition.

After every activation the driver compares the warm saga with the one rebuilt from what was written: both have the same
state, and both decide the same about the next facts, event for event.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, TypeVar

import msgspec

from contracts import PIVOT, RETRIABLE, Contract, Problem, Retry, command
from contracts.answers import Answer, Failure, Pending, Progress, Refusal, Success
from contracts.ids import command_id, undo_id
from coordinator.engine.decision import Decision, Send
from coordinator.engine.facts import (
    Accepted,
    Cancel,
    Fact,
    Pause,
    Reply,
    Resume,
    RetryStep,
    Signal,
    SkipUndo,
    Start,
    Terminate,
    Unfit,
    Update,
    Verdict,
    WakeUp,
)
from coordinator.engine.looking import Answered, NoAnswer, look
from coordinator.engine.machine import Machine
from coordinator.engine.status import Status
from coordinator.history.codec import read_events, write_events
from coordinator.history.events import Event
from coordinator.saga import Definitions, SagaDefinition, saga
from tests.kept_rows import check_kept

E = TypeVar("E")
NOON = 1_700_000_000_000
"""When the driver's clock begins, in ms."""


class Shop(Contract, name="shop"):
    """One command of each sort."""

    @command(timeout="5s", retry=Retry(attempts=3, backoff="1s..4s"))
    async def take(self, item: str) -> str:
        """Can be undone; may be refused."""
        ...

    @take.undo(timeout="5s", retry=Retry.forever(backoff="1s..8s"))
    async def give_back(self, item: str, taken: str | None) -> None:
        """Undoes take, however long that needs."""

    @take.other_undo(timeout="3s", retry=Retry(attempts=2, backoff="1s"))
    async def throw_away(self, item: str, taken: str | None) -> None:
        """Undoes take, if a call wants it so, or is given up after two attempts."""

    @command(timeout="5s", retry=Retry.never())
    async def lend(self, item: str) -> str:
        """Like take, but tried once, and its undo is given up after two attempts."""
        ...

    @lend.undo(timeout="5s", retry=Retry(attempts=2, backoff="1s"))
    async def collect(self, item: str, lent: str | None) -> None:
        """Undoes lend."""

    @command(timeout="5s", retry=Retry(attempts=None, backoff="1s..4s", total="8s", unless=("worn",)))
    async def borrow(self, item: str) -> str:
        """Like take, but tried for eight seconds at most, and not again when it is worn."""
        ...

    @borrow.undo(timeout="5s", retry=Retry(attempts=None, backoff="1s..4s", total="6s", unless=("worn",)))
    async def bring_back(self, item: str, borrowed: str | None) -> None:
        """Undoes borrow, or is given up after six seconds."""

    @command(kind=PIVOT, timeout="5s", retry=Retry(attempts=2, backoff="1s"))
    async def pay(self, amount: int) -> int:
        """The point of no return; undone only while nobody knows whether it happened."""
        ...

    @pay.undo(timeout="5s")
    async def refund(self, amount: int, paid: int | None) -> None:
        """Undoes pay."""

    @command(kind=PIVOT, timeout="5s", retry=Retry.forever(backoff="1s"))
    async def launch(self) -> None:
        """The point of no return that nothing undoes."""

    @command(kind=RETRIABLE, timeout="5s", retry=Retry.forever(backoff="1s..8s"))
    async def ship(self, item: str) -> str:
        """Cannot be refused."""
        ...

    @command(timeout="5s", nothing_to_undo=True)
    async def look(self, item: str) -> int:
        """Changes nothing."""
        ...

    @command(timeout="5s")
    async def lose(self, item: str) -> None:
        """Can be refused and not be undone: nothing can be done with it."""


Body = Callable[[Shop], Awaitable[Any]]


def code(body: Body, version: int = 1) -> SagaDefinition:
    """A version of one saga."""

    @saga(version=version, name="errand")
    async def errand(shop: Shop) -> Any:
        return await body(shop)

    return errand


class SagaDriver:
    """Given a start, expect a command; given a reply, expect what follows.

    Steps are named by their command (``"shop.take"``), undos by ``"undo shop.take"``, or both by the step's number
    and ``"undo 2"``; by name, the one sent last is meant.
    """

    def __init__(
        self, *definitions: SagaDefinition, key: str = "1", now: int = NOON, rows: Iterable[Sequence[Event]] = ()
    ) -> None:
        self.definition = definitions[0]
        self.saga_id = f"{self.definition.name}:{key}"
        self.definitions = Definitions(definitions)
        self.now = now
        self.rows = [write_events(row) for row in rows]
        self.machine = self.rebuilt()
        self.sent: list[Send] = []
        """Everything that was ever sent."""
        self.signalled = 0
        self.updated = 0
        self.last: Decision | None = None

    # --- facts

    def start(self, value: Any = None, **settings: Any) -> "SagaDriver":
        """The saga begins with this input."""
        data = msgspec.Raw(msgspec.json.encode(value))
        return self.advance(Start(self.definition.name, self.definition.version, data, **settings))

    def succeeds(self, step: str | int, result: Any = None, attempt: int | None = None) -> "SagaDriver":
        """The command did what it is for."""
        return self.answers(step, Success(msgspec.Raw(msgspec.json.encode(result))), attempt)

    def refuses(self, step: str | int, type: str = "no", attempt: int | None = None) -> "SagaDriver":
        """A business no."""
        return self.answers(step, Refusal(Problem(type)), attempt)

    def fails(
        self,
        step: str | int,
        *,
        type: str = "broken",
        retryable: bool = True,
        retry_after_ms: int | None = None,
        attempt: int | None = None,
        counts: bool = True,
    ) -> "SagaDriver":
        """A technical failure."""
        problem = Problem(type, retryable=retryable, retry_after_ms=retry_after_ms, counts=counts)
        return self.answers(step, Failure(problem), attempt)

    def progresses(self, step: str | int, attempt: int | None = None, details: Any = None) -> "SagaDriver":
        """Still at it, and so far."""
        return self.answers(step, Progress(msgspec.Raw(msgspec.json.encode(details or {"done": 1}))), attempt)

    def will_answer_later(
        self, step: str | int, attempt: int | None = None, timeout_ms: int | None = None
    ) -> "SagaDriver":
        """Accepted; without a timeout of its own there is none but the command's."""
        return self.answers(step, Pending(timeout_ms), attempt)

    def answers(self, step: str | int, answer: Answer, attempt: int | None = None) -> "SagaDriver":
        """Any answer; to the last attempt, unless one is named."""
        return self.advance(self.reply(step, answer, attempt))

    def cancel(self, reason: str = "changed my mind") -> "SagaDriver":
        """Somebody wants the saga undone."""
        return self.advance(Cancel(reason))

    def resume(self) -> "SagaDriver":
        """A person lets a parked saga go on."""
        return self.advance(Resume())

    def pauses(self, reason: str = "let me see") -> "SagaDriver":
        """A person halts it."""
        return self.advance(Pause(reason))

    def terminates(self, reason: str = "enough") -> "SagaDriver":
        """A person ends it."""
        return self.advance(Terminate(reason))

    def skips(self, step: int, reason: str = "let it be") -> "SagaDriver":
        """A person decides against a step's undo."""
        return self.advance(SkipUndo(step, reason))

    def retries(self, step: int, *, undo: bool = False, reason: str = "again") -> "SagaDriver":
        """A person has a step, or its undo, tried again now."""
        return self.advance(RetryStep(step, undo, reason))

    def signals(self, name: str, value: Any = None, id: str | None = None) -> "SagaDriver":
        """Somebody sends a value; under an id of its own, unless one is given."""
        self.signalled += 1
        data = msgspec.Raw(msgspec.json.encode(value))
        return self.advance(Signal(name, id or f"signal-{self.signalled}", data))

    def updates(self, name: str, value: Any = None, id: str | None = None) -> "SagaDriver":
        """Somebody asks the code for something; under an id of its own, unless one is given."""
        self.updated += 1
        data = msgspec.Raw(msgspec.json.encode(value))
        return self.advance(Update(name, id or f"update-{self.updated}", data))

    def queries(self, name: str, value: Any = None) -> Answered | NoAnswer | Unfit:
        """Somebody asks the code about itself."""
        return look(self.saga_id, self.history, self.definitions, name, msgspec.Raw(msgspec.json.encode(value)))

    def passes(self, ms: int) -> "SagaDriver":
        """Time goes by, and the saga is woken whenever something is due."""
        until = self.now + ms
        while (due := self.machine.wake_at) is not None and due <= until:
            self.now = max(self.now, due)
            before = len(self.rows)
            self.advance(WakeUp())
            assert len(self.rows) > before, "a wake-up was due, and nothing happened"
        self.now = until
        return self

    def wake(self) -> "SagaDriver":
        """The saga is woken now, due or not."""
        return self.advance(WakeUp())

    def deploys(self, *definitions: SagaDefinition) -> "SagaDriver":
        """The coordinator is restarted with other code."""
        self.definitions = Definitions(definitions)
        return self.restarts()

    def restarts(self) -> "SagaDriver":
        """The coordinator is restarted."""
        self.machine = self.rebuilt()
        return self

    def advance(self, *facts: Fact) -> "SagaDriver":
        """The facts, in one activation: by the warm saga, and by one rebuilt; both must decide alike."""
        shadow = self.rebuilt()
        decision = self.machine.advance(facts, self.now)
        also = shadow.advance(facts, self.now)
        assert write_events(decision.events) == write_events(also.events), "warm and rebuilt decide differently"
        assert _comparable(decision) == _comparable(also)
        self.last = decision
        self.sent.extend(decision.sends)
        if decision.events:
            self.rows.append(write_events(decision.events))
            assert decision.seq == len(self.rows)
        self.check_rebuilt()
        return self

    # --- what is so

    def expects(self, *commands: str) -> "SagaDriver":
        """Exactly these were sent by the last activation, in this order."""
        assert self.last is not None
        assert [_name(send) for send in self.last.sends] == list(commands)
        return self

    def is_(self, status: Status | str) -> "SagaDriver":
        """It stands there."""
        assert self.status == status, f"{self.status}: {self.parked_message or self.outcome}"
        return self

    @property
    def status(self) -> Status:
        """Where it stands."""
        return self.machine.status

    @property
    def verdict(self) -> Verdict:
        """What became of the last fact."""
        assert self.last is not None
        return self.last.verdicts[-1]

    @property
    def accepted(self) -> bool:
        """Whether the last fact was."""
        return self.verdict == Accepted()

    @property
    def outcome(self) -> Any:
        """The saga's end, as JSON."""
        outcome = self.machine.state.outcome
        return None if outcome is None else msgspec.json.decode(outcome)

    @property
    def result(self) -> Any:
        """What the saga returned."""
        return self.outcome["result"]

    @property
    def cause(self) -> str:
        """Type of the problem for which it went back."""
        cause = self.machine.state.cause
        assert cause is not None
        return cause.type

    @property
    def parked_message(self) -> str:
        """Why it is parked."""
        return self.machine.state.parked_message

    @property
    def history(self) -> list[Event]:
        """Everything that was written."""
        return [event for row in self.rows for event in read_events(row)]

    @property
    def new_events(self) -> list[str]:
        """Names of the last activation's events."""
        assert self.last is not None
        return [type(event).__name__ for event in self.last.events]

    def of(self, kind: type[E]) -> list[E]:
        """The events of that kind, in order."""
        return [event for event in self.history if isinstance(event, kind)]

    @property
    def in_ms(self) -> int | None:
        """How long until something is due."""
        return None if self.machine.wake_at is None else self.machine.wake_at - self.now

    def value(self, name: str) -> Any:
        """What the command or undo sent last by that name carried."""
        return msgspec.json.decode(self.send(name).value)

    def send(self, name: str | int) -> Send:
        """The command or undo sent last by that name or number."""
        ids = _ids(self.saga_id, name)
        found = [send for send in self.sent if _name(send) == name or send.command_id == ids]
        assert found, f"{name} was never sent; sent were {[_name(send) for send in self.sent]}"
        return found[-1]

    def reply(self, step: str | int, answer: Answer, attempt: int | None = None) -> Reply:
        """The reply as a fact."""
        send = self.send(step)
        return Reply(send.command_id, send.attempt if attempt is None else attempt, answer)

    def rebuilt(self) -> Machine:
        """The saga as its rows have it."""
        return Machine.rebuild(self.saga_id, [read_events(row) for row in self.rows], self.definitions)

    def check_rebuilt(self) -> None:
        """The warm saga equals the one rebuilt from its rows."""
        rebuilt = self.rebuilt()
        assert rebuilt.state == self.machine.state
        assert (rebuilt.seq, rebuilt.wake_at) == (self.machine.seq, self.machine.wake_at)
        if rebuilt.state.round > 1:
            check_kept(self.machine, self.rows, self.definitions)

    def unchanged_by(self, change: Callable[[], object]) -> bool:
        """Whether nothing at all was written, sent or remembered."""
        before = self.rebuilt().state, list(self.rows), self.machine.wake_at, len(self.sent)
        change()
        return before == (self.machine.state, self.rows, self.machine.wake_at, len(self.sent))


def _name(send: Send) -> str:
    return send.type if send.direction == "forward" else f"undo {send.type}"


def _ids(saga_id: str, name: str | int) -> str:
    if isinstance(name, int):
        return command_id(saga_id, name)
    number = name.removeprefix("undo ")
    return undo_id(saga_id, int(number)) if number != name and number.isdigit() else ""


def _comparable(decision: Decision) -> Any:
    return (
        decision.seq,
        decision.sends,
        decision.status,
        decision.wake_at,
        decision.verdicts,
        decision.outcome,
        decision.parked_for,
        decision.shown,
    )
