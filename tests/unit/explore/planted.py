"""Sagas with a mistake each, and what is found about them."""

import asyncio
import json
from collections.abc import Iterator
from datetime import datetime
from itertools import count

from contracts import PIVOT, RETRIABLE, Contract, Retry, StepError, command
from coordinator.explore.findings import Kinds
from coordinator.saga import Refused, SagaDefinition, Update, saga, scope
from tests.sagas import Shop

_numbers = count(1)


class Stubborn(Contract, name="stubborn"):
    """Commands whose undo cannot do without a result."""

    @command(timeout="1s", retry=Retry.never())
    async def grab(self, item: str) -> int:
        """Can be undone by its number only."""
        ...

    @grab.undo(retry=Retry.never())
    async def drop(self, item: str, number: int) -> None:
        """Wants the number."""

    @command(kind=RETRIABLE, timeout="1s")
    async def mail(self, item: str) -> str:
        """Cannot be refused; can be undone."""
        ...

    @mail.undo()
    async def recall(self, item: str, mailed: str | None) -> None:
        """Undoes mail."""

    @command(kind=PIVOT, timeout="1s", retry=Retry.forever())
    async def sign(self) -> None:
        """The point of no return."""


@saga(version=1)
async def without_undo(shop: Shop) -> None:
    """Calls a command that nothing undoes, and does not want to know."""
    await shop.take("a")
    try:
        await shop.lose("b")
    except StepError:
        await shop.look("b")


@saga(version=1)
async def pays_first(shop: Shop) -> None:
    """Takes what it has paid for already."""
    await shop.pay(1)
    await shop.take("a")


@saga(version=1)
async def pays_twice(shop: Shop) -> None:
    """Has two points of no return, the second of which may be refused."""
    await shop.pay(1)
    try:
        await shop.pay(2)
    except StepError:
        await shop.ship("a")


@saga(version=1)
async def pays_at_once(shop: Shop) -> None:
    """Does not wait for what it pays for."""
    await asyncio.gather(shop.take("a"), shop.pay(1))


@saga(version=1)
async def gives_up_mail(shop: Shop, stubborn: Stubborn) -> None:
    """Stops waiting for a step behind its pivot."""
    await shop.pay(1)
    try:
        async with asyncio.timeout(5):
            await stubborn.mail("a")
    except TimeoutError:
        await shop.ship("a")


@saga(version=1)
async def says_no_too_late(shop: Shop) -> None:
    """Looks when it has paid, and minds what it sees."""
    await shop.pay(1)
    try:
        seen = await shop.look("a")
    except StepError:
        return
    if seen == 1:
        raise Refused("broken")


@saga(version=1)
async def minds_too_late(shop: Shop) -> None:
    """Cannot do without a look when it has paid."""
    await shop.pay(1)
    await shop.look("a")


@saga(version=1)
async def grabs(shop: Shop, stubborn: Stubborn) -> None:
    """Its first step's undo needs what a timeout does not leave."""
    await stubborn.grab("a")
    await shop.take("b")


@saga(version=1)
async def draws(shop: Shop) -> None:
    """Numbers what it takes out of a variable of the module."""
    await shop.take(f"{next(_numbers)}")


@saga(version=1)
async def flips(shop: Shop) -> None:
    """Does one thing or another behind its first step."""
    heads = next(_numbers) % 2
    await shop.take("a")
    await (shop.take("b") if heads else shop.look("b"))


@saga(version=1)
async def returns_a_number(shop: Shop) -> int:
    """What it returns is another number each time."""
    await shop.look("a")
    return next(_numbers)


@saga(version=1)
async def buggy(shop: Shop) -> None:
    """Has a bug behind its first step."""
    await shop.take("a")
    raise KeyError("seat")


@saga(version=1)
async def takes_nothing(shop: Shop) -> None:
    """Calls a command otherwise than its contract says."""
    await shop.take()  # pyright: ignore[reportCallIssue]


@saga(version=1)
async def reads_badly(shop: Shop) -> None:
    """The standard library raises for it."""
    json.loads(await shop.take("a"))


@saga(version=1)
async def takes_what_is_no_json(shop: Shop) -> None:
    """Sends what cannot be sent, out of a task."""
    await asyncio.gather(shop.take("a"), shop.look(object()))  # pyright: ignore[reportArgumentType]


