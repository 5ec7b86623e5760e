"""One saga, run again for each thing that can go wrong on its way."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from coordinator.engine.status import Status
from coordinator.fit.story import story
from coordinator.history.codec import write_events
from coordinator.history.steps import StepProgressed
from coordinator.history.undos import UndoProgressed
from coordinator.testing.channel import Fate, Message, arrives
from coordinator.testing.faults import CrashFault, MessageFault, identity, mishaps_of
from coordinator.testing.saga_run import SagaRun

_TOLD_AGAIN = (StepProgressed, UndoProgressed)
Made = Callable[[Fate, CrashFault | None], SagaRun]
SHOWN = 5


class CrashReport(msgspec.Struct, frozen=True):
    """What came of it."""

    ended: Mapping[str, tuple[str, ...]]
    """By status, the points after which the saga ended so; the run in which nothing went wrong is ``nothing``."""
    unreached: list[str]
    """Points that were never reached: nothing is known of them."""

    @property
    def statuses(self) -> set[str]:
        """Every status that the saga ended with."""
        return set(self.ended)

    @property
    def points(self) -> list[str]:
        """Everything that went wrong, once each."""
        return [point for points in self.ended.values() for point in points]

    def __repr__(self) -> str:
        ends = [f"{status}: {len(points)} ({', '.join(points[:SHOWN])}, …)" for status, points in self.ended.items()]
        return f"<{len(self.points)} points; {'; '.join(ends)}>"


async def crash_everywhere(made: Made, value: Any) -> CrashReport:
    """Runs it without a fault, and then once for each. Raises AssertionError; see SagaTest."""
    seen: dict[tuple[str, ...], Message] = {}

    def watching(message: Message, at: int) -> list[int]:
        seen.setdefault(identity(message), message)
        return arrives(message, at)

    reference = await _run(made(watching, None), value, "nothing")
    ended: dict[str, list[str]] = {reference.status.value: ["nothing"]}
    unreached: list[str] = []
    different: list[str] = []
    for fault in (*_crashes(reference), *_mishaps(list(seen.values()))):
        crashes = isinstance(fault, CrashFault)
        run = await _run(made(arrives, fault) if crashes else made(fault.fate, None), value, fault.name)
        if not fault.reached:
            unreached.append(fault.name)
        elif crashes and (difference := _difference(reference, run) or _children_differ(reference, run)):
            different.append(f"  {fault.name}:\n{difference}")
        else:
            ended.setdefault(run.status.value, []).append(fault.name)
    if different or unreached:
        raise AssertionError(_report(reference, different, unreached))
    return CrashReport({status: tuple(points) for status, points in ended.items()}, unreached)


async def _run(run: SagaRun, value: Any, name: str) -> SagaRun:
    try:
        run.begin(value)
        return await run.finish()
    except Exception as error:
        error.add_note(f"What went wrong in this run: {name}.")
        raise


def _crashes(reference: SagaRun) -> list[CrashFault]:
    faults: list[CrashFault] = []
    for run in (reference, *reference.called.values()):
        lines = [" ".join(line.split()[2:]) for line in story(run.history)]
        begins = 0
        for number, row in enumerate(run.driver.rows, 1):
            faults += [CrashFault(run.driver.saga_id, number, kept, lines[begins]) for kept in (False, True)]
            begins += len(row)
    return faults


def _mishaps(messages: Sequence[Message]) -> list[MessageFault]:
    return [MessageFault(message, befalls) for message in messages for befalls in mishaps_of(message)]


def _children_differ(reference: SagaRun, run: SagaRun) -> str | None:
    """The same of the sagas that were run for it."""
    ids = list(reference.called)
    if list(run.called) != ids:
        return f"    without it these sagas are called: {ids}\n    after it: {list(run.called)}"
    return next((found for id in ids if (found := _difference(reference.called[id], run.called[id]))), None)


def _difference(reference: SagaRun, run: SagaRun) -> str | None:
    """Where the history is not what it is without the crash; that a step is under way may be told more than once."""
    before, after = ([each for each in one.history if not isinstance(each, _TOLD_AGAIN)] for one in (reference, run))
    wanted, found = ([write_events([event])[1:-1] for event in each] for each in (before, after))
    if wanted == found:
        return None
    if run.status is Status.PARKED and reference.status is not Status.PARKED:
        return f"    {run.driver.state.parked_message}"
    number = next(
        (n for n, (a, b) in enumerate(zip(wanted, found, strict=False)) if a != b), min(len(wanted), len(found))
    )
    shown = [each[number : number + 1] or ["nothing more"] for each in (story(before), story(after))]
    lines = [" ".join(each[0].split()) for each in shown]
    if lines[0] == lines[1] and number < min(len(wanted), len(found)):
        lines = [each[number].decode() for each in (wanted, found)]
    return f"    event {number + 1} without it: {lines[0]}\n    event {number + 1} after it:   {lines[1]}"


def _report(reference: SagaRun, different: Sequence[str], unreached: Sequence[str]) -> str:
    name = reference.driver.definition.name
    parts: list[str] = []
    if different:
        shown = "\n".join(different[:SHOWN])
        parts.append(
            f"{name} does not go on after a crash as it would have without: after {len(different)} crashes.\n{shown}\n"
            "A saga may depend on its input, on what its steps answer and its signals bring, and on its loop's clock, "
            "and on nothing else."
        )
    if unreached:
        shown = "\n".join(f"  {each}" for each in unreached[:SHOWN])
        parts.append(
            f"{len(unreached)} points were not reached, so nothing is known of them:\n{shown}\n"
            "Each run must begin alike: look for state outside of the saga, and in functions given to .calls(…)."
        )
    return "\n".join(parts)
