"""Saga code that does the worst it can: the saga is parked or goes back, and nothing leaks out of the engine."""

import asyncio
import itertools
import sys
from collections.abc import Callable
from typing import Any

import pytest

from contracts import Problem, Refused, StepError
from coordinator.history.codec import read_events
from coordinator.saga import saga
from tests.sagas import SagaDriver, Shop


class Unspeakable(Exception):
    """An exception that cannot even be shown."""

    def __str__(self) -> str:
        raise RuntimeError("no words")

    __repr__ = __str__


class Halfmade(Refused):
    """A no whose author forgot to call the base class."""

    def __init__(self) -> None:
        pass


class Opaque:
    """Something JSON cannot hold."""


def parked_by(error: Callable[[], BaseException]) -> SagaDriver:
    """A saga that took something and then raised this."""

    @saga(version=1)
    async def fragile(shop: Shop) -> None:
        await shop.take("a")
        raise error()

    return SagaDriver(fragile).start().succeeds("shop.take", "a")


@pytest.mark.parametrize(
    "error",
    [KeyError, SystemExit, GeneratorExit, RecursionError, Unspeakable, StopIteration, StopAsyncIteration],
)
def test_a_bug_parks_the_saga(error: Callable[[], BaseException]) -> None:
    """Whatever is raised that is no answer to anything parks the saga, undoes nothing, and reaches nobody else."""
    driver = parked_by(error).expects().is_("parked")
    assert "shop.take" not in [send.type for send in driver.sent if send.direction == "undo"]
    assert driver.last is not None
    assert driver.last.parked_for == "code"


def test_the_message_says_what_was_raised_and_where() -> None:
    """The bug is shown with its line, and with what to do."""
    message = parked_by(lambda: KeyError("seat")).parked_message
    assert "KeyError: 'seat'" in message
    assert "test_hostile_code.py" in message
    assert "deploy mended code" in message


def test_ctrl_c_is_not_the_sagas() -> None:
    """KeyboardInterrupt is meant for the process, not for the saga that happened to run."""
    with pytest.raises(KeyboardInterrupt):
        parked_by(KeyboardInterrupt)


@pytest.mark.parametrize(
    "text", ["nul \x00 inside", "half a \ud800 pair", "x" * 3_000_000], ids=["nul", "pair", "long"]
)
def test_a_bugs_message_can_always_be_kept(text: str) -> None:
    """Text that Postgres cannot hold, or nobody wants to, is mended before it is written."""
    driver = parked_by(lambda: ValueError(text)).is_("parked")
    assert b"\\u0000" not in driver.rows[-1]
    assert len(driver.rows[-1]) < 20_000


@pytest.mark.parametrize(
    "text", ["nul \x00 inside", "half a \ud800 pair", "x" * 3_000_000], ids=["nul", "pair", "long"]
)
def test_a_nos_message_can_always_be_kept(text: str) -> None:
    """The same for a no that the saga itself says: it travels with every undo."""
    driver = parked_by(lambda: Refused("no", text)).is_("compensating").expects("undo shop.take")
    assert b"\\u0000" not in driver.rows[-1]
    assert len(driver.send("undo shop.take").value) < 20_000


@pytest.mark.parametrize(
    ("details", "kept"),
    [
        ({"by": Problem("x")}, {"by": {"type": "x"}}),
        ({"pair": (1, 2)}, {"pair": [1, 2]}),
        ({"nan": float("nan")}, {"nan": None}),
        ({"what": Opaque()}, None),
        ({"long": "x" * 300_000}, None),
    ],
    ids=["struct", "tuple", "nan", "object", "long"],
)
def test_a_nos_details_are_kept_as_json(details: dict[str, Any], kept: Any) -> None:
    """Details are what JSON makes of them; those it cannot hold are left out."""
    driver = parked_by(lambda: Refused("not_approved", "no", **details)).is_("compensating")
    assert driver.outcome is None
    driver.succeeds("undo shop.take").is_("compensated")
    assert driver.outcome["problem"].get("details") == kept


@pytest.mark.parametrize("type", [404, None, Opaque(), "", "nul \x00", "x" * 100_000])
def test_a_nos_type_is_always_readable(type: Any) -> None:
    """A no with a strange type is written so that it can be read again."""
    driver = parked_by(lambda: Refused(type)).is_("compensating")
    assert [read_events(row) for row in driver.rows]
    assert len(driver.cause) <= 200


def test_a_halfmade_no_is_a_bug() -> None:
    """A StepError without a problem says nothing that could be passed on."""
    parked_by(Halfmade).is_("parked")


def test_a_group_of_nos_is_a_no() -> None:
    """A TaskGroup's group is a no if all in it are; the first one is the cause."""
    assert parked_by(lambda: ExceptionGroup("g", [Refused("one"), TimeoutError()])).is_("compensating").cause == "one"


