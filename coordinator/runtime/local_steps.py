"""Local steps: their bodies run here, on the coordinator's own event loop. What they answer is a fact like any other.

Only the owner of a saga's shard runs its local steps, whoever decided on them: so a body is never begun a second time
while it runs, and the undo of a step waits until its body has ended. A row that is decided elsewhere, or left by a
crash, is found by the sweep (``local_sweep``). The row is deleted once nobody waits for its attempt any more; what
happens to this process before that leaves the row, and the body is run again.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from contextvars import copy_context
from typing import Any

import msgspec
import structlog

from contracts import Contract
from contracts.answers import Failure, Progress, Refusal, Success
from contracts.command import Command
from contracts.failpoints import failpoint
from contracts.headers import UnreadableMessage
from contracts.ids import forward_id
from coordinator.engine.awaited import Awaited
from coordinator.engine.facts import Ignored, Reply, Verdict
from coordinator.runtime.clock import Clock
from coordinator.runtime.intake import Intake
from coordinator.runtime.limits import Limits
from coordinator.runtime.local_body import NoCaller, answer_of
from coordinator.runtime.local_rows import LocalRow, is_local, read_local, shard_of_row
from coordinator.runtime.ownership import Ownership
from coordinator.runtime.ports import Confirmed, OutboxRow
from coordinator.runtime.relay import Relay
from coordinator.saga.definitions import Definitions

log = structlog.get_logger(__name__)

_LONGEST_S = 3_600.0
"""A body's deadline is looked at again after so long at the latest."""

Awaits = Callable[[str, int], Awaited | None]
"""Whether a saga waits for this attempt, by command id and number."""


class LocalAttempt:
    """One attempt of a local step or of its undo, while it is in memory."""

    __slots__ = ("body", "command", "contract", "deadline", "given_up", "progress", "row", "stopped")

    def __init__(self, row: LocalRow, command: "Command[..., Any]", contract: Contract) -> None:
        self.row = row
        self.command = command
        self.contract = contract
        self.deadline = row.message.deadline_ms
        """Until then, in ms, its answer is waited for; None: as long as it takes."""
        self.progress = row.message.progress
        """JSON: how far the step had got when this attempt began, if that was told."""
        self.body: asyncio.Task[Success | Refusal | Failure] | None = None
        """Once it has begun."""
        self.stopped = False
        """Its body was told to end: once, so that it may clean up."""
        self.given_up = False
        """Nobody waits for it, or not here: its body is to end."""

    @property
    def step(self) -> str:
        """The command's id, of an undo too: one body of a step at a time."""
        return forward_id(self.row.message.command_id)

    def is_over(self, now: int) -> bool:
        """Its time is up: the saga will give it up, or try again."""
        return self.deadline is not None and self.deadline <= now

    def seconds_left(self, now: int) -> float | None:
        """Until its deadline; None: it has none."""
        return None if self.deadline is None else max(self.deadline - now, 0) / 1e3

    def stop(self) -> None:
        """Its body is to end."""
        if self.body is not None and not self.stopped:
            self.stopped = True
            self.body.cancel()


