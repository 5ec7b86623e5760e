"""Programs as data: a saga that interprets its input, and what hypothesis makes up for it."""

import asyncio
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from contracts import Refused, StepError
from coordinator.engine.failure import problem_of
from coordinator.saga import Query, Signal, Update, saga
from tests.sagas import Shop

Program = list[Any]
"""Statements, each a list: what to do, and with what."""
Signals = Mapping[str, Signal[int]]
Favour = Update[Program, str]
Counts = Query[None, list[int]]
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
TOO_MUCH: Program = [["no"]]
"""What they will not even begin with."""


async def run_saga(program: Program, shop: Shop, signals: Signals, buggy: bool) -> None:
    """Does what they say."""
    for what, *rest in program:
        match what:
            case "take" | "lend" | "look" | "ship":
                await getattr(shop, what)("x")
            case "pay":
                await shop.pay(1)
            case "launch":
                await shop.launch()
            case "hear":
                await signals[rest[0]]
            case "refuse":
                raise Refused("no")
            case "err":
                if buggy:
                    raise RuntimeError("A bug.")
            case "sleep":
                await asyncio.sleep(rest[0])
            case "gather":
                await asyncio.gather(*(run_saga(each, shop, signals, buggy) for each in rest[0]))
            case "settle":
                await asyncio.gather(
                    *(run_saga(each, shop, signals, buggy) for each in rest[0]), return_exceptions=True
                )
            case "group":
                async with asyncio.TaskGroup() as group:
                    for each in rest[0]:
                        group.create_task(run_saga(each, shop, signals, buggy))
            case "first":
                started = [asyncio.create_task(run_saga(each, shop, signals, buggy)) for each in rest[0]]
                _, left = await asyncio.wait(started, return_when=asyncio.FIRST_COMPLETED)
                for each in left:
                    each.cancel()
            case "leave":
                asyncio.get_running_loop().create_task(run_saga(rest[0], shop, signals, buggy))
            case "timeout":
                try:
                    async with asyncio.timeout(rest[0]):
                        await run_saga(rest[1], shop, signals, buggy)
                except TimeoutError:
                    pass
            case "shield":
                await asyncio.shield(run_saga(rest[0], shop, signals, buggy))
            case "try":
                try:
                    await run_saga(rest[0], shop, signals, buggy)
                except (StepError, ExceptionGroup):
                    await run_saga(rest[1], shop, signals, buggy)
            case "finally":
                try:
                    await run_saga(rest[0], shop, signals, buggy)
                finally:
                    await run_saga(rest[1], shop, signals, buggy)
            case _:
                raise AssertionError(what)


async def run_asked(program: Program, shop: Shop, signals: Signals, favour: Favour, counts: Counts, buggy: bool) -> str:
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
            await run_saga(asked, shop, signals, buggy)
        except Exception as error:
            refused += problem_of(error) is not None
            raise
        done += 1
        return "done"

    @counts.answer
    def _() -> list[int]:
        return [came, done, refused]

    await run_saga(program, shop, signals, buggy)
    return "done"


@saga(version=1, deadline="1000s")
async def anything(
    program: Program, shop: Shop, note: Signal[int], word: Signal[int], favour: Favour, counts: Counts
) -> str:
    """Runs its input."""
    return await run_asked(program, shop, {"note": note, "word": word}, favour, counts, buggy=True)


@saga(version=1, name="anything", deadline="1000s")
async def mended(
    program: Program, shop: Shop, note: Signal[int], word: Signal[int], favour: Favour, counts: Counts
) -> str:
    """The same without the bugs."""
    return await run_asked(program, shop, {"note": note, "word": word}, favour, counts, buggy=False)


def programs(bugs: bool = False) -> st.SearchStrategy[Program]:
    """Any; with bugs in the code, if that is asked for."""
    seconds = st.sampled_from([0, 0.5, 3, 7, 30])
    step = st.sampled_from(["take", "take", "lend", "look"]).map(lambda name: [name])
    hears = st.sampled_from(NAMES).map(lambda name: ["hear", name])
    rare = st.sampled_from([["pay"], ["launch"], ["ship"], *([["err"]] if bugs else [])])
    leaf = step | rare | hears | seconds.map(lambda time: ["sleep", time])

    def inner(statement: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        body = st.lists(statement, max_size=3)
        bodies = st.lists(body, min_size=1, max_size=3)
        return st.one_of(
            st.tuples(st.sampled_from(["gather", "settle", "group", "first"]), bodies).map(list),
            st.tuples(st.sampled_from(["leave", "shield"]), body).map(list),
            st.tuples(st.just("timeout"), seconds, body).map(list),
            st.tuples(st.sampled_from(["try", "finally"]), body, body).map(list),
        )

    return st.lists(st.recursive(leaf, inner, max_leaves=8), min_size=1, max_size=4)