def test_a_group_with_a_bug_is_a_bug() -> None:
    """One bug among the nos is a bug."""
    parked_by(lambda: ExceptionGroup("g", [Refused("one"), ValueError("two")])).is_("parked")


def test_a_saga_that_never_waits_is_stopped() -> None:
    """An endless loop of bare yields would hold up the coordinator: it is cut off and parked as a bug."""

    @saga(version=1)
    async def restless(shop: Shop) -> None:
        for _ in itertools.count():
            await asyncio.sleep(0)

    driver = SagaDriver(restless).start().is_("parked")
    assert "await" in driver.parked_message


def test_a_saga_of_tiny_timers_gives_way() -> None:
    """A timer that rounds to no time at all still waits for the next activation."""

    @saga(version=1)
    async def impatient(shop: Shop) -> None:
        for _ in itertools.count():
            await asyncio.sleep(0.0001)

    driver = SagaDriver(impatient).start().wake().wake()
    assert driver.in_ms == 1


@pytest.mark.parametrize("seconds", [1e12, 1e18, float("inf")])
def test_a_timer_lies_within_the_calendar(seconds: float) -> None:
    """However far away, a timer's time can be written: nobody waits until the year 9999 to see the difference."""

    @saga(version=1)
    async def patient(shop: Shop) -> None:
        await asyncio.sleep(seconds)

    driver = SagaDriver(patient).start().is_("running")
    assert driver.machine.wake_at is not None
    assert driver.machine.wake_at <= 253_402_300_799_000


def test_two_timers_alike_are_two() -> None:
    """asyncio holds two calls of one function at one time for equal; a saga's timers are told apart by number."""
    heard: list[str] = []

    @saga(version=1)
    async def twice(shop: Shop) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(5, heard.append, "ding")
        loop.call_later(5, heard.append, "ding")
        await asyncio.sleep(10)

    driver = SagaDriver(twice).start()
    heard.clear()
    driver.machine.advance([], driver.now)
    driver.passes(10_000).is_("completed")
    assert heard.count("ding") >= 2


def test_an_error_in_a_bare_callback_parks() -> None:
    """asyncio would only log it; here it is a bug like any other."""

    @saga(version=1)
    async def careless(shop: Shop) -> None:
        asyncio.get_running_loop().call_soon(lambda: {}["x"])
        await shop.take("a")

    assert "KeyError" in SagaDriver(careless).start().is_("parked").parked_message


@pytest.mark.parametrize(
    "use",
    [
        lambda loop: asyncio.to_thread(print),
        lambda loop: loop.run_in_executor(None, print),
        lambda loop: loop.create_connection(asyncio.Protocol, "localhost", 80),
        lambda loop: asyncio.open_connection("localhost", 80),
        lambda loop: asyncio.create_subprocess_exec("true"),
        lambda loop: loop.getaddrinfo("localhost", 80),
        lambda loop: loop.sock_recv(None, 1),
        lambda loop: loop.add_signal_handler(2, print),
        lambda loop: loop.call_soon_threadsafe(print),
        lambda loop: loop.run_until_complete(None),
    ],
    ids=["to_thread", "executor", "connect", "open", "subprocess", "dns", "socket", "signal", "threadsafe", "run"],
)
def test_what_cannot_be_durable_says_so(use: Any) -> None:
    """Threads, sockets and processes park the saga, with the durable replacement in the message."""

    @saga(version=1)
    async def worldly(shop: Shop) -> None:
        result = use(asyncio.get_running_loop())
        if result is not None:
            await result

    driver = SagaDriver(worldly).start().is_("parked")
    assert "NotDurable" in driver.parked_message
    assert "step" in driver.parked_message


def test_leaving_code_that_argues_is_left_all_the_same() -> None:
    """A saga that goes back is thrown away, whatever its ``finally`` blocks do."""

    @saga(version=1)
    async def arguing(shop: Shop) -> None:
        async def stubborn() -> None:
            while True:
                try:
                    await shop.take("b")
                except BaseException:
                    sys.exit(4)
                finally:
                    await shop.take("c")
                    await asyncio.sleep(5)

        asyncio.get_running_loop().create_task(stubborn())
        await shop.take("a")

    driver = SagaDriver(arguing).start().expects("shop.take", "shop.take")
    driver.cancel().expects("undo shop.take", "undo shop.take").is_("compensating")


def test_a_step_error_of_its_own_is_a_no() -> None:
    """An author's own kind of no goes back like any other."""

    class TooDear(StepError):
        pass

    assert parked_by(lambda: TooDear(Problem("too_dear"))).is_("compensating").cause == "too_dear"