class LocalSteps:
    """The bodies that run, those that wait for a place, and answers that are not committed yet."""

    def __init__(
        self,
        definitions: Definitions,
        intake: Intake,
        relay: Relay,
        ownership: Ownership,
        clock: Clock,
        limits: Limits,
    ) -> None:
        self._definitions, self._intake, self._relay = definitions, intake, relay
        self._ownership, self._clock, self._limits = ownership, clock, limits
        self._attempts: dict[str, LocalAttempt] = {}
        """By command id, the latest of each."""
        self._of: dict[str, set[str]] = {}
        """Command ids by saga."""
        self._line: deque[LocalAttempt] = deque()
        """Those that wait for a place; some of them are given up."""
        self._bodies: dict[str, asyncio.Task[Success | Refusal | Failure]] = {}
        """Those that have not ended, by step."""
        self._behind: dict[str, LocalAttempt] = {}
        """What begins when the step's body has ended."""
        self._contracts: dict[type[Contract], Contract] = {}
        self._context = copy_context()
        """Bodies do not see whose turn it was when they were begun."""
        self._closed = False
        self._quiet = asyncio.Event()
        self.decided_since: set[str] | None = None
        """While the sweep reads: sagas that are decided on meanwhile, of which it may have read what is out of date."""
        self.held: dict[str, int] = {}
        """Sagas that stand still, and until when (in ms) the sweep passes over them, unless they are decided on."""
        ownership.on_change.append(self._owned)

    @property
    def running(self) -> int:
        """Bodies that have not ended."""
        return len(self._bodies)

    @property
    def waiting(self) -> int:
        """Attempts that wait for a place, or for the body of an earlier attempt."""
        return sum(not each.given_up for each in self._line) + len(self._behind)

    @property
    def room(self) -> bool:
        """Whether the sweep may bring more."""
        return not self._closed and len(self._attempts) < self._limits.local_rows

    def knows(self, row: OutboxRow) -> bool:
        """Whether this very attempt is in memory. One whose time is up, and that does not run, is not counted: its saga
        may have ended elsewhere, and then nobody here will hear of it but the sweep."""
        known = self._attempts.get(row.command_id)
        if known is None or known.row.message.attempt != row.attempt:
            return False
        return known.step in self._bodies or not known.is_over(self._clock())

    def offer(self, rows: Sequence[OutboxRow]) -> Sequence[OutboxRow]:
        """Takes the local ones of a commit that are ours, and returns those that go to Kafka."""
        others: list[OutboxRow] = []
        for row in rows:
            if not is_local(row):
                others.append(row)
            elif self._ownership.owns(shard_of_row(row)):
                self.take(row)
        return others

    def take(self, row: OutboxRow, found: Awaited | None = None) -> None:
        """Runs it as soon as there is a place. What finds no room in memory stays in the outbox.

        ``found``: how the history has it by now, of a row that somebody left."""
        known = self._attempts.get(row.command_id)
        if self._closed or (known is not None and known.row.message.attempt >= row.attempt):
            return
        if known is not None:
            self._give_up(known)
        if len(self._attempts) >= self._limits.local_rows:
            return
        attempt = self._read(row)
        if attempt is None:
            return
        if found is not None:
            attempt.deadline, attempt.progress = found.deadline or attempt.deadline, found.progress
        self._attempts[row.command_id] = attempt
        self._of.setdefault(row.saga_id, set()).add(row.command_id)
        if attempt.step in self._bodies:
            self._behind[attempt.step] = attempt
        else:
            self._line.append(attempt)
            self._fill()

    def _read(self, row: OutboxRow) -> LocalAttempt | None:
        try:
            local = read_local(row)
        except UnreadableMessage as error:
            log.error("local_step_unreadable", command_id=row.command_id, error=str(error))
            return None
        message = local.message
        command = self._definitions.body(message.definition, local.version, message.type)
        if command is None or (message.direction == "undo" and command.undo_named(message.undo) is None):
            log.error(
                "local_step_without_body",
                command_id=row.command_id,
                remedy=f"Deploy the local contract that has {message.type} ({message.undo or message.direction}).",
            )
            return None
        contract = self._contracts.get(command.contract)
        if contract is None:
            contract = self._contracts[command.contract] = command.contract(NoCaller())
        return LocalAttempt(local, command, contract)

    def decided(self, saga_id: str, awaits: Awaits) -> None:
        """The saga was decided on, here or elsewhere: what nobody waits for any more is given up."""
        if self.decided_since is not None:
            self.decided_since.add(saga_id)
        if self.held:
            self.held.pop(saga_id, None)
        for command_id in tuple(self._of.get(saga_id, ())):
            attempt = self._attempts[command_id]
            awaited = awaits(command_id, attempt.row.message.attempt)
            if awaited is None:
                self._done(attempt)
            elif awaited.not_yet:
                continue  # the answer to a commit came late, and somebody has gone on from there
            elif awaited.stands_still and attempt.body is None:
                self._give_up(attempt)
            else:
                attempt.deadline, attempt.progress = awaited.deadline, awaited.progress

    def _owned(self, gained: frozenset[int]) -> None:
        """What is not ours any more ends here; whoever it belongs to now finds its row."""
        for attempt in tuple(self._attempts.values()):
            if not self._ownership.owns(attempt.row.shard):
                self._give_up(attempt)

    def _done(self, attempt: LocalAttempt) -> None:
        """Nobody waits for it any more: its row may go."""
        message = attempt.row.message
        if self._attempts.get(message.command_id) is attempt:
            self._give_up(attempt)
            self._relay.confirm(Confirmed(message.command_id, message.attempt))

    def _give_up(self, attempt: LocalAttempt) -> None:
        """It leaves the memory; its row stays."""
        message, step = attempt.row.message, attempt.step
        attempt.given_up = True
        del self._attempts[message.command_id]
        own = self._of[message.saga_id]
        own.discard(message.command_id)
        if not own:
            del self._of[message.saga_id]
        if self._behind.get(step) is attempt:
            del self._behind[step]
        attempt.stop()

    # --- bodies

    def _fill(self) -> None:
        while self._line and len(self._bodies) < self._limits.local_steps and not self._closed:
            attempt = self._line.popleft()
            if attempt.given_up or attempt.is_over(self._clock()):
                continue
            if attempt.step in self._bodies:
                self._behind[attempt.step] = attempt
                continue
            loop, name = asyncio.get_running_loop(), attempt.row.message.command_id
            body = loop.create_task(self._run(attempt), name=name, context=self._context.copy())
            attempt.body = self._bodies[attempt.step] = body
            body.add_done_callback(lambda body, attempt=attempt: self._ended(attempt, body), context=self._context)

    async def _run(self, attempt: LocalAttempt) -> Success | Refusal | Failure:
        deadline = _Deadline(attempt, self._clock)
        failpoint("local_step_begun")
        try:
            return await answer_of(
                attempt.command,
                attempt.contract,
                attempt.row.message,
                attempt.progress,
                self._teller(attempt),
                lambda: attempt.seconds_left(self._clock()),
            )
        finally:
            deadline.cancel()

    def _ended(self, attempt: LocalAttempt, body: "asyncio.Task[Success | Refusal | Failure]") -> None:
        del self._bodies[attempt.step]
        if (behind := self._behind.pop(attempt.step, None)) is not None:
            self._line.appendleft(behind)
        self._fill()
        self._quiet.set()
        if body.cancelled():
            return
        answer, message = body.result(), attempt.row.message
        if attempt.stopped and isinstance(answer, Failure):
            return  # whoever waits for it hears that it took too long
        failpoint("local_step_ended")
        reply = Reply(message.command_id, message.attempt, answer)
        self._intake.offer(message.saga_id, reply, lambda verdict: self._answered(attempt, verdict))

    def _answered(self, attempt: LocalAttempt, verdict: Verdict) -> None:
        if isinstance(verdict, Ignored) and not attempt.given_up:
            log.warning("local_step_ignored", command_id=attempt.row.message.command_id, reason=verdict.reason)
        self._done(attempt)

    def _teller(self, attempt: LocalAttempt) -> Callable[[msgspec.Raw], Coroutine[Any, Any, None]]:
        message = attempt.row.message

        async def told(details: msgspec.Raw) -> None:
            await self._intake.verdict(message.saga_id, Reply(message.command_id, message.attempt, Progress(details)))

        return told

    # --- the end

    def close(self) -> None:
        """Begins no more: the rows of what waits are left to whoever runs next."""
        self._closed = True
        self._line.clear()
        self._behind.clear()

    async def drained(self) -> None:
        """Returns when no body runs."""
        while self._bodies:
            self._quiet.clear()
            await self._quiet.wait()

    async def cancel(self, within_s: float) -> None:
        """Ends the bodies that run, and waits a moment for them. Their rows stay."""
        for body in self._bodies.values():
            body.cancel()
        if self._bodies:
            _, left = await asyncio.wait(self._bodies.values(), timeout=within_s)
            for body in left:
                log.warning("local_step_does_not_end", body=body.get_name())


class _Deadline:
    """Stops a body when nobody waits for its answer any more."""

    def __init__(self, attempt: LocalAttempt, clock: Clock) -> None:
        self._attempt, self._clock = attempt, clock
        self._timer: asyncio.TimerHandle | None = None
        self._look()

    def _look(self) -> None:
        deadline, now = self._attempt.deadline, self._clock()
        if self._attempt.is_over(now):
            self._attempt.stop()
            return  # however long it takes to clean up
        wait_s = _LONGEST_S if deadline is None else (deadline - now) / 1e3
        self._timer = asyncio.get_running_loop().call_later(min(max(wait_s, 0.0), _LONGEST_S), self._look)

    def cancel(self) -> None:
        """The body has ended."""
        if self._timer is not None:
            self._timer.cancel()
