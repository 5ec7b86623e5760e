"""Programs are data: a saga that interprets its input, in three releases, and a generator of inputs."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import count
from random import Random
from typing import Any, NamedTuple

import msgspec

from contracts import Refused, StepError
from coordinator.engine.failure import problem_of
from coordinator.saga import Definitions, Signal, saga, scope
from tests.simulation.contracts import Bank, Guide, Shop, Wish
from tests.simulation.desk import Desk
from tests.simulation.favours import Counts, Favours, take_favours

Program = list[Any]
"""Statements, each a list: what to do, and with what."""
Signals = Mapping[str, Signal[int]]
SIGNALS = ("note", "word")
"""What the sagas can be told."""


class Town(NamedTuple):
    """All that a program can call and hear."""

    shop: Shop
    bank: Bank
    guide: Guide
    desk: Desk
    signals: Signals
    scopes: Iterator[int]
    """Their numbers: the next is drawn right before it is opened."""


async def run_program(program: Program, town: Town) -> int:
    """Returns the sum of what the steps answered and the signals said."""
    total = 0
    for what, *rest in program:
        match what:
            case "look" | "lose":
                total += await getattr(town.guide, what)(msgspec.convert(rest[0], Wish))
            case "take" | "lend":
                total += await getattr(town.shop, what)(msgspec.convert(rest[0], Wish))
            case "hold" | "pay" | "launch" | "post":
                total += await getattr(town.bank, what)(msgspec.convert(rest[0], Wish))
            case "note" | "call" | "ask" | "file":
                total += await getattr(town.desk, what)(msgspec.convert(rest[0], Wish))
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
            case _:
                total += await _run_around(what, rest, town)
    return total


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


@saga(version=1, name="errand", deadline="60s")
async def errand_1(
    program: Program,
    shop: Shop,
    bank: Bank,
    guide: Guide,
    desk: Desk,
    note: Signal[int],
    word: Signal[int],
    favour: Favours,
    counts: Counts,
) -> int:
    """Runs its input, and what it is asked to run besides."""
    town = Town(shop, bank, guide, desk, {"note": note, "word": word}, count(1))
    take_favours(favour, counts, lambda asked: run_program(asked, town))
    return await run_program(program, town)


@saga(version=2, name="errand", deadline="60s")
async def errand_2(
    program: Program,
    shop: Shop,
    bank: Bank,
    guide: Guide,
    desk: Desk,
    note: Signal[int],
    word: Signal[int],
    favour: Favours,
    counts: Counts,
) -> int:
    """A later release: it looks first."""
    town = Town(shop, bank, guide, desk, {"note": note, "word": word}, count(1))
    take_favours(favour, counts, lambda asked: run_program(asked, town))
    await guide.look(Wish())
    return await run_program(program, town)


RELEASES = {1: Definitions([errand_1]), 2: Definitions([errand_1, errand_2])}


def bodies(statement: list[Any]) -> list[Program]:
    """The programs inside a statement."""
    found: list[Program] = []
    for inner in statement[1:]:
        if isinstance(inner, list) and inner and isinstance(inner[0], list):
            found += inner if isinstance(inner[0][0], list) else [inner]
    return found


def heard(program: Program) -> Counter[str]:
    """How many signals of each name it takes at most."""
    counts: Counter[str] = Counter()
    for statement in program:
        if statement[0] == "hear":
            counts[statement[1]] += 1
        times = statement[1] if statement[0] == "loop" else 1
        for body in bodies(statement):
            for name, often in heard(body).items():
                counts[name] += times * often
    return counts


def may_wait_in_vain(program: Program) -> bool:
    """Whether it never passes its point of no return, so that its deadline ends a wait for what never comes."""
    return not any(statement[0] in ("pay", "launch") for statement in program)


class Programs:
    """Draws programs."""

    def __init__(self, random: Random) -> None:
        self._random = random

    def draw(self) -> Program:
        """One program: from a single step to nested branches."""
        budget = self._random.choice((1, 2, 3, 3, 4, 5, 6, 8))
        program = self._body(budget, 0)
        if self._random.random() < 0.3:
            program += self._ending()
        return program

    def draw_favour(self) -> Program:
        """What a saga is asked for besides: it waits for no signal, which may be meant for the saga's own program."""
        steps = [self._asked() for _ in range(self._random.choice((0, 1, 1, 2)))]
        return [["gather", [[each] for each in steps]]] if len(steps) == 2 and self._random.random() < 0.4 else steps

    def _asked(self) -> list[Any]:
        draw = self._random.random()
        if draw < 0.15:
            return ["refuse"]
        if draw < 0.35:
            return ["sleep", self._random.choice((0, 0.05, 0.5, 2, 7))]
        return [self._random.choice(("take", "lend", "look", "hold", "note")), self._wish()]

    def _body(self, budget: int, depth: int) -> Program:
        body: Program = []
        while budget > 0:
            if depth < 2 and budget > 1 and self._random.random() < 0.35:
                used = self._random.randint(2, budget)
                body.append(self._around(used, depth))
                budget -= used
            else:
                body.append(self._leaf())
                budget -= 1
        return body

    def _leaf(self) -> list[Any]:
        draw = self._random.random()
        if draw < 0.12:
            return ["sleep", self._random.choice((0, 0.05, 0.5, 2, 7, 15))]
        if draw < 0.14:
            return ["refuse"]
        if draw < 0.15:
            return ["lose", {}]
        if draw < 0.25:
            return self._hear()
        if draw < 0.5:
            return [self._random.choice(("note", "note", "call", "ask")), self._talk(self._wish())]
        return [self._random.choice(("take", "take", "lend", "look", "hold", "hold")), self._wish()]

    def _hear(self) -> list[Any]:
        """A wait, often not for ever."""
        wait = ["hear", self._random.choice(SIGNALS)]
        return wait if self._random.random() < 0.7 else ["timeout", self._random.choice((0.05, 0.05, 1, 4)), [wait]]

    def _ending(self) -> Program:
        """A pivot, and what may follow it."""
        after: Program = [self._sure() for _ in range(self._random.randint(0, 2))]
        if self._random.random() < 0.15:
            after.append(["hear", self._random.choice(SIGNALS)])
        return [[self._random.choice(("pay", "pay", "launch")), self._wish()], *after]

    def _sure(self) -> list[Any]:
        """A step that cannot be refused; a local one has to end, or tell, within its time."""
        what, wish = self._random.choice(("post", "post", "file")), self._wish(sure=True)
        if what == "post":
            return [what, wish]
        wish = self._talk(wish)
        return [what, {**wish, "tell": True} if "slow" in wish else wish]

    def _talk(self, wish: dict[str, Any]) -> dict[str, Any]:
        """Local steps take longer than others."""
        random = self._random
        if random.random() < 0.3:
            wish |= {"slow": random.choice((0.02, 0.5, 2.0, 2.0, 5.0)), "tell": random.random() < 0.4}
        return wish

    def _wish(self, sure: bool = False) -> dict[str, Any]:
        random = self._random
        wish: dict[str, Any] = {"amount": random.randint(1, 99)}
        draw = random.random()
        if draw < 0.06 and not sure:
            wish["refuse"] = True
        elif draw < 0.09 and not sure:
            wish["moody"] = True
        elif draw < 0.14:
            wish["fail"] = random.choice((1, 1, 2, 5))
        elif draw < 0.18:
            wish["spoil"] = random.choice((1, 2))
        elif draw < 0.19 and not sure:
            wish["hopeless"] = True
        elif draw < 0.22:
            wish["slow"] = random.choice((0.02, 0.5, 2.0, 5.0))
        if random.random() < 0.05:
            wish["undo_fail"] = random.choice((1, 2, 4))
        return wish

    def _around(self, budget: int, depth: int) -> list[Any]:
        random = self._random
        what = random.choice(
            (
                *(
                    "gather",
                    "gather",
                    "group",
                    "settle",
                    "first",
                    "leave",
                    "timeout",
                    "shield",
                    "try",
                    "finally",
                    "loop",
                ),
                *("scope", "retreat", "retreat", "trial"),
            )
        )
        match what:
            case "gather" | "group" | "settle" | "first":
                branches = random.randint(1, min(3, budget))
                return [what, [self._body(max(1, budget // branches), depth + 1) for _ in range(branches)]]
            case "timeout":
                return [what, random.choice((0.05, 1, 4, 10)), self._body(budget, depth + 1)]
            case "loop":
                return [what, random.randint(2, 3), self._body(max(1, budget // 2), depth + 1)]
            case "scope":
                return [what, random.random() < 0.3, self._body(budget, depth + 1)]
            case "retreat" | "trial":
                undone, instead = self._body(budget - 1, depth + 1), self._body(1, depth + 1)
                if what == "retreat" and random.random() < 0.5:
                    undone.append(["refuse"])
                return [what, random.random() < 0.3, undone, instead]
            case "try" | "finally":
                return [what, self._body(budget - 1, depth + 1), self._body(1, depth + 1)]
            case _:
                return [what, self._body(budget, depth + 1)]
