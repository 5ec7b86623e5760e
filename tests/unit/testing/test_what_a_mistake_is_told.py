"""Mistakes of a test are told in sentences that say what to write instead."""

from collections.abc import Callable
from typing import Any

import pytest

from contracts.travel import Flights, Payments
from contracts.travel.payments import ChargeCard
from contracts.values import UnreadableValue
from coordinator.catalogue.book_trip import book_trip
from coordinator.testing import SagaTest
from tests.sagas import Shop, code
from tests.unit.testing.conftest import TRIP
from tests.unit.testing.test_without_barrier import House, Lamp

MISUSED: dict[str, Callable[[SagaTest], Any]] = {
    "run": lambda saga: saga.run(not_a_saga),  # pyright: ignore[reportArgumentType]
    "start": lambda saga: saga.start(not_a_saga),  # pyright: ignore[reportArgumentType]
    "crash_everywhere": lambda saga: saga.crash_everywhere(not_a_saga),  # pyright: ignore[reportArgumentType]
    "replay": lambda saga: saga.replay(not_a_saga, []),  # pyright: ignore[reportArgumentType]
}


async def not_a_saga(flights: Flights) -> None:
    """Lacks its @saga."""


@pytest.mark.parametrize("name", MISUSED)
async def test_what_is_no_saga(saga: SagaTest, name: str) -> None:
    """A function without @saga is called by its name."""
    with pytest.raises(TypeError, match="not_a_saga is no saga: declare it with @saga"):
        await MISUSED[name](saga)


@pytest.mark.parametrize("target", ["flights.reserve", Flights, not_a_saga])
def test_what_is_no_command(saga: SagaTest, target: Any) -> None:
    """A stub wants a command of a contract, as it stands on the class."""
    with pytest.raises(TypeError, match=r"such as saga\.stub\(Payments\.charge\)"):
        saga.stub(target)


@pytest.mark.parametrize("value", [None, {"trip_id": 1}])
async def test_an_input_that_does_not_fit(saga: SagaTest, value: Any) -> None:
    """The saga is named whose input it is."""
    with pytest.raises(UnreadableValue, match=r"The input does not fit <saga book_trip v1>: "):
        await saga.run(book_trip, value)
    with pytest.raises(UnreadableValue, match=r"The input does not fit <saga book_trip v1>: "):
        await saga.run(book_trip, value, key="1")


async def test_a_function_whose_result_does_not_fit(saga: SagaTest) -> None:
    """The command is named that cannot return it."""
    saga.stub(Payments.charge).calls(lambda request: 5)  # pyright: ignore[reportArgumentType]
    with pytest.raises(UnreadableValue, match=r"Payments\.charge cannot return 5: Expected"):
        await saga.run(book_trip, TRIP)


async def test_a_function_that_breaks(saga: SagaTest) -> None:
    """A note says for which command it was called, and with what."""

    def charge() -> Any:
        """Does not take what the command takes."""

    saga.stub(Payments.charge).calls(charge)  # pyright: ignore[reportArgumentType]
    with pytest.raises(TypeError) as raised:
        await saga.run(book_trip, TRIP)
    charged = ChargeCard("4242", 2)
    assert raised.value.__notes__ == [f"It was called for Payments.charge(request={charged!r}), step 3 of book_trip:1."]


async def test_a_long_saga_is_told_briefly(saga: SagaTest) -> None:
    """What was called again and again is named once, with its number."""

    async def body(shop: Shop) -> None:
        for _ in range(3_000):
            await shop.look("a")
        await shop.ship("a")

    run = await saga.run(code(body))
    assert repr(run) == "<errand:1 is completed; succeeded: shop.look (3,000 times), shop.ship>"


async def test_an_undo_is_proved_with_its_command() -> None:
    """`prove` and `call` want the command."""
    desk: Any = House().test()
    for method in (desk.prove, desk.call):
        with pytest.raises(TypeError, match=r"Lamp\.put_out is an undo: give its command, Lamp\.light\."):
            await method(Lamp.put_out, "hall")
    with pytest.raises(TypeError, match=r"no command: give one of a contract, such as Hotels\.reserve\."):
        await desk.prove("lamp.light", "hall")
