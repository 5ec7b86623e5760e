"""Programs as data: a saga that interprets its input, and what hypothesis makes up for it."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from hypothesis import strategies as st

from contracts import AwaitSignal, Refused, Retry, StepError
from coordinator.engine.failure import problem_of
from coordinator.saga import (
    ContinueAsNew,
    Query,
    SagaDefinition,
    Signal,
    Update,
    attributes,
    on_undo,
    saga,
    scope,
    status,
)
from tests.sagas import Shop
from tests.unit.engine.desk import Desk

Program = list[Any]
"""Statements, each a list: what to do, and with what."""
Signals = Mapping[str, Signal[int]]
Favour = Update[Program, str]
Counts = Query[None, list[int]]
Shows = Query[None, list[Any]]
NAMES = ("note", "word")
"""Of the signals."""
FAVOURS: tuple[Program, ...] = (
    [["take"]],
    [["hear", "note"], ["look"]],
    [["sleep", 3], ["lend"]],
    [["refuse"]],
    [["timeout", 0.5, [["gather", [[["take"]], [["look"]]]]]], ["err"]],
    [],
)
"""What the sagas are asked to do besides."""
POLICIES: tuple[Any, ...] = (
    {"retry": Retry.never(), "timeout": "1s"},
    {"undo": Shop.throw_away},
    {"undo": None},
    {"undo_retry": Retry.never(), "undo_timeout": "1s"},
    {"retry": Retry(attempts=1, on_exhausted="park")},
    {"retry": Retry(attempts=2, backoff="1s", on_exhausted=AwaitSignal("again"))},
    {"retry": Retry(attempts=1, on_exhausted=AwaitSignal("note"))},
    {"undo_retry": Retry(attempts=1, on_exhausted=AwaitSignal("again"))},
    {"retry": Retry.never(), "pending_timeout": "2s"},
)
"""Of calls that have their own."""
OWN_UNDOS: tuple[Any, ...] = (
    ("ship", {}),
    ("look", {}),
    ("lend", {"retry": Retry.never()}),
    ("take", {"retry": Retry(attempts=1, on_exhausted=AwaitSignal("again")), "timeout": "2s"}),
)
"""What is registered as an undo behind a local step, and with which policies."""
TOO_MUCH: Program = [["no"]]
"""What they will not even begin with."""


@dataclass(frozen=True)
class Means:
    """What a saga's code works with."""

    shop: Shop
    desk: Desk
    signals: Signals
    buggy: bool
    scopes: Iterator[int] = field(default_factory=lambda: count(1))
    """Their numbers: the next is drawn right before it is opened."""
    said: dict[str, Any] = field(default_factory=dict[str, Any])
    """What the code has shown of itself, as it remembers it: its line under an empty name."""


async def run_saga(program: Program, means: Means) -> None:
    """Does what they say."""
    for what, *rest in program:
        match what:
            case "take" | "lend" | "borrow" | "look" | "ship":
                await getattr(means.shop, what)("x")
            case "pay":
                await means.shop.pay(1)
            case "launch":
                await means.shop.launch()
            case "hear":
                await means.signals[rest[0]]
            case "refuse":
                raise Refused("no")
            case "err":
                if means.buggy:
                    raise RuntimeError("A bug.")
            case "sleep":
                await asyncio.sleep(rest[0])
            case "say":
                status(rest[0])
                means.said[""] = rest[0]
            case "mark":
                attributes(**{rest[0]: rest[1]})
                means.said[rest[0]] = rest[1]
            case "gather":
                await asyncio.gather(*(run_saga(each, means) for each in rest[0]))
            case "settle":
                await asyncio.gather(*(run_saga(each, means) for each in rest[0]), return_exceptions=True)
            case "group":
                async with asyncio.TaskGroup() as group:
                    for each in rest[0]:
                        group.create_task(run_saga(each, means))
            case "first":
                started = [asyncio.create_task(run_saga(each, means)) for each in rest[0]]
                _, left = await asyncio.wait(started, return_when=asyncio.FIRST_COMPLETED)
                for each in left:
                    each.cancel()
            case "leave":
                asyncio.get_running_loop().create_task(run_saga(rest[0], means))
            case "timeout":
                try:
                    async with asyncio.timeout(rest[0]):
                        await run_saga(rest[1], means)
                except TimeoutError:
                    pass
            case "shield":
                await asyncio.shield(run_saga(rest[0], means))
            case "try":
                try:
                    await run_saga(rest[0], means)
                except (StepError, ExceptionGroup):
                    await run_saga(rest[1], means)
            case "finally":
                try:
                    await run_saga(rest[0], means)
                finally:
                    await run_saga(rest[1], means)
            case _:
                await run_scopes(what, rest, means)


