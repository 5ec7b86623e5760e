"""A saga as small as can be: an ordinary async function on a loop of its own, whose every turn makes one row."""

import asyncio
from asyncio import events
from collections import deque
from collections.abc import Awaitable, Callable
from time import time
from typing import Any

import msgspec

from benchmarks.contracts import Done, Work
from benchmarks.probe.messages import STEPS, command_headers, command_value
from contracts.kinds import COMPENSATABLE
from coordinator.history.codec import write_events
from coordinator.history.endings import SagaCompleted
from coordinator.history.started import SagaStarted
from coordinator.history.steps import StepIssued, StepSucceeded
from coordinator.runtime.ports import OutboxRow, SagaRowChange, SagaStart, SagaWrite

Step = Callable[[Work], Awaitable[Done]]
TIMEOUT_MS = 30_000
_done = msgspec.json.Decoder(Done).decode


async def three_steps(number: int, step: Step) -> int:
    """The measured saga."""
    one = await step(Work(number))
    two = await step(Work(one.number))
    three = await step(Work(two.number))
    return three.number


class Loop(asyncio.AbstractEventLoop):
    """As much of a loop as tasks and futures ask for."""

    def __init__(self) -> None:
        self._ready: deque[asyncio.Handle] = deque()

    def run(self) -> None:
        """Until nothing is ready."""
        events._set_running_loop(self)  # pyright: ignore[reportPrivateUsage]
        while self._ready:
            self._ready.popleft()._run()  # pyright: ignore[reportAttributeAccessIssue]

    def call_soon(self, callback: Any, *args: Any, context: Any = None) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def get_debug(self) -> bool:
        return False

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        pass  # of sagas that are thrown away when the probe has failed


class ProbeSaga:
    """One saga. Each turn returns what is to be written; ``topics`` are those of the three steps."""

    __slots__ = ("_asked", "_issued", "_loop", "_step", "_task", "_topics", "began", "number", "saga_id")

    def __init__(self, number: int, topics: tuple[str, ...], began: float) -> None:
        self.number, self.began, self._topics = number, began, topics
        self.saga_id = f"three_steps:{number}"
        self._loop = Loop()
        self._step = 0
        self._issued: Work | None = None
        self._asked: asyncio.Future[Done] | None = None
        self._task = asyncio.Task(three_steps(number, self._ask), loop=self._loop)

    @property
    def ended(self) -> bool:
        """Its last row has been made."""
        return self._task.done()

    def start(self) -> SagaWrite:
        """The first turn."""
        at = round(time() * 1_000)
        given = b'{"number":%d,"refuse":false}' % self.number
        start = SagaStart("three_steps", 1, given, at, 0, None)
        return self._turn(SagaStarted("three_steps", 1, msgspec.Raw(given), at), at, start)

    def replied(self, value: bytes) -> SagaWrite:
        """The turn that a reply brings about."""
        at = round(time() * 1_000)
        assert self._asked is not None, "a reply comes to a saga that waits for it"
        self._asked.set_result(_done(value))
        return self._turn(StepSucceeded(self._step, 1, msgspec.Raw(value), at), at, None)

    def _ask(self, work: Work) -> "asyncio.Future[Done]":
        self._issued = work
        self._asked = asyncio.Future(loop=self._loop)
        return self._asked

    def _turn(self, fact: SagaStarted | StepSucceeded, at: int, start: SagaStart | None) -> SagaWrite:
        self._loop.run()
        seq = self._step + 1
        if self._task.done():
            result = b"%d" % self._task.result()
            rows = write_events([fact, SagaCompleted(msgspec.Raw(result), at)])
            change = SagaRowChange("completed", None, b'{"result":%b}' % result, None, at)
            return SagaWrite(self.saga_id, seq, rows, at, start, change, ())
        self._step = seq
        work, self._issued = self._issued, None
        assert work is not None, "a saga that has not ended has asked for a step"
        value = command_value(work)
        name = f"{STEPS[seq - 1]}.work"
        issued = StepIssued(seq, name, msgspec.Raw(value), COMPENSATABLE, True, at, at + TIMEOUT_MS)
        change = None if start is None else SagaRowChange("running", at + TIMEOUT_MS, None, None, None)
        row = OutboxRow(
            f"{self.saga_id}:{seq}", 1, self.saga_id, self._topics[seq - 1], command_headers(self.saga_id, seq), value
        )
        return SagaWrite(self.saga_id, seq, write_events([fact, issued]), at, start, change, (row,))
