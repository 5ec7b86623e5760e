"""Programs are data: what the simulated sagas do, interpreted."""

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from contracts import Refused, StepError
from contracts.kinds import Kind
from coordinator.engine.failure import problem_of
from coordinator.saga import (
    ContinueAsNew,
    SagaDefinition,
    Signal,
    attributes,
    child,
    detach,
    extend_deadline,
    on_undo,
    patched,
    scope,
    status,
)
from tests.simulation.contracts import Archive, Bank, Guide, Shop, Wish
from tests.simulation.desk import Desk
from tests.simulation.policies import Using, using

Program = list[Any]
"""Statements, each a list: what to do, and with what."""
Signals = Mapping[str, Signal[int]]


class Town(NamedTuple):
    """All that a program can call and hear."""

    shop: Shop
    bank: Bank
    guide: Guide
    desk: Desk
    archive: Archive
    errand: SagaDefinition["Program", int]
    """The saga that runs it."""
    signals: Signals
    scopes: Iterator[int]
    """Their numbers: the next is drawn right before it is opened."""
    mended: bool
    """Its code was deployed anew, with patches."""


async def run_program(program: Program, town: Town) -> int:
    """Returns the sum of what the steps answered and the signals said."""
    total = 0
    for what, *rest in program:
        match what:
            case "child" | "detach":
                total += await _call_saga(what, rest, town)
            case "owe":
                _register(rest, town)
            case "again":
                raise ContinueAsNew(rest[0])
            case "patch":
                name, new, old = rest
                total += await run_program(new if town.mended and patched(name) else old, town)
            case "extend":
                total += await _extend(rest[0], town)
            case "show":
                status(rest[0])
                attributes(**rest[1])
            case "hear":
                total += await town.signals[rest[0]]
            case "sleep":
                await asyncio.sleep(rest[0])
            case "loop":
                for _ in range(rest[0]):
                    total += await run_program(rest[1], town)
            case "refuse":
                raise Refused("no_more", "The saga itself says no.")
            case "gather":
                total += sum(await asyncio.gather(*(run_program(each, town) for each in rest[0])))
            case "scope" | "retreat" | "trial":
                total += await _run_in_scope(what, rest, town)
            case _ if what in _CALLED:
                total += await _call(what, rest, town)
            case _:
                total += await _run_around(what, rest, town)
    return total


_CALLED = {
    **dict.fromkeys(("look", "lose"), "guide"),
    **dict.fromkeys(("take", "lend"), "shop"),
    **dict.fromkeys(("hold", "pay", "launch", "post"), "bank"),
    "walk": "archive",
    **dict.fromkeys(("note", "call", "ask", "file"), "desk"),
}
"""Commands, and whose they are."""


async def _call(what: str, rest: list[Any], town: Town) -> int:
    """With policies of its own, where a second argument says so."""
    command, wish = getattr(getattr(town, _CALLED[what]), what), msgspec.convert(rest[0], Wish)
    return await (using(command, msgspec.convert(rest[1], Using)) if len(rest) > 1 else command)(wish)


async def _extend(by: str, town: Town) -> int:
    """What the code is told has to be the same on every replay: it goes one way or another by it."""
    later = extend_deadline(by)
    return await town.guide.look(Wish()) if later.second % 2 else 0


def _register(rest: list[Any], town: Town) -> None:
    """An undo of its own: another saga, or a command, which may have policies of its own."""
    what, asked, *own = rest
    if what == "saga":
        on_undo(town.errand, asked)
        return
    command = getattr(getattr(town, _CALLED[what]), what)
    on_undo(using(command, msgspec.convert(own[0], Using)) if own else command, msgspec.convert(asked, Wish))


async def _call_saga(what: str, rest: list[Any], town: Town) -> int:
    """A child, whose result counts; or one that goes its own way. Some choose a key, and some the same one."""
    if what == "detach":
        program, *key = rest
        await detach(town.errand, program, key=key[0] if key else None)
        return 1
    kind, program, *key = rest
    return await child(town.errand, program, key=key[0] if key else None, kind=Kind(kind))


async def _run_in_scope(what: str, rest: list[Any], town: Town) -> int:
    """The first step behind a scope that was undone says so."""
    number = next(town.scopes)
    behind = Wish(behind=f"behind {number}")
    match what:
        case "scope":
            async with scope(parallel_undo=rest[0]):
                return await run_program(rest[1], town)
        case "retreat":
            try:
                async with scope(parallel_undo=rest[0]):
                    return await run_program(rest[1], town)
            except (StepError, ExceptionGroup, TimeoutError) as error:
                if problem_of(error) is None:
                    raise  # a bug among them undoes nothing
                return await town.guide.look(behind) + await run_program(rest[2], town)
        case _:
            async with scope(parallel_undo=rest[0]) as trial:
                total = await run_program(rest[1], town)
                await trial.undo()
                total += await town.guide.look(behind)
                return total + await run_program(rest[2], town)


async def _run_around(what: str, rest: list[Any], town: Town) -> int:
    """What has other statements inside."""
    match what:
        case "settle":
            found = await asyncio.gather(*(run_program(each, town) for each in rest[0]), return_exceptions=True)
            return sum(each for each in found if isinstance(each, int))
        case "group":
            async with asyncio.TaskGroup() as group:
                started = [group.create_task(run_program(each, town)) for each in rest[0]]
            return sum(each.result() for each in started)
        case "first":
            started = [asyncio.create_task(run_program(each, town)) for each in rest[0]]
            _, left = await asyncio.wait(started, return_when=asyncio.FIRST_COMPLETED)
            for each in left:
                each.cancel()
            return 0
        case "leave":
            asyncio.get_running_loop().create_task(run_program(rest[0], town))
            return 0
        case "timeout":
            try:
                async with asyncio.timeout(rest[0]):
                    return await run_program(rest[1], town)
            except TimeoutError:
                return 0
        case "shield":
            return await asyncio.shield(run_program(rest[0], town))
        case "try":
            try:
                return await run_program(rest[0], town)
            except (StepError, ExceptionGroup):
                return await run_program(rest[1], town)
        case "finally":
            try:
                return await run_program(rest[0], town)
            finally:
                await run_program(rest[1], town)
        case _:
            raise AssertionError(what)