async def run_scopes(what: str, rest: Program, means: Means) -> None:
    """Scopes, local steps, calls of their own, another round. The first step behind a scope that was undone says so."""
    match what:
        case "dial" | "look_up":
            await getattr(means.desk, what)("x")
        case "again":
            raise ContinueAsNew(rest[0])
        case "using":
            await means.shop.take.using(**POLICIES[rest[0]])("x")
        case "owe":
            on_undo(means.desk.dial, "x")
            for name, policies in OWN_UNDOS[rest[0] : rest[0] + 1]:
                on_undo(getattr(means.shop, name).using(**policies), "x")
        case "scope":
            next(means.scopes)
            async with scope(parallel_undo=rest[0]):
                await run_saga(rest[1], means)
        case "retreat":
            number = next(means.scopes)
            try:
                async with scope(parallel_undo=rest[0]):
                    await run_saga(rest[1], means)
            except (StepError, ExceptionGroup, TimeoutError) as error:
                if problem_of(error) is None:
                    raise  # a bug among them undoes nothing
                await means.shop.look(behind(number))
                await run_saga(rest[2], means)
        case "trial":
            number = next(means.scopes)
            async with scope(parallel_undo=rest[0]) as trial:
                await run_saga(rest[1], means)
                await trial.undo()
                await means.shop.look(behind(number))
                await run_saga(rest[2], means)
        case "passes":
            for each in rest[0]:
                try:
                    next(means.scopes)
                    async with scope():
                        await run_saga(each, means)
                    break
                except (StepError, ExceptionGroup):
                    continue
        case _:
            raise AssertionError(what)


def behind(scope: int) -> str:
    """What is asked for first when the scope is undone."""
    return f"behind {scope}"


async def run_asked(program: Program, means: Means, favour: Favour, counts: Counts, shows: Shows) -> str:
    """Does what they say, and what it is asked for meanwhile. Counts favours that came, were done, were refused."""
    came = done = refused = 0

    @favour.check
    def _(asked: Program) -> None:
        if asked == TOO_MUCH:
            raise Refused("too_much")

    @favour.handle
    async def _(asked: Program) -> str:
        nonlocal came, done, refused
        came += 1
        try:
            await run_saga(asked, means)
        except Exception as error:
            refused += problem_of(error) is not None
            raise
        done += 1
        return "done"

    @counts.answer
    def _() -> list[int]:
        return [came, done, refused]

    @shows.answer
    def _() -> list[Any]:
        marks = {name: value for name, value in means.said.items() if name and value is not None}
        return [means.said.get("", ""), dict(sorted(marks.items()))]

    await run_saga(program, means)
    return "done"


def running(*, buggy: bool) -> SagaDefinition:
    """The saga that runs its input; ``buggy``: where that says so, it has a bug."""

    @saga(version=1, deadline="1000s")
    async def anything(
        program: Program,
        shop: Shop,
        desk: Desk,
        note: Signal[int],
        word: Signal[int],
        favour: Favour,
        counts: Counts,
        shows: Shows,
    ) -> str:
        means = Means(shop, desk, {"note": note, "word": word}, buggy=buggy)
        return await run_asked(program, means, favour, counts, shows)

    return anything


anything, mended = running(buggy=True), running(buggy=False)


def programs(bugs: bool = False) -> st.SearchStrategy[Program]:
    """Any; with bugs in the code, if that is asked for."""
    seconds = st.sampled_from([0, 0.5, 3, 7, 30])
    step = st.sampled_from(["take", "take", "lend", "borrow", "look", "dial", "look_up"]).map(lambda name: [name])
    hears = st.sampled_from(NAMES).map(lambda name: ["hear", name])
    rare = st.sampled_from([["pay"], ["launch"], ["ship"], *([["err"]] if bugs else [])])
    says = st.sampled_from(["a", "b", ""]).map(lambda line: ["say", line])
    marks = st.tuples(st.sampled_from(["a", "b"]), st.sampled_from([1, True, "x", None])).map(lambda m: ["mark", *m])
    using = st.integers(0, len(POLICIES) - 1).map(lambda number: ["using", number])
    owes = st.integers(0, len(OWN_UNDOS)).map(lambda number: ["owe", number])
    leaf = step | using | owes | rare | hears | says | marks | seconds.map(lambda time: ["sleep", time])

    def inner(statement: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        body = st.lists(statement, max_size=3)
        bodies = st.lists(body, min_size=1, max_size=3)
        return st.one_of(
            st.tuples(st.sampled_from(["gather", "settle", "group", "first"]), bodies).map(list),
            st.tuples(st.sampled_from(["leave", "shield"]), body).map(list),
            st.tuples(st.just("timeout"), seconds, body).map(list),
            st.tuples(st.sampled_from(["try", "finally"]), body, body).map(list),
            st.tuples(st.just("scope"), st.booleans(), body).map(list),
            st.tuples(st.sampled_from(["retreat", "trial"]), st.booleans(), body, body).map(list),
            st.tuples(st.just("passes"), bodies).map(list),
        )

    return st.lists(st.recursive(leaf, inner, max_leaves=8), min_size=1, max_size=4)
