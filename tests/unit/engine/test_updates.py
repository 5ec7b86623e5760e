"""Updates: checked without a trace, taken in once, answered; and queries, which leave none at all."""

import asyncio
from typing import Any

import msgspec
import pytest

from coordinator.engine.facts import Accepted, Conflict, Declined, Known, Start, Unfit
from coordinator.engine.facts import Update as Asked
from coordinator.engine.looking import Answered, NoAnswer
from coordinator.history.updates import UpdateAccepted, UpdateAnswered, UpdateRefused
from coordinator.saga import Query, Refused, SagaDefinition, Signal, Update, saga
from tests.sagas import SagaDriver, Shop


class Move(msgspec.Struct):
    """Where to."""

    city: str


@saga(version=1, key="{city}")
async def order(city: str, shop: Shop, go: Signal[str], move: Update[Move, str], where: Query[None, str]) -> str:
    """Keeps an address that can be changed until it is sent."""
    sent = False

    @move.check
    def _(to: Move) -> None:
        if sent:
            raise Refused("sent", "It is on its way.")
        if to.city == "":
            raise Refused("nowhere")

    @move.handle
    async def _(to: Move) -> str:
        nonlocal city
        if to.city == "Atlantis":
            raise Refused("sunk")
        label = await shop.take(to.city)
        city = to.city
        return f"{label} instead"

    @where.answer
    def _() -> str:
        return city

    await go
    sent = True
    await shop.lend(city)
    return city


def begun() -> SagaDriver:
    return SagaDriver(order, key="Rome").start("Rome").is_("running")


def raw(value: Any) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))


def test_an_update_is_taken_in_handled_and_answered() -> None:
    """Its handler calls a step like any other code of the saga."""
    saga = begun().updates("move", {"city": "Oslo"}, id="m-1")
    assert saga.accepted
    assert saga.of(UpdateAccepted) == [UpdateAccepted(1, "move", "m-1", raw({"city": "Oslo"}), saga.now)]
    saga.expects("shop.take").restarts().succeeds("shop.take", "label")
    assert saga.of(UpdateAnswered) == [UpdateAnswered(1, raw("label instead"), saga.now)]
    saga.signals("go", "now").expects("shop.lend").succeeds("shop.lend", "x").is_("completed")
    assert saga.result == "Oslo"


def test_once_per_id() -> None:
    """The same id is the same update, also when it has been answered."""
    saga = begun().updates("move", {"city": "Oslo"}, id="m-1")
    assert saga.unchanged_by(lambda: saga.updates("move", {"city": "Bonn"}, id="m-1"))
    assert saga.verdict == Known()
    saga.succeeds("shop.take", "label")
    assert saga.unchanged_by(lambda: saga.updates("move", {"city": "Oslo"}, id="m-1"))
    assert saga.verdict == Known()


def test_what_the_check_refuses_leaves_no_trace() -> None:
    """Nothing is written; the same id may come again with something better."""
    saga = begun()
    assert saga.unchanged_by(lambda: saga.updates("move", {"city": ""}, id="m-1"))
    assert isinstance(saga.verdict, Declined)
    assert saga.verdict.problem.type == "nowhere"
    assert saga.updates("move", {"city": "Oslo"}, id="m-1").accepted


def test_the_check_sees_the_saga_as_it_is() -> None:
    """Variables of the saga decide."""
    saga = begun().signals("go", "now")
    assert saga.unchanged_by(lambda: saga.updates("move", {"city": "Oslo"}))
    assert isinstance(saga.verdict, Declined)
    assert saga.verdict.problem.message == "It is on its way."


def test_a_handler_may_refuse_and_the_saga_goes_on() -> None:
    """Its no is the answer; nothing is undone."""
    saga = begun().updates("move", {"city": "Atlantis"}).is_("running")
    assert [event.problem.type for event in saga.of(UpdateRefused)] == ["sunk"]
    saga.updates("move", {"city": "Oslo"}).restarts().refuses("shop.take", "no_labels").is_("running")
    assert [event.problem.type for event in saga.of(UpdateRefused)] == ["sunk", "no_labels"]
    saga.signals("go", "now").succeeds("shop.lend", "x").is_("completed")


def test_what_does_not_fit_is_refused() -> None:
    """The name, the value, the id."""
    saga = begun()
    for name, value, id, what in (
        ("mov", {"city": "Oslo"}, "m-1", "name"),
        ("move", {"city": 7}, "m-1", "value"),
        ("move", {"city": "Oslo"}, "m\n1", "id"),
    ):
        assert saga.unchanged_by(lambda name=name, value=value, id=id: saga.updates(name, value, id=id))
        assert isinstance(saga.verdict, Unfit)
        assert saga.verdict.what == what
    assert "did you mean move?" in _message(saga.updates("mov", None))


