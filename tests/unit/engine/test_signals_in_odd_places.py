"""Signals where asyncio lets one wait for anything: each is taken once, in order, by somebody who still wants it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import msgspec
import pytest

from contracts import Problem, Refused
from contracts.answers import Refusal
from coordinator.engine.facts import Accepted, Known, Signal, Start, Unfit, WakeUp
from coordinator.history.signals import SignalAbandoned, SignalAwaited, SignalTaken
from coordinator.saga import SagaDefinition, saga
from coordinator.saga import Signal as Signals
from tests.sagas import SagaDriver, Shop

Body = Callable[[Shop, Signals[int], Signals[int]], Awaitable[Any]]


def code(body: Body) -> SagaDefinition:
    @saga(version=1, name="errand")
    async def errand(shop: Shop, note: Signals[int], other: Signals[int]) -> Any:
        return await body(shop, note, other)

    return errand


def raw(text: str) -> msgspec.Raw:
    return msgspec.Raw(text.encode())


def notes(*values: int) -> list[Signal]:
    return [Signal("note", f"note-{value}", raw(f"{value}")) for value in values]


def test_several_at_once() -> None:
    """They wait in the order in which they were given; a signal may be given as it is."""

    async def gathers(shop: Shop, note: Signals[int], other: Signals[int]) -> Any:
        return await asyncio.gather(note, other, note.next())

    driver = SagaDriver(code(gathers)).start().signals("note", 1).restarts().signals("other", 2).signals("note", 3)
    assert driver.is_("completed").result == [1, 2, 3]


def test_whichever_comes_first() -> None:
    """The other is no longer waited for, and what comes of it later is kept for the next who asks."""

    async def races(shop: Shop, note: Signals[int], other: Signals[int]) -> Any:
        both = [asyncio.create_task(each.next()) for each in (note, other)]
        done, left = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        for each in left:
            each.cancel()
        await shop.take("a")
        return [*(each.result() for each in done), await note]

    driver = SagaDriver(code(races)).start().signals("other", 7).restarts().signals("note", 1)
    assert len(driver.of(SignalAbandoned)) == 1
    assert driver.succeeds("shop.take", "A").is_("completed").result == [7, 1]


def test_two_that_come_in_one_activation_for_one_wait() -> None:
    """The first one ends the wait before the second one is there, which is kept."""

    async def races(shop: Shop, note: Signals[int], other: Signals[int]) -> Any:
        waiting = asyncio.create_task(note.next())
        await other
        waiting.cancel()
        return await note

    cancels = Signal("other", "other-1", raw("0"))
    assert SagaDriver(code(races)).start().advance(cancels, *notes(1)).is_("completed").result == 1
    assert SagaDriver(code(races)).start().advance(*notes(1), cancels, *notes(2)).is_("completed").result == 2


def test_a_signal_and_the_end_of_its_time_in_one_activation() -> None:
    """Whichever is told first is so; a signal that comes too late is kept for the next wait."""

    async def in_time(shop: Shop, note: Signals[int], other: Signals[int]) -> Any:
        try:
            async with asyncio.timeout(5):
                return ["in time", await note]
        except TimeoutError:
            return ["late", await note]

    late, early = SagaDriver(code(in_time)).start(), SagaDriver(code(in_time)).start()
    late.now += 5_000
    early.now += 5_000
    assert late.advance(WakeUp(), *notes(1)).is_("completed").result == ["late", 1]
    assert early.advance(*notes(1), WakeUp()).is_("completed").result == ["in time", 1]


def test_wait_for() -> None:
    """Out of time, it takes nothing; in time, it takes one."""

    async def twice(shop: Shop, note: Signals[int], other: Signals[int]) -> Any:
        try:
            return await asyncio.wait_for(note, 5)
        except TimeoutError:
            return [await asyncio.wait_for(note, 5)]

    assert SagaDriver(code(twice)).start().signals("note", 1).is_("completed").result == 1
    assert SagaDriver(code(twice)).start().passes(6_000).restarts().signals("note", 1).is_("completed").result == [1]


def test_a_shielded_wait_outlives_its_timeout() -> None:
    """As everywhere in asyncio: whoever is shielded still takes the next one."""

    async def shields(shop: Shop, note: Signals[int], other: Signals[int]) -> Any:
        kept = asyncio.create_task(note.next())
        try:
            await asyncio.wait_for(asyncio.shield(kept), 5)
        except TimeoutError:
            return [await note, await kept]

    driver = SagaDriver(code(shields)).start().passes(6_000).signals("note", 1).restarts().signals("note", 2)
    assert driver.is_("completed").result == [2, 1]


def test_a_group_that_is_aborted_takes_nothing_any_more() -> None:
    """What its waiters did not get is there for the next; what one of them got stays with it."""

    async def group(shop: Shop, note: Signals[int], other: Signals[int]) -> Any:
        readers: list[asyncio.Task[int]] = []
        try:
            async with asyncio.TaskGroup() as all_of:
                readers += [all_of.create_task(note.next()) for _ in range(2)]
                all_of.create_task(shop.take("a"))
        except* Refused:
            pass
        return [readers[0].result(), readers[1].cancelled(), await note]

    driver = SagaDriver(code(group)).start().signals("note", 1)
    no = driver.reply("shop.take", Refusal(Problem("no")))
    driver.advance(no, *notes(2)).is_("completed")
    assert driver.result == [1, True, 2]


def test_one_that_is_cancelled_and_asks_again() -> None:
    """It goes to the end of the line."""

    async def stubborn(shop: Shop, note: Signals[int], other: Signals[int]) -> Any:
        async def again() -> int:
            try:
                return await note
            except asyncio.CancelledError:
                return 100 + await note

        first, second = asyncio.create_task(again()), asyncio.create_task(note.next())
        await other
        first.cancel()
        return await asyncio.gather(first, second)

    driver = SagaDriver(code(stubborn)).start().signals("other", 0).restarts().signals("note", 1).signals("note", 2)
    assert driver.is_("completed").result == [102, 1]


def test_several_readers_of_one_signal() -> None:
    """They take turns, first come, first served, and the one that is cancelled loses nothing of the others."""

    async def pumps(shop: Shop, note: Signals[int], other: Signals[int]) -> Any:
        got: list[tuple[str, int]] = []

        async def pump(name: str) -> None:
            async for each in note:
                got.append((name, each))

        readers = [asyncio.create_task(pump(name)) for name in "ab"]
        await other
        readers[0].cancel()
        await other
        return got

    driver = SagaDriver(code(pumps)).start().advance(*notes(1, 2, 3)).signals("other", 0).restarts()
    driver.advance(*notes(4, 5)).signals("other", 0).is_("completed")
    assert driver.result == [["a", 1], ["b", 2], ["a", 3], ["b", 4], ["b", 5]]


def test_an_async_generator_that_is_left() -> None:
    """The loop takes no more than it was given."""

    async def leaves(shop: Shop, note: Signals[int], other: Signals[int]) -> Any:
        async def doubled() -> AsyncIterator[int]:
            async for each in note:
                yield 2 * each

        async for each in doubled():
            if each == 4:
                break
        return await note

    driver = SagaDriver(code(leaves)).start().advance(*notes(1, 2)).restarts().signals("note", 3)
    assert driver.is_("completed").result == 3


def test_a_wait_in_a_finally_block_on_the_way_to_a_refusal() -> None:
    """The saga goes back once the signal came; a cancel does not wait for it."""

    async def tidies(shop: Shop, note: Signals[int], other: Signals[int]) -> None:
        await shop.take("a")
        try:
            await shop.lend("b")
        finally:
            await note

    waits = SagaDriver(code(tidies)).start().succeeds("shop.take", "A").refuses("shop.lend").is_("running")
    waits.restarts().signals("note", 1).is_("compensating").expects("undo shop.take")
    cancelled = SagaDriver(code(tidies)).start().succeeds("shop.take", "A").refuses("shop.lend").cancel()
    cancelled.is_("compensating").expects("undo shop.take")


def test_who_is_cancelled_by_the_one_that_took() -> None:
    """It had not been handed the next one, which is not lost."""

    async def chain(shop: Shop, note: Signals[int], other: Signals[int]) -> Any:
        first, second = (asyncio.create_task(note.next()) for _ in range(2))
        first.add_done_callback(lambda _: second.cancel())
        await asyncio.wait([first, second])
        return [first.result(), await note]

    driver = SagaDriver(code(chain)).start().advance(*notes(1, 2)).is_("completed")
    assert driver.result == [1, 2]


def test_one_that_is_cancelled_before_it_waits() -> None:
    """It asks, is told so at once, and asks again."""

    async def hasty(shop: Shop, note: Signals[int], other: Signals[int]) -> Any:
        this = asyncio.current_task()
        assert this is not None
        this.cancel()
        try:
            return ["not cancelled", await note]
        except asyncio.CancelledError:
            return await note

    driver = SagaDriver(code(hasty)).start().restarts().signals("note", 1).is_("completed")
    assert (driver.result, len(driver.of(SignalAwaited)), len(driver.of(SignalTaken))) == (1, 2, 1)


def test_five_hundred_in_one_activation() -> None:
    """In their order, by one reader."""

    async def sums(shop: Shop, note: Signals[int], other: Signals[int]) -> Any:
        got: list[int] = []
        async for each in note:
            got.append(each)
            if each == 499:
                break
        return got

    driver = SagaDriver(code(sums)).start().advance(*notes(*range(500))).is_("completed")
    assert driver.result == list(range(500))


@pytest.mark.parametrize(
    ("type_", "good", "bad"),
    [
        (None, "null", "1"),
        (int | None, "null", '"x"'),
        (list[int], "[1,2]", "[1,null]"),
        (dict[str, int], '{"a":1}', '{"a":"b"}'),
        (tuple[int, str], '[1,"a"]', "[1]"),
    ],
)
def test_types_of_a_signal(type_: Any, good: str, bad: str) -> None:
    """Whatever JSON can say; what does not fit is refused, and not kept."""

    @saga(version=1)
    async def waits(note: Signals[type_]) -> Any:  # pyright: ignore[reportInvalidTypeForm, reportUnknownParameterType]
        return await note

    driver = SagaDriver(waits).start()
    assert driver.unchanged_by(lambda: driver.advance(Signal("note", "bad", raw(bad))))
    assert isinstance(driver.verdict, Unfit)
    driver.advance(Signal("note", "good", raw(good))).is_("completed")
    assert driver.result == msgspec.json.decode(good)


def test_a_start_with_a_signal_to_a_saga_that_is_paused() -> None:
    """It is kept as any other that comes in a pause, and known when it comes again."""

    async def waits(shop: Shop, note: Signals[int], other: Signals[int]) -> Any:
        return await note

    driver = SagaDriver(code(waits)).start().pauses()
    start = Start("errand", 1, raw("null"), sent=notes(1)[0])
    driver.advance(start).is_("paused")
    assert driver.verdict == Accepted(existing=True)
    assert driver.unchanged_by(lambda: driver.advance(start))
    assert driver.verdict == Known()
    assert driver.restarts().resume().is_("completed").result == 1
