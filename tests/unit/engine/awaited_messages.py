"""Rows of the replay matrix: what comes from outside, signals and updates."""

import asyncio

from contracts import Refused
from coordinator.saga import Signal, Update
from tests.sagas import Shop
from tests.unit.engine.rows import Rows, passes, signals, succeeds, updates

MESSAGES = Rows()
saga_row = MESSAGES.row


@saga_row(answers=[signals("hello")], result="hello")
async def a_signal(_: Shop, note: Signal[str]) -> str:
    return await note


@saga_row("shop.take", answers=[signals("early"), succeeds(1, "A"), signals("late")], result=["A", "early", "late"])
async def signals_kept_and_awaited(shop: Shop, note: Signal[str]) -> list[str]:
    return [await shop.take("a"), await note, await note]


@saga_row(answers=[signals(each) for each in ("a", "b", "stop", "left")], result="ab")
async def signals_as_a_stream(_: Shop, note: Signal[str]) -> str:
    heard = ""
    async for each in note:
        if each == "stop":
            break
        heard += each
    return heard


@saga_row(answers=[passes(4_000), signals("late")], result="nothing, late")
async def a_signal_not_in_time(_: Shop, note: Signal[str]) -> str:
    try:
        async with asyncio.timeout(4):
            return await note
    except TimeoutError:
        return f"nothing, {await note}"


@saga_row("shop.take", answers=[signals("b"), succeeds(1, "A"), signals("c")], result=["b", "c", "A"])
async def signals_of_two_who_wait(shop: Shop, note: Signal[str]) -> list[str]:
    async with asyncio.TaskGroup() as group:
        waits = [group.create_task(note.next()) for _ in range(2)]
        step = group.create_task(shop.take("a"))
    return [each.result() for each in (*waits, step)]


@saga_row("shop.take", answers=[signals("b"), succeeds(1, "A")], result=["b", "A"])
async def a_signal_as_completed(shop: Shop, note: Signal[str]) -> list[str]:
    return [await each for each in asyncio.as_completed([shop.take("a"), note.next()])]


@saga_row("shop.take", answers=[updates("b"), succeeds(2, "B"), succeeds(1, "A")], result=["A", "B"])
async def an_update_with_a_step(shop: Shop, ask: Update[str, str]) -> list[str]:
    taken: list[str] = []

    @ask.handle
    async def _(item: str) -> str:
        taken.append(await shop.take(item))
        return taken[-1]

    return [await shop.take("a"), *taken]


@saga_row("shop.take", answers=[updates("b"), updates("c"), succeeds(1, "A")], result="Abc")
async def updates_answered_at_once(shop: Shop, ask: Update[str, str]) -> str:
    asked = ""

    @ask.check
    def _(word: str) -> None:
        if word in asked:
            raise Refused("again")

    @ask.handle
    async def _(word: str) -> str:
        nonlocal asked
        asked += word
        return asked

    return await shop.take("a") + asked


@saga_row("shop.take", answers=[updates("b"), updates("c"), succeeds(2, "C"), succeeds(1, "A")], result=["b"])
async def updates_refused_by_their_handler(shop: Shop, ask: Update[str, str]) -> list[str]:
    refused: list[str] = []

    @ask.handle
    async def _(item: str) -> str:
        if item == "b":
            refused.append(item)
            raise Refused("sold_out")
        return await shop.take(item)

    await shop.take("a")
    return refused


@saga_row(
    "shop.take",
    answers=[updates("b"), lambda saga: saga.refuses(2, "sold_out"), succeeds(1, "A")],
    result="A, no: sold_out",
)
async def an_update_whose_step_is_refused(shop: Shop, ask: Update[str, str]) -> str:
    said = ""

    @ask.handle
    async def _(item: str) -> str:
        nonlocal said
        try:
            return await shop.take(item)
        except Refused as no:
            said = f", no: {no.problem.type}"
            raise

    return await shop.take("a") + said


@saga_row("shop.take", answers=[updates("b"), passes(3_000), succeeds(1, "A")], result="A after b")
async def an_update_that_sleeps(shop: Shop, ask: Update[str, str]) -> str:
    rested = ""

    @ask.handle
    async def _(word: str) -> str:
        nonlocal rested
        rested = await asyncio.sleep(3, f" after {word}")
        return rested

    return await shop.take("a") + rested


@saga_row("shop.take", answers=[updates("b"), signals("now"), succeeds(1, "A")], result="A, b now")
async def an_update_that_waits_for_a_signal(shop: Shop, note: Signal[str], ask: Update[str, str]) -> str:
    heard = ""

    @ask.handle
    async def _(word: str) -> str:
        nonlocal heard
        heard = f", {word} {await note}"
        return heard

    return await shop.take("a") + heard


@saga_row(
    "shop.take",
    answers=[updates("b"), updates("c"), succeeds(3, "C"), succeeds(1, "A"), succeeds(2, "B"), succeeds(4, "D")],
    result=["C", "B"],
)
async def two_updates_at_once(shop: Shop, ask: Update[str, str]) -> list[str]:
    taken: list[str] = []

    @ask.handle
    async def _(item: str) -> str:
        taken.append(await shop.take(item))
        return taken[-1]

    await shop.take("a")
    await shop.take("d")
    return taken


@saga_row(
    "shop.take",
    answers=[updates("b"), updates("c"), succeeds(2, "B"), succeeds(1, "A"), succeeds(3, "C")],
    result="ABC",
)
async def updates_that_wait_for_each_other(shop: Shop, ask: Update[str, str]) -> str:
    lock, taken = asyncio.Lock(), ""

    @ask.handle
    async def _(item: str) -> str:
        nonlocal taken
        async with lock:
            taken += await shop.take(item)
        return taken

    first = await shop.take("a")
    async with lock:
        return first + taken


@saga_row(
    "shop.take",
    answers=[updates("b"), updates("c"), succeeds(1, "A")],
    result="A",
    after=[passes(60_000), signals("now"), succeeds(3, "B")],
)
async def updates_open_at_the_end(shop: Shop, note: Signal[str], ask: Update[str, str]) -> str:
    @ask.handle
    async def _(word: str) -> str:
        if word == "c":
            return await note
        await asyncio.sleep(60)
        return await shop.take(word)

    return await shop.take("a")


@saga_row("shop.take", answers=[updates("b"), succeeds(1, "A")], result="A")
async def an_update_that_waits_for_the_end(shop: Shop, ask: Update[str, str]) -> str:
    main = asyncio.current_task()
    assert main is not None

    @ask.handle
    async def _(word: str) -> str:
        await asyncio.wait([main])
        return await asyncio.sleep(0, word)

    return await shop.take("a")


@saga_row(answers=[updates("a"), passes(1_000), updates("go"), updates("late")], result="a")
async def an_update_that_ends_a_wait(shop: Shop, ask: Update[str, str]) -> str:
    asked: asyncio.Queue[str] = asyncio.Queue()
    first = ""

    @ask.handle
    async def _(word: str) -> str:
        await asked.put(word)
        return word

    try:
        async with asyncio.timeout(2):
            first = await asked.get()
            while await asked.get() != "go":
                pass
    except TimeoutError:
        pass
    return first