def _message(saga: SagaDriver) -> str:
    assert isinstance(saga.verdict, Unfit | Conflict)
    return saga.verdict.message


def test_the_saga_ends_when_its_updates_are_answered() -> None:
    """Its code is through, and waits for what was accepted; it takes no others any more."""
    saga = begun().updates("move", {"city": "Oslo"}).signals("go", "now").succeeds("shop.lend", "x").is_("running")
    assert saga.unchanged_by(lambda: saga.updates("move", {"city": "Bonn"}))
    assert "has ended" in _message(saga)
    saga.restarts().succeeds("shop.take", "label").is_("completed")
    assert saga.new_events == ["StepSucceeded", "UpdateAnswered", "SagaCompleted"]
    assert saga.unchanged_by(lambda: saga.updates("move", {"city": "Bonn"}))


def test_going_back_undoes_what_updates_did() -> None:
    """And takes no more of them."""
    saga = begun().updates("move", {"city": "Oslo"}).succeeds("shop.take", "label")
    saga.updates("move", {"city": "Bonn"}).expects("shop.take").cancel().is_("compensating")
    assert saga.unchanged_by(lambda: saga.updates("move", {"city": "Kiel"}))
    assert "goes back" in _message(saga)
    saga.succeeds("undo 2").succeeds("undo 1").is_("compensated")


def test_a_paused_or_parked_saga_cannot_be_asked() -> None:
    """Nobody could check the update, so it is not kept either."""
    saga = begun().pauses()
    assert saga.unchanged_by(lambda: saga.updates("move", {"city": "Oslo"}))
    assert "paused" in _message(saga)
    assert saga.resume().updates("move", {"city": "Oslo"}).accepted


def takes(body: Any) -> SagaDefinition:
    @saga(version=1, name="takes")
    async def definition(shop: Shop, go: Signal[int], ask: Update[int, Any], look: Query[int, Any]) -> Any:
        return await body(shop, go, ask, look)

    return definition


def test_before_it_has_a_handler_an_update_is_refused() -> None:
    """The caller is told to come again; what is registered last counts."""

    async def late(shop: Shop, go: Signal[int], ask: Update[int, Any], look: Query[int, Any]) -> None:
        await go

        @ask.handle
        async def _(number: int) -> int:
            return number

        await go

        @ask.handle
        async def _(number: int) -> int:
            return -number

        await go

    saga = SagaDriver(takes(late)).start()
    assert saga.unchanged_by(lambda: saga.updates("ask", 1))
    assert "no handler yet" in _message(saga)
    saga.signals("go", 1).updates("ask", 1).signals("go", 2).updates("ask", 1).restarts().signals("go", 3)
    assert [event.answer for event in saga.is_("completed").of(UpdateAnswered)] == [raw(1), raw(-1)]


@pytest.mark.parametrize("wrong", ["raises", "wakes", "starts", "calls", "sleeps", "returns"])
def test_a_check_that_does_more_than_look_hurts_nobody(wrong: str) -> None:
    """The update is refused, with what was wrong; the saga goes on as if nobody had asked."""

    async def body(shop: Shop, go: Signal[int], ask: Update[int, Any], look: Query[int, Any]) -> int:
        rung = asyncio.Event()
        waits = asyncio.create_task(rung.wait())
        started: list[Any] = []

        @ask.check
        def _(number: int) -> Any:
            loop = asyncio.get_running_loop()
            match wrong:
                case "raises":
                    raise KeyError(number)
                case "wakes":
                    rung.set()
                case "starts":
                    started.append(loop.create_task(shop.take("a")))
                case "calls":
                    shop.take("a").send(None)
                case "sleeps":
                    loop.call_later(1, print)
                case _:
                    return False
            return None

        @ask.handle
        async def _(number: int) -> int:
            return number

        number = await go
        return number + waits.done()

    saga = SagaDriver(takes(body)).start()
    assert saga.unchanged_by(lambda: saga.updates("ask", 1))
    assert isinstance(saga.verdict, Declined)
    assert saga.verdict.problem.type == "check_failed"
    saga.check_rebuilt()
    saga.signals("go", 5).is_("completed")
    assert saga.result == 5


def test_a_bug_in_a_handler_parks_the_saga() -> None:
    """Mended code answers the update."""

    def body(broken: bool) -> Any:
        async def run(shop: Shop, go: Signal[int], ask: Update[int, Any], look: Query[int, Any]) -> None:
            @ask.handle
            async def _(number: int) -> float:
                return 1 / 0 if broken else 1 / number

            await go

        return run

    saga = SagaDriver(takes(body(True))).start().updates("ask", 2).is_("parked")
    assert "ZeroDivisionError" in saga.parked_message
    assert saga.unchanged_by(lambda: saga.updates("ask", 4))
    saga.deploys(takes(body(False))).resume().is_("running")
    assert [event.answer for event in saga.of(UpdateAnswered)] == [raw(0.5)]


