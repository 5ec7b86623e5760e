"""Updates and queries in a test: planned, by hand, refused, too late, or forgotten; and pauses."""

import asyncio

import msgspec
import pytest

from contracts.values import UnreadableValue
from coordinator.history.updates import UpdateAccepted
from coordinator.saga import Query, Refused, Signal, Update
from coordinator.saga import saga as declared
from coordinator.testing import SagaTest, Unanswered, Unreached, Unsent
from tests.sagas import Shop


class Move(msgspec.Struct, frozen=True):
    """Where to."""

    city: str


class Moved(msgspec.Struct, frozen=True):
    """With what label."""

    label: str
    city: str


@declared(version=1, key="{city}")
async def order(city: str, shop: Shop, move: Update[Move, Moved], where: Query[None, Move]) -> str:
    """Keeps an address for a day, and then sends."""
    sent = False

    @move.check
    def _(to: Move) -> None:
        if sent:
            raise Refused("sent", "It is on its way.")

    @move.handle
    async def _(to: Move) -> Moved:
        nonlocal city
        if to.city == "Atlantis":
            raise Refused("sunk", depth=7)
        label = await shop.take(to.city)
        city = to.city
        return Moved(label, city)

    @where.answer
    def _() -> Move:
        return Move(city)

    await asyncio.sleep(86_400)
    sent = True
    await shop.lend(city)
    return city


@declared(version=1)
async def patient(shop: Shop, decide: Update[bool, str]) -> str:
    """Waits for a decision, for as long as it takes."""
    decided: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    @decide.handle
    async def _(yes: bool) -> str:
        decided.set_result(yes)
        return "thank you"

    return "yes" if await decided else "no"


@declared(version=1)
async def silent(shop: Shop, go: Signal[None], ask: Update[None, None], count: Query[int, int]) -> None:
    """Answers when it has heard a signal, and no queries."""

    @ask.handle
    async def _() -> None:
        await go

    await shop.look("a")
    await asyncio.sleep(60)


# --- planned


async def test_an_update_comes_at_the_start(saga: SagaTest) -> None:
    """The run tells what was taken in."""
    saga.update("move").comes(Move("Oslo"))
    run = await saga.run(order, "Rome")
    assert run.result == "Oslo"
    assert run.updates == [("move", Move("Oslo"))]
    assert run.commands == [Shop.take, Shop.lend]
    saga.check_reached()


async def test_updates_follow_each_other(saga: SagaTest) -> None:
    """Each so long after the one before; every saga of the test is asked anew."""
    saga.update("move").comes(Move("Oslo"), after="1h").comes(Move("Atlantis"), after="2h").comes({"city": "Bonn"})
    for key in "ab":
        run = await saga.run(order, "Rome", key=key)
        came = [event.at - run.history[0].at for event in run.history if isinstance(event, UpdateAccepted)]
        assert came == [3_600_000, 3 * 3_600_000, 3 * 3_600_000]
        assert run.result == "Bonn"
    saga.check_reached()


async def test_an_update_that_comes_too_late(saga: SagaTest) -> None:
    """The check says no; it leaves no trace."""
    saga.stub(Shop.lend).replies_late(after="3s")
    saga.update("move").comes_too_late(Move("Oslo"), after="86402s")
    run = await saga.run(order, "Rome")
    assert (run.result, run.updates) == ("Rome", [])
    saga.check_reached()


async def test_a_plan_that_goes_on(saga: SagaTest) -> None:
    """A saga that runs already is asked what is added."""
    run = await saga.start(order, "Rome")
    saga.update("move").comes(Move("Oslo"), after="1h")
    await saga.clock.advance("59m")
    assert run.updates == []
    await saga.clock.advance("1m")
    assert run.updates == [("move", Move("Oslo"))]


async def unreached(saga: SagaTest) -> str:
    """What the error says."""
    with pytest.raises(Unreached) as caught:
        saga.check_reached()
    return str(caught.value)


