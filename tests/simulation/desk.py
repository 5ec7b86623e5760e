"""What the coordinators do themselves: local steps of every kind, whose bodies call somebody outside."""

import asyncio

from contracts import RETRIABLE, Contract, Failed, Refused, Retry, command
from coordinator.saga import current_step
from tests.simulation.contracts import Wish
from tests.simulation.outside import OUTSIDE, Body


async def _do(wish: Wish) -> int:
    step, outside = current_step(), OUTSIDE.get()
    with outside.body(step) as body:
        if wish.refuse or outside.refuses(body, in_a_mood=wish.moody and _in_a_mood()):
            raise Refused("no", "Not today.")
        if wish.hopeless:
            raise Failed("hopeless", "It never will.", retryable=False)
        if step.attempt <= wish.fail:
            raise Failed("not_yet", "Again, please.")
        await _work(wish, body)
        number = await outside.ask(body)
        if step.attempt <= wish.spoil:
            raise RuntimeError("It broke after it was done.")
        outside.answers(body, number)
        return number


def _in_a_mood() -> bool:
    return bool(int(asyncio.get_running_loop().time() * 1_000) % 2)


async def slowly(seconds: float) -> None:
    """Takes its time."""
    await asyncio.sleep(seconds)


async def _work(wish: Wish, body: Body) -> None:
    """Takes as long as is wished for, says so if that is, and does not stop the moment that it is told to."""
    try:
        for _ in range(4):
            await slowly(wish.slow / 4)
            if wish.tell:
                await body.step.progress("still at it")
    except asyncio.CancelledError:
        body.stopping = True
        await slowly(wish.slow / 8)
        raise


async def _undo(wish: Wish, number: int | None) -> None:
    step, outside = current_step(), OUTSIDE.get()
    with outside.body(step) as body:
        if step.attempt <= wish.undo_fail:
            raise Failed("not_yet", "Again, please.")
        await slowly(wish.slow / 4)
        await outside.ask(body, number)
        outside.answers(body, None)


class Desk(Contract, name="desk", local=True):
    """Telephone calls."""

    @command(timeout="3s", retry=Retry(attempts=4, backoff="200ms..2s"))
    async def note(self, wish: Wish) -> int:
        """Can be undone; may be refused."""
        return await _do(wish)

    @note.undo(timeout="3s", retry=Retry.forever(backoff="300ms..3s"))
    async def erase(self, wish: Wish, noted: int | None) -> None:
        """Undoes note, however long that needs."""
        await _undo(wish, noted)

    @command(timeout="4s", retry=Retry.never())
    async def call(self, wish: Wish) -> int:
        """Like note, but tried once, and its undo is given up after three attempts."""
        return await _do(wish)

    @call.undo(timeout="3s", retry=Retry(attempts=3, backoff="300ms..1s"))
    async def call_off(self, wish: Wish, called: int | None) -> None:
        """Undoes call."""
        await _undo(wish, called)

    @command(timeout="3s", nothing_to_undo=True, retry=Retry(attempts=4, backoff="200ms..2s"))
    async def ask(self, wish: Wish) -> int:
        """Changes nothing, and answers otherwise every time."""
        return await _do(wish)

    @command(kind=RETRIABLE, timeout="3s", retry=Retry.forever(backoff="300ms..3s"))
    async def file(self, wish: Wish) -> int:
        """Cannot be refused."""
        return await _do(wish)
