"""JSON in and out of a saga: what fits, what does not, and whose fault it is."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest

from contracts import Contract, Problem, command
from contracts.answers import Refusal, Success
from contracts.values import MAX_VALUE_BYTES
from coordinator.engine.facts import Conflict
from coordinator.history.steps import StepSucceeded
from coordinator.saga import SagaDefinition, saga
from tests.sagas import SagaDriver, Shop

Body = Callable[[Shop], Awaitable[Any]]


class Seat(msgspec.Struct, frozen=True):
    """A seat."""

    row: int
    letter: str = "A"


class Seats(Contract, name="seats"):
    """Structs in and out."""

    @command()
    async def reserve(self, wanted: Seat, *, count: int) -> list[Seat]:
        """Reserves."""
        ...

    @reserve.undo()
    async def release(self, wanted: Seat, count: int, seats: list[Seat] | None) -> None:
        """Releases."""


def code(body: Body) -> SagaDefinition:
    @saga(version=1, name="careless")
    async def careless(shop: Shop) -> Any:
        return await body(shop)

    return careless


@saga(version=1)
async def sitting(seat: Seat, seats: Seats) -> list[Seat]:
    """Structs all the way."""
    found = await seats.reserve(seat, count=2)
    assert all(isinstance(each, Seat) for each in found)
    return found


def test_structs_all_the_way() -> None:
    """Input, arguments, results and the saga's own result are what the annotations say; JSON in between."""
    driver = SagaDriver(sitting).start({"row": 3}).expects("seats.reserve")
    assert driver.value("seats.reserve") == {"count": 2, "wanted": {"row": 3, "letter": "A"}}
    driver.succeeds("seats.reserve", [{"row": 3, "letter": "B", "unknown": 1}]).is_("completed")
    assert driver.result == [{"row": 3, "letter": "B"}]


def test_an_input_that_does_not_fit_parks() -> None:
    """Whoever starts a saga checks its input first; should the type have changed since, no code runs."""
    driver = SagaDriver(sitting).start({"row": "three"}).expects().is_("parked")
    assert "does not fit <saga sitting v1>" in driver.parked_message
    assert "$.row" in driver.parked_message
    assert driver.unchanged_by(driver.resume)


def test_an_input_may_fit_again() -> None:
    """Once the type takes it, the saga begins."""

    @saga(version=1, name="sitting")
    async def tolerant(seat: dict[str, Any], seats: Seats) -> int:
        return len(await seats.reserve(Seat(3), count=2))

    driver = SagaDriver(sitting).start({"row": "three"}).deploys(tolerant).resume().expects("seats.reserve")
    driver.succeeds("seats.reserve", []).is_("completed")


# --- results


@pytest.mark.parametrize("result", [{"row": 3}, [{"row": "three"}], [3], None, "x"], ids=str)
def test_a_result_that_does_not_fit_names_the_participant(result: Any) -> None:
    """It parks the saga: what was done stands, the message says who answered what, and where it does not fit."""
    driver = SagaDriver(sitting).start({"row": 3}).succeeds("seats.reserve", result).expects().is_("parked")
    message = driver.parked_message
    assert message.startswith("seats answered seats.reserve (step 1) with a result that does not fit the contract: ")
    assert "Deploy a contract that can read it" in message
    assert "Traceback" not in message
    assert len(driver.of(StepSucceeded)) == 1


def test_the_message_has_the_path() -> None:
    """Down to the field."""
    driver = SagaDriver(sitting).start({"row": 3}).succeeds("seats.reserve", [{"row": 3}, {"row": "four"}])
    assert "$[1].row" in driver.parked_message


def test_no_saga_can_catch_it() -> None:
    """The code never sees a result that does not fit, whatever it catches: it is not the author's to handle."""

    async def careful(shop: Shop) -> str:
        try:
            return await shop.take("a")
        except Exception:
            return "never mind"

    SagaDriver(code(careful)).start().succeeds(1, {"not": "text"}).is_("parked")


def test_a_contract_that_reads_it_goes_on() -> None:
    """Deployed and resumed, the saga takes the result as it was answered."""

    class Wider(Contract, name="shop"):
        """Takes what the other one does not."""

        @command()
        async def take(self, item: str) -> dict[str, str] | str:
            """Takes."""
            ...

        @take.undo()
        async def give_back(self, item: str, taken: dict[str, str] | str | None) -> None:
            """Undoes it."""

    async def taking(shop: Shop) -> Any:
        return await shop.take("a")

    @saga(version=1, name="careless")
    async def wider(shop: Wider) -> Any:
        return await shop.take("a")

    driver = SagaDriver(code(taking)).start().succeeds(1, {"not": "text"})
    assert driver.unchanged_by(driver.resume)
    assert isinstance(driver.verdict, Conflict)
    driver.deploys(wider).resume().is_("completed")
    assert driver.result == {"not": "text"}


def test_or_it_is_cancelled() -> None:
    """The undo gets the result as it was answered."""
    driver = SagaDriver(sitting).start({"row": 3}).succeeds("seats.reserve", {"odd": 1}).cancel()
    assert driver.value("undo 1")["result"] == {"odd": 1}