async def test_an_update_after_the_end(saga: SagaTest) -> None:
    """Planned and never taken: the test says nothing about it."""
    saga.update("move").comes(Move("Oslo"), after="2d")
    await saga.run(order, "Rome")
    assert await unreached(saga) == (
        'The test passed without saga.update("move").comes(…): it came and was not taken (The saga has ended: it is '
        "completed. It takes no updates any more), so it comes too late, which .comes_too_late(…) says. Take it out, "
        "or find out why."
    )


async def test_an_update_that_the_check_refuses(saga: SagaTest) -> None:
    """Its words are told."""
    saga.stub(Shop.lend).replies_late(after="3s")
    saga.update("move").comes(Move("Oslo"), after="86402s")
    await saga.run(order, "Rome")
    assert "it came and was not taken (It is on its way), so it comes too late" in await unreached(saga)


async def test_an_update_that_is_not_too_late(saga: SagaTest) -> None:
    """It was meant to be."""
    saga.update("move").comes_too_late(Move("Oslo"), after="2h")
    await saga.run(order, "Rome")
    assert ": it was taken after all. " in await unreached(saga)


async def test_an_update_that_no_saga_has(saga: SagaTest) -> None:
    """The one that was meant is named."""
    saga.update("mov").comes(Move("Oslo"))
    await saga.run(order, "Rome")
    assert ": no saga of the test takes it (did you mean move?). " in await unreached(saga)


async def test_an_update_that_never_came(saga: SagaTest) -> None:
    """The test ended before."""
    saga.update("move").comes(Move("Oslo"), after="1h")
    await saga.start(order, "Rome")
    assert ": it never came. " in await unreached(saga)


async def test_a_value_that_does_not_fit(saga: SagaTest) -> None:
    """An error when it is sent."""
    saga.update("move").comes("Oslo")
    with pytest.raises(UnreadableValue, match='The update move cannot bring "Oslo": Expected `object`'):
        await saga.run(order, "Rome")


async def test_a_saga_that_waits_for_an_update(saga: SagaTest) -> None:
    """It is said what to write, rather than waited for."""
    with pytest.raises(Unsent) as caught:
        await saga.run(patient)
    assert str(caught.value) == (
        "patient:1 waits for what an update brings, such as decide, and nothing says that one comes. "
        'Write saga.update("decide").comes(bool(…)).'
    )
    saga.update("decide").comes(True)
    assert (await saga.run(patient)).result == "yes"


async def test_an_update_survives_everything(saga: SagaTest) -> None:
    """Killed with it in hand, sent twice, come when all else is over: moved once, or not at all."""
    saga.update("move").comes(Move("Oslo"), after="1h")
    report = await saga.crash_everywhere(order, "Rome")
    points = report.ended["completed"]
    assert report.unreached == []
    assert "the update move (number 1) comes twice" in points
    assert "the update move (number 1) comes when all else is over" in points
    assert "a crash before row 2 is kept (update move accepted (number 1))" in points
    assert "a crash after row 2 is kept (update move accepted (number 1))" in points


async def test_a_handler_that_depends_on_more_than_it_is_told(saga: SagaTest) -> None:
    """After a crash it would ask for something else."""
    calls: list[int] = []

    @declared(version=1)
    async def forgets(shop: Shop, ask: Update[None, None]) -> None:
        calls.append(1)

        @ask.handle
        async def _() -> None:
            await (shop.take("a") if len(calls) % 2 else shop.lend("a"))

        await asyncio.sleep(60)

    saga.update("ask").comes()
    with pytest.raises(AssertionError, match="forgets does not go on after a crash as it would have without"):
        await saga.crash_everywhere(forgets)


# --- by hand


async def test_an_update_by_hand(saga: SagaTest) -> None:
    """The saga goes on until it has answered; the same id again is the same update."""
    run = await saga.start(order, "Rome")
    saga.stub(Shop.take).returns("LB-1")
    assert await run.update("move", Move("Oslo"), id="m-1") == Moved("LB-1", "Oslo")
    assert await run.update("move", Move("Bonn"), id="m-1") == Moved("LB-1", "Oslo")
    assert (await run.finish()).result == "Oslo"
    assert run.updates == [("move", Move("Oslo"))]