def test_a_handler_that_cannot_be_called_parks_the_saga() -> None:
    """It has another number of parameters: the saga's bug, and not the engine's."""

    def body(broken: bool) -> Any:
        async def run(shop: Shop, go: Signal[int], ask: Update[int, Any], look: Query[int, Any]) -> None:
            async def nothing() -> int:
                return 0

            async def number(given: int) -> int:
                return given

            handler: Any = nothing if broken else number
            ask.handle(handler)
            await go

        return run

    saga = SagaDriver(takes(body(True))).start().updates("ask", 2).is_("parked")
    assert "takes 0 positional arguments" in saga.parked_message
    saga.restarts().deploys(takes(body(False))).resume().is_("running")
    assert [event.answer for event in saga.of(UpdateAnswered)] == [raw(2)]


def test_code_that_takes_the_update_no_more_is_found_out() -> None:
    """On replay it parks the saga, with a sentence."""

    async def before(shop: Shop, go: Signal[int], ask: Update[int, Any], look: Query[int, Any]) -> None:
        @ask.handle
        async def _(number: int) -> int:
            return number

        await go

    async def after(shop: Shop, go: Signal[int], ask: Update[int, Any], look: Query[int, Any]) -> None:
        await go

    saga = SagaDriver(takes(before)).start().updates("ask", 1).deploys(takes(after)).wake().is_("parked")
    assert "has no handler in the code any more" in saga.parked_message
    saga.deploys(takes(before)).resume().signals("go", 1).is_("completed")


# --- with a start


def start(value: str, city: str, id: str = "m-1") -> Start:
    return Start("order", 1, raw(value), sent=Asked("move", id, raw({"city": city})))


def test_update_with_start_begins_the_saga_and_asks_it() -> None:
    """In one row."""
    saga = SagaDriver(order, key="Rome").advance(start("Rome", "Oslo")).expects("shop.take")
    assert saga.new_events[:2] == ["SagaStarted", "SignalAwaited"]
    assert len(saga.rows) == 1
    assert saga.unchanged_by(lambda: saga.advance(start("Rome", "Oslo")))
    assert saga.verdict == Known()
    saga.advance(start("Rome", "Bonn", "m-2"))
    assert saga.verdict == Accepted(existing=True)


@pytest.mark.parametrize("city", ["", 7])
def test_where_the_update_is_refused_no_saga_begins(city: Any) -> None:
    """Neither is kept; a later start of the same key begins it."""
    saga = SagaDriver(order, key="Rome")
    assert saga.unchanged_by(lambda: saga.advance(start("Rome", city)))
    assert isinstance(saga.verdict, Declined | Unfit)
    assert not saga.machine.exists
    saga.advance(start("Rome", city), start("Rome", "Oslo"), start("Rome", city, "m-2")).is_("running")
    assert len(saga.of(UpdateAccepted)) == 1


# --- queries


def test_a_query_is_answered_as_the_saga_stands() -> None:
    """Running, paused, completed, compensated: always from its variables, and nothing is written."""
    saga = begun()
    assert saga.queries("where") == Answered(raw("Rome"))
    saga.updates("move", {"city": "Oslo"})
    assert saga.queries("where") == Answered(raw("Rome"))
    saga.succeeds("shop.take", "label").pauses()
    assert saga.queries("where") == Answered(raw("Oslo"))
    other = SagaDriver(order, key="Rome", rows=[]).start("Rome").cancel().is_("failed")
    assert other.queries("where") == Answered(raw("Rome"))
    saga.resume().signals("go", "now").succeeds("shop.lend", "x").is_("completed")
    assert saga.queries("where") == Answered(raw("Oslo"))


def test_queries_that_cannot_be_answered_say_why() -> None:
    """An unknown name, a wrong question, code that raises, meddles, or is gone."""

    async def body(shop: Shop, go: Signal[int], ask: Update[int, Any], look: Query[int, Any]) -> None:
        rung = asyncio.Event()
        waits = asyncio.create_task(rung.wait())
        await go

        @look.answer
        def _(number: int) -> float:
            if number == 3:
                rung.set()
            return 1 / number

        await go
        await waits

    saga = SagaDriver(takes(body)).start()
    assert isinstance(saga.queries("loook", 1), Unfit)
    assert isinstance(saga.queries("look", "x"), Unfit)
    assert "at this point" in _words(saga.queries("look", 1))
    saga.signals("go", 1)
    assert saga.queries("look", 2) == Answered(raw(0.5))
    assert "ZeroDivisionError" in _words(saga.queries("look", 0))
    assert "may only look" in _words(saga.queries("look", 3))
    assert "is not deployed" in _words(saga.deploys(order).queries("look", 2))


def _words(answer: Answered | NoAnswer | Unfit) -> str:
    assert isinstance(answer, NoAnswer)
    return answer.message