def test_a_contract_that_became_stricter_is_found_on_replay() -> None:
    """A result that was readable when it came: the saga is parked with the same words, and goes on when it is again."""

    class Stricter(Contract, name="shop"):
        """Wants numbers now."""

        @command()
        async def take(self, item: str) -> int:
            """Takes."""
            ...

        @take.undo()
        async def give_back(self, item: str, taken: int | None) -> None:
            """Undoes it."""

    @saga(version=1, name="careless")
    async def stricter(shop: Stricter) -> Any:
        return [await shop.take("a"), await shop.take("b")]

    async def taking(shop: Shop) -> Any:
        return [await shop.take("a"), await shop.take("b")]

    driver = SagaDriver(code(taking)).start().succeeds(1, "A").deploys(stricter).wake().is_("parked")
    assert "shop answered shop.take (step 1)" in driver.parked_message
    driver.deploys(code(taking)).resume().succeeds(2, "B").is_("completed")


def test_a_result_nobody_waits_for_is_not_read() -> None:
    """Answered after the saga stopped waiting for what it cannot undo, whatever it says."""

    async def sending(shop: Shop) -> str:
        await shop.pay(1)
        step = asyncio.create_task(shop.ship("a"))
        await asyncio.sleep(0)
        step.cancel()
        return "sent"

    driver = SagaDriver(code(sending)).start().succeeds("shop.pay", 1).succeeds("shop.ship", {"odd": 1})
    driver.is_("completed")


# --- what a saga gives


async def oversized(shop: Shop) -> None:
    await shop.take("x" * MAX_VALUE_BYTES)


async def nul(shop: Shop) -> None:
    await shop.take("nul \x00")


async def opaque(shop: Shop) -> None:
    await shop.take(object())  # pyright: ignore[reportArgumentType]


async def half_a_pair(shop: Shop) -> None:
    await shop.take("\ud800")


async def too_few(shop: Shop) -> None:
    await shop.take()  # pyright: ignore[reportCallIssue]


async def too_many(shop: Shop) -> None:
    await shop.take("a", "b")  # pyright: ignore[reportCallIssue]


async def misnamed(shop: Shop) -> None:
    await shop.take(thing="a")  # pyright: ignore[reportCallIssue]


@pytest.mark.parametrize("body", [oversized, nul, opaque, half_a_pair, too_few, too_many, misnamed])
def test_arguments_that_cannot_be_sent_are_a_bug(body: Body) -> None:
    """Found before anything is asked: no step, no command, parked."""
    driver = SagaDriver(code(body)).start().expects().is_("parked")
    assert driver.machine.state.steps == {}


async def catches_oversized(shop: Shop) -> str:
    try:
        await shop.take("x" * MAX_VALUE_BYTES)
    except ValueError:
        return await shop.take("a reference instead")
    return ""


def test_a_saga_may_catch_its_own_arguments() -> None:
    """It learns at once, and the next step has the number that the other did not take."""
    driver = SagaDriver(code(catches_oversized)).start().expects("shop.take")
    assert driver.restarts().succeeds(1, "A").is_("completed").result == "A"


@pytest.mark.parametrize(
    "result",
    ["x" * MAX_VALUE_BYTES, "nul \x00", object(), "\ud800", {1: object()}],
    ids=["big", "nul", "object", "pair", "in"],
)
def test_a_result_that_cannot_be_kept_is_a_bug(result: Any) -> None:
    """The saga does not complete with something nobody can read."""

    async def returns(shop: Shop) -> Any:
        await shop.take("a")
        return result

    driver = SagaDriver(code(returns)).start().succeeds(1, "A").is_("parked")
    assert "result cannot be kept" in driver.parked_message


def test_the_largest_values_fit() -> None:
    """Arguments, result and the undo that carries both."""
    most = "x" * (MAX_VALUE_BYTES - 100)

    async def taking(shop: Shop) -> None:
        await shop.take(most)
        await shop.take("b")

    driver = SagaDriver(code(taking)).start().succeeds(1, most)
    driver.answers(2, Refusal(Problem("no", details=most))).expects("undo shop.take")
    assert driver.value("undo 1")["command"]["item"] == driver.value("undo 1")["result"] == most


def test_values_travel_as_they_were_written() -> None:
    """Numbers, escapes and order inside a participant's JSON are not rewritten on their way to its undo."""

    class Raw(Contract, name="raw"):
        """Anything."""

        @command()
        async def put(self, thing: str) -> Any:
            """Puts."""
            ...

        @put.undo()
        async def remove(self, thing: str, put: Any) -> None:
            """Removes."""

        @command()
        async def get(self, thing: str) -> Any:
            """Gets."""
            ...

        @get.undo()
        async def unget(self, thing: str, got: Any) -> None:
            """Gives back."""

    @saga(version=1)
    async def passing(raw: Raw) -> None:
        await raw.put("a")
        await raw.get("b")

    driver = SagaDriver(passing).start()
    odd = b'{"z": 1.50, "a": 12345678901234567890123, "e": 1E+2, "u": "\\u00e9"}'
    driver.answers(1, Success(msgspec.Raw(odd))).refuses(2)
    assert odd in driver.send("undo 1").value