async def test_an_update_that_is_refused(saga: SagaTest) -> None:
    """By its handler, by one of its steps, by its check: the saga's own problem, and the saga goes on."""
    run = await saga.start(order, "Rome")
    with pytest.raises(Refused) as caught:
        await run.update("move", Move("Atlantis"))
    assert (caught.value.problem.type, caught.value.problem.details) == ("sunk", {"depth": 7})
    saga.stub(Shop.take).refuses("no_labels")
    with pytest.raises(Refused, match="no_labels"):
        await run.update("move", Move("Oslo"))
    await run.until(Shop.lend)
    with pytest.raises(Refused, match="It is on its way"):
        await run.update("move", Move("Bonn"))
    assert (await run.finish()).result == "Rome"


async def test_what_by_hand_cannot_be(saga: SagaTest) -> None:
    """A name, a value or an id that does not fit, and a saga that takes none any more."""
    run = await saga.start(order, "Rome")
    with pytest.raises(LookupError, match=r"did you mean move\?"):
        await run.update("mov", Move("Oslo"))
    with pytest.raises(UnreadableValue, match="The update move cannot bring 7"):
        await run.update("move", 7)
    with pytest.raises(AssertionError, match="1 to 200 printable characters"):
        await run.update("move", Move("Oslo"), id="")
    await run.finish()
    with pytest.raises(AssertionError, match=r"The saga has ended: it is completed\. It takes no updates any more"):
        await run.update("move", Move("Oslo"))


async def test_an_update_that_is_not_answered(saga: SagaTest) -> None:
    """Where the saga stands is said."""
    run = await saga.start(silent)
    with pytest.raises(AssertionError, match=r"The update ask is not answered\. <silent:1 .*the update ask"):
        await run.update("ask")
    run = await saga.start(order, "Rome")
    saga.update("move").comes(Move("Oslo"))
    await run.until(Shop.take)
    await run.cancel()
    with pytest.raises(Unanswered, match="The update move was not answered: the saga went back"):
        await run.update("move", Move("Oslo"), id="move:1")


# --- queries


async def test_a_query(saga: SagaTest) -> None:
    """Typed, before and after the end; nothing changes by it."""
    run = await saga.start(order, "Rome")
    assert await run.query("where") == Move("Rome")
    await run.update("move", Move("Oslo"))
    before = list(run.history)
    assert await run.query("where") == Move("Oslo")
    assert run.history == before
    await run.finish()
    assert await run.query("where") == Move("Oslo")


async def test_a_query_that_cannot_be_answered(saga: SagaTest) -> None:
    """A name, a question, and code that says nothing."""
    run = await saga.start(silent)
    with pytest.raises(LookupError, match=r"<saga silent v1> answers no query 'cont': did you mean count\?"):
        await run.query("cont")
    with pytest.raises(UnreadableValue, match="The query count cannot be asked so: Expected `int`"):
        await run.query("count", "many")
    with pytest.raises(Unanswered, match="The saga does not answer the query count at this point"):
        await run.query("count", 1)


async def test_an_answer_that_is_not_declared(saga: SagaTest) -> None:
    """The error shows it."""

    @declared(version=1)
    async def lies(shop: Shop, count: Query[None, int]) -> None:
        @count.answer
        def _() -> int:
            return "many"  # pyright: ignore[reportReturnType]

        await shop.look("a")

    run = await saga.start(lies)
    with pytest.raises(
        UnreadableValue, match='The query count answers "many", which it does not declare: Expected `int`'
    ):
        await run.query("count")


# --- pauses


async def test_a_pause(saga: SagaTest) -> None:
    """Time stands still for the saga, what comes is kept, and updates are refused."""
    run = await saga.start(order, "Rome")
    await run.pause("let me see")
    await saga.clock.advance("2d")
    assert (run.status, run.commands) == ("paused", [])
    with pytest.raises(AssertionError, match="The saga is paused, and its code cannot be asked"):
        await run.update("move", Move("Oslo"))
    assert await run.query("where") == Move("Rome")
    await run.resume()
    await saga.clock.advance("23h")
    assert run.commands == []
    assert (await run.finish()).status == "completed"
