"""What cannot be durable fails inside of a saga, with what to use instead, and works as ever elsewhere."""

import asyncio
import importlib
import json
import logging
import threading
import time
import warnings
from collections.abc import Callable
from typing import Any

import pytest

from coordinator.guard import guard_sagas
from coordinator.saga import Query, Update, saga
from tests.sagas import SagaDriver, Shop, code
from tests.unit.guard import careless

CARELESS: dict[Callable[[], Any], str] = {
    careless.clock: "time.time was called by a saga's code. A replay would see another time. Use now()",
    careless.stopwatch: "time.monotonic was called by a saga's code. A replay would see another time. Use now()",
    careless.nap: "Use: await asyncio.sleep(…)",
    careless.dice: "random.randint was called by a saga's code. A replay would draw another. Use random_float()",
    careless.name: "uuid.uuid4 was called by a saga's code. A replay would draw another. Use new_uuid()",
    careless.secret: "secrets.token_hex was called by a saga's code.",
    careless.noise: "os.urandom was called by a saga's code.",
    careless.file: "Read and write files in a local step or a participant's step.",
    careless.path: "Read and write files in a local step or a participant's step.",
    careless.folder: "A saga's code asked for os.listdir",
    careless.connection: "A saga opens no connections.",
    careless.address: "A saga opens no connections.",
    careless.process: "A saga starts no processes.",
    careless.thread: "A saga has no threads.",
}


@pytest.fixture(autouse=True)
def _guarded() -> None:
    guard_sagas()


@pytest.mark.parametrize("act", CARELESS, ids=lambda act: act.__name__)
def test_a_saga_is_refused(act: Callable[[], Any]) -> None:
    """It is parked, with the line, and goes on with code that does without."""

    async def body(shop: Shop) -> str:
        await shop.take("a")
        act()
        return await shop.take("b")

    async def mended(shop: Shop) -> str:
        await shop.take("a")
        return await shop.take("b")

    driver = SagaDriver(code(body)).start().succeeds(1, "A").is_("parked")
    assert CARELESS[act] in driver.parked_message
    assert "careless.py" in driver.parked_message
    driver.deploys(code(mended)).resume().succeeds(2, "B").is_("completed")


@pytest.mark.parametrize("act", CARELESS, ids=lambda act: act.__name__)
def test_others_are_not(act: Callable[[], Any]) -> None:
    """Neither without a loop, nor on a loop of theirs."""
    act()

    async def elsewhere() -> None:
        act()

    asyncio.run(elsewhere())


def test_a_thread_beside_a_saga_is_not() -> None:
    """While the saga's code runs, another thread looks at the clock."""
    seen: list[float] = []
    go, done = threading.Event(), threading.Event()

    def look() -> None:
        go.wait(10)
        seen.append(careless.clock())
        done.set()

    beside = threading.Thread(target=look)
    beside.start()

    async def body(_: Shop) -> bool:
        go.set()
        return done.wait(10)

    assert SagaDriver(code(body)).start().is_("completed").result is True
    beside.join()
    assert len(seen) == 1


def test_a_saga_may_log_import_warn_and_fail(caplog: pytest.LogCaptureFixture) -> None:
    """Logging looks at the clock, imports and tracebacks at files: that is none of the saga's business."""

    async def body(shop: Shop) -> list[Any]:
        logging.getLogger("trips").warning("it runs")
        warnings.warn("it runs still", UserWarning, stacklevel=1)
        importlib.import_module("this_module_is_not_there")
        return [await shop.take("a")]

    async def careful(shop: Shop) -> Any:
        try:
            return await body(shop)
        except ImportError as error:
            return json.dumps([error.name, importlib.import_module("colorsys").__name__])

    with pytest.warns(UserWarning, match="it runs still"):
        driver = SagaDriver(code(careful)).start().is_("completed")
    assert driver.result == '["this_module_is_not_there", "colorsys"]'
    assert "it runs" in caplog.text


def test_who_only_looks_is_not() -> None:
    """A query says how long ago that was; a check says that it is too late today. Neither is ever replayed."""

    @saga(version=1)
    async def looked_at(age: Query[None, float], move: Update[str, str]) -> None:
        @age.answer
        def _() -> float:
            return careless.clock()

        @move.check
        def _(street: str) -> None:
            careless.clock()

        @move.handle
        async def _(street: str) -> str:
            return street

        await asyncio.sleep(60)

    driver = SagaDriver(looked_at).start().is_("running")
    assert driver.queries("age").answer is not None
    driver.updates("move", "Elm Street").is_("running").passes(60_000).is_("completed")


def test_it_is_put_in_place_once() -> None:
    """Asked for again, nothing is guarded twice."""
    first = time.time
    guard_sagas()
    assert time.time is first
