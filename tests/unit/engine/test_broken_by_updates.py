"""Defects found by trying to break updates and queries."""

import asyncio
from collections.abc import Awaitable, Callable
from decimal import getcontext
from typing import Any

import msgspec
import pytest

from coordinator.engine.facts import Conflict, Declined, Start
from coordinator.engine.facts import Signal as Sent
from coordinator.engine.facts import Update as Asked
from coordinator.engine.looking import Answered, NoAnswer
from coordinator.history.updates import UpdateAnswered
from coordinator.saga import Query, SagaDefinition, Signal, Update, saga
from tests.sagas import SagaDriver, Shop

Body = Callable[[Shop, Signal[int], Update[int, int], Query[int, int]], Awaitable[Any]]


class Odd(BaseException):
    """No Exception."""


ODD = [Odd("no"), SystemExit("no"), GeneratorExit("no"), BaseExceptionGroup("no", [Odd("no")])]


def takes(body: Body) -> SagaDefinition:
    @saga(version=1, name="takes")
    async def definition(shop: Shop, go: Signal[int], ask: Update[int, int], look: Query[int, int]) -> Any:
        return await body(shop, go, ask, look)

    return definition


def raising(where: str, error: BaseException) -> Body:
    """A saga that raises it in its check, its handler or its answer."""

    async def body(shop: Shop, go: Signal[int], ask: Update[int, int], look: Query[int, int]) -> int:
        @ask.check
        def _(number: int) -> None:
            if where == "check":
                raise error

        @ask.handle
        async def _(number: int) -> int:
            if where == "handler":
                raise error
            return number

        @look.answer
        def _(number: int) -> int:
            raise error

        return await go

    return body


@pytest.mark.parametrize("error", ODD, ids=lambda error: type(error).__name__)
def test_a_check_that_raises_no_exception_refuses(error: BaseException) -> None:
    """It comes out of no activation: whatever it raises, it is a no."""
    saga = SagaDriver(takes(raising("check", error))).start()
    assert saga.unchanged_by(lambda: saga.updates("ask", 1))
    assert isinstance(saga.verdict, Declined)
    assert saga.verdict.problem.type == "check_failed"


@pytest.mark.parametrize("error", [*ODD, asyncio.CancelledError("no")], ids=lambda error: type(error).__name__)
def test_a_query_that_raises_no_exception_has_no_answer(error: BaseException) -> None:
    """Nor out of a query: a cancellation would end the request that asks."""
    saga = SagaDriver(takes(raising("answer", error))).start()
    answer = saga.queries("look", 1)
    assert isinstance(answer, NoAnswer)
    assert type(error).__name__ in answer.message


@pytest.mark.parametrize("error", ODD, ids=lambda error: type(error).__name__)
def test_a_handler_that_raises_no_exception_parks_the_saga(error: BaseException) -> None:
    """It completed, and never answered what it had accepted."""
    saga = SagaDriver(takes(raising("handler", error))).start().updates("ask", 1).is_("parked")
    assert type(error).__name__ in saga.parked_message
    saga.deploys(takes(raising("nowhere", error))).resume().signals("go", 1).is_("completed")
    assert saga.machine.state.updates.open == set()


def test_what_a_check_or_a_query_does_to_its_context_stays_there() -> None:
    """It changed how precisely all others count, in this coordinator and until its restart."""

    async def body(shop: Shop, go: Signal[int], ask: Update[int, int], look: Query[int, int]) -> None:
        @ask.check
        def _(number: int) -> None:
            getcontext().prec = number

        @ask.handle
        async def _(number: int) -> int:
            return getcontext().prec

        @look.answer
        def _(number: int) -> int:
            getcontext().prec += number
            return getcontext().prec

        await go

    before = getcontext().prec
    saga = SagaDriver(takes(body)).start().updates("ask", 7)
    assert [event.answer for event in saga.of(UpdateAnswered)] == [msgspec.Raw(b"%d" % before)]
    assert saga.queries("look", 1) == saga.queries("look", 1) == Answered(msgspec.Raw(b"%d" % (before + 1)))
    assert getcontext().prec == before


def test_a_check_that_meddles_in_code_that_is_another_each_time() -> None:
    """The saga is parked, as a restart would have parked it; each activation failed."""
    again: list[int] = []

    async def body(shop: Shop, go: Signal[int], ask: Update[int, int], look: Query[int, int]) -> None:
        @ask.check
        def _(number: int) -> None:
            again.append(number)
            asyncio.get_running_loop().call_soon(print)

        @ask.handle
        async def _(number: int) -> int:
            return number

        if again:
            await shop.take("a")
        await go

    saga = SagaDriver(takes(body)).start()
    decision = saga.machine.advance([Asked("ask", "u-1", msgspec.Raw(b"1"))], saga.now)
    assert isinstance(decision.verdicts[0], Declined)
    assert decision.parked_for == "code"


def first_run(broken: bool, in_a_callback: bool) -> Body:
    """Broken, its first run ends in a bug; mended, it calls a step."""

    async def body(shop: Shop, go: Signal[int], ask: Update[int, int], look: Query[int, int]) -> int:
        @ask.handle
        async def _(number: int) -> int:
            return number

        if broken and in_a_callback:
            asyncio.get_running_loop().call_soon(lambda: 1 / 0)
        elif broken:
            raise KeyError("oops")
        else:
            await shop.take("a")
        return await go

    return body


def start(sent: Sent | Asked) -> Start:
    return Start("takes", 1, msgspec.Raw(b"null"), sent=sent)


@pytest.mark.parametrize("in_a_callback", [True, False])
def test_no_saga_begins_with_an_update_that_broken_code_would_take(in_a_callback: bool) -> None:
    """It was accepted, and stood in the way of the mended code for ever."""
    saga = SagaDriver(takes(first_run(True, in_a_callback)))
    assert saga.unchanged_by(lambda: saga.advance(start(Asked("ask", "u-1", msgspec.Raw(b"1")))))
    assert isinstance(saga.verdict, Conflict)
    assert not saga.machine.exists


def test_a_signal_with_the_start_of_broken_code_is_kept_for_the_mended() -> None:
    """It was in the history ahead of what the mended code asks for, which never fitted."""
    saga = SagaDriver(takes(first_run(True, False))).advance(start(Sent("go", "s-1", msgspec.Raw(b"1"))))
    saga.is_("parked").deploys(takes(first_run(False, False))).resume().expects("shop.take").restarts()
    saga.succeeds("shop.take", "x").is_("completed")
    assert saga.result == 1