@saga(version=1)
async def waits_for_nothing(shop: Shop) -> None:
    """Waits for an event that nobody sets."""
    await shop.take("a")
    await asyncio.Event().wait()


@saga(version=1)
async def forgets_to_answer(shop: Shop, ask: Update[int, None]) -> None:
    """Whoever asks waits for an event that nobody sets."""
    confirmed = asyncio.Event()

    @ask.handle
    async def _(number: int) -> None:
        await confirmed.wait()

    await shop.look("a")


@saga(version=1)
async def checks_badly(shop: Shop, ask: Update[int, None]) -> None:
    """Looks at what is not there, and so refuses everybody."""
    known: dict[int, str] = {}

    @ask.check
    def _(number: int) -> None:
        if known[number] != "free":
            raise Refused("taken")

    @ask.handle
    async def _(number: int) -> None:
        known[number] = await shop.take("b")

    await shop.look("a")


@saga(version=1)
async def launches(shop: Shop) -> None:
    """Its pivot may fail when nobody knows any more whether it happened."""
    await shop.take("a")
    await shop.launch()


@saga(version=1)
async def goes_on_without(stubborn: Stubborn) -> None:
    """Completes when its pivot has failed."""
    try:
        await stubborn.sign()
    except StepError:
        return


@saga(version=1)
async def scattered(shop: Shop) -> None:
    """Goes through a set of so many texts that no two processes do so in the same order."""
    for item in {f"item {number}" for number in range(15)}:
        await shop.look(item)


def hour_on_the_wall() -> str:
    """Not in the saga's own code, where it would be refused at once."""
    return f"{datetime.now():%j %H}"


@saga(version=1)
async def looks_at_the_wall(shop: Shop) -> None:
    """Reads the clock of the machine, and only its day and hour, which are the same for a while."""
    await shop.look(hour_on_the_wall())


@saga(version=1)
async def tries_and_pays(shop: Shop) -> None:
    """Hides that its scope cannot be undone any more."""
    try:
        async with scope():
            await shop.pay(1)
            await shop.look("a")
    except StepError:
        pass


PLANTED: list[tuple[SagaDefinition, Kinds, str]] = [
    (without_undo, Kinds.MISSING_UNDO, 'await shop.lose("b")'),
    (pays_first, Kinds.REFUSABLE_AFTER_PIVOT, 'await shop.take("a")'),
    (pays_twice, Kinds.REFUSABLE_AFTER_PIVOT, "await shop.pay(2)"),
    (pays_at_once, Kinds.UNSETTLED_AT_PIVOT, "asyncio.gather"),
    (gives_up_mail, Kinds.UNDO_AFTER_PIVOT, 'await stubborn.mail("a")'),
    (tries_and_pays, Kinds.SCOPE_AFTER_PIVOT, "async with scope()"),
    (says_no_too_late, Kinds.NO_AFTER_PIVOT, "@saga"),
    (minds_too_late, Kinds.NO_AFTER_PIVOT, 'await shop.look("a")'),
    (grabs, Kinds.UNDO_NEEDS_RESULT, "@grab.undo"),
    (draws, Kinds.NOT_DETERMINISTIC, "@saga"),
    (flips, Kinds.NOT_DETERMINISTIC, "@saga"),
    (returns_a_number, Kinds.NOT_DETERMINISTIC, "@saga"),
    (buggy, Kinds.CODE_STOPS, "raise KeyError"),
    (takes_nothing, Kinds.CODE_STOPS, "await shop.take()"),
    (reads_badly, Kinds.CODE_STOPS, 'json.loads(await shop.take("a"))'),
    (takes_what_is_no_json, Kinds.CODE_STOPS, "shop.look(object())"),
    (waits_for_nothing, Kinds.CODE_STOPS, "@saga"),
    (forgets_to_answer, Kinds.UPDATE_UNANSWERED, "@ask.handle"),
    (checks_badly, Kinds.CHECK_FAILS, "@ask.check"),
    (launches, Kinds.EFFECT_LEFT, "await shop.launch()"),
    (goes_on_without, Kinds.EFFECT_LEFT, "await stubborn.sign()"),
]
"""With the line that is to be named."""


def names() -> Iterator[str]:
    """The sagas' names."""
    return (definition.name for definition, _, _ in PLANTED)
