"""Updates: whatever is asked of a running saga, at every await where its code takes it."""

import asyncio
from typing import Any
from xml.etree import ElementTree

import msgspec
import pytest

from coordinator.explore.answers import UnusableAnswers
from coordinator.explore.driver import Driver
from coordinator.explore.exploration import Exploration, explore
from coordinator.explore.findings import Finding, Kinds
from coordinator.explore.graph import Shape
from coordinator.explore.mermaid import mermaid
from coordinator.explore.search import Bound
from coordinator.explore.svg import svg
from coordinator.saga import Refused, SagaDefinition, Signal, Update, saga
from tests.sagas import Shop


class Move(msgspec.Struct):
    """Where to, and whether at once."""

    city: str
    express: bool = True


@saga(version=1)
async def order(shop: Shop, go: Signal[None], move: Update[Move, int]) -> None:
    """Keeps an address that can be changed until it is sent."""
    sent = False

    @move.check
    def _(to: Move) -> None:
        if sent:
            raise Refused("sent")

    @move.handle
    async def _(to: Move) -> int:
        return await shop.look(to.city)

    await go
    sent = True
    await shop.look("sends")


def takes(body: Any) -> SagaDefinition:
    """A saga whose body is given, with an update of whole numbers."""

    @saga(version=1, name="takes")
    async def definition(shop: Shop, go: Signal[None], ask: Update[int, Any]) -> Any:
        return await body(shop, go, ask)

    return definition


def whats(found: Exploration) -> set[str]:
    """All that may happen, one by one."""
    return {str(each) for outcome in found.outcomes for each in outcome.happened}


def finding(found: Exploration) -> Finding:
    """The only one."""
    (one,) = found.findings
    return one


def test_an_update_comes_where_the_code_takes_it() -> None:
    """With each value, and nowhere behind the check's no."""
    found = explore(order)
    assert not found.findings
    asked = {what for what in whats(found) if "asked" in what}
    assert asked == {
        "the saga is asked move at the signal go",
        'the saga is asked move {"express":false} at the signal go',
    }
    (plain,) = (each for each in found.outcomes if not each.happened)
    assert plain.path == ("the signal go comes", "shop.look (step 1) succeeds")


def test_the_ways() -> None:
    """All are there: counted by hand."""

    async def body(shop: Shop, go: Signal[None], ask: Update[int, Any]) -> None:
        @ask.handle
        async def _(number: int) -> int:
            return number

        await go

    # The update comes or does not, and then the signal, or the saga is cancelled.
    assert explore(takes(body)).ways == 2 * 2
    assert explore(takes(body), bound=Bound(updates=2)).ways == 3 * 2
    assert explore(takes(body), bound=Bound(updates=0)).ways == 2


@pytest.mark.parametrize("most", [0, 1, 2])
def test_how_many_come_is_said(most: int) -> None:
    """More could, so this is not everything there is."""
    assert explore(order, updates={"move": [{"city": "Oslo"}]}, bound=Bound(updates=most)).cut == (
        f"On no way were there more than {most} of one update, and the saga takes more: move. Ask for more with "
        "--most-updates.",
    )


def test_an_update_that_is_taken_once_is_explored_to_the_end() -> None:
    """Nothing is cut where the code takes no more."""

    async def body(shop: Shop, go: Signal[None], ask: Update[int, Any]) -> None:
        asked: list[int] = []

        @ask.check
        def _(number: int) -> None:
            if asked:
                raise Refused("enough")

        @ask.handle
        async def _(number: int) -> None:
            asked.append(number)

        await go

    assert explore(takes(body)).complete


def test_an_update_beside_steps() -> None:
    """Its handler's steps are answered before and behind those of the saga's own code."""

    async def body(shop: Shop, go: Signal[None], ask: Update[int, Any]) -> str:
        seen: list[int] = []

        @ask.handle
        async def _(number: int) -> None:
            seen.append(await shop.look("asked"))

        first = await shop.look("own")
        return f"{seen} {first}"

    found = explore(takes(body))
    ends = [[str(each) for each in one.happened] for one in found.outcomes if one.ends == "completed"]
    asked = "the saga is asked ask at shop.look (step 1)"
    assert [] in ends
    assert [asked] in ends
    assert [asked, "shop.look (step 2) is refused", "the saga refuses ask (refused)"] in ends
    assert not found.findings


def test_what_a_handler_did_is_undone() -> None:
    """When the saga goes back later."""

    async def body(shop: Shop, go: Signal[None], ask: Update[int, Any]) -> None:
        @ask.handle
        async def _(number: int) -> None:
            await shop.take("asked")

        await go
        raise Refused("after all")

    found = explore(takes(body))
    assert not found.findings
    assert {each.undone for each in found.outcomes if each.ends == "compensated"} == {("shop.take",)}


def test_a_handler_without_an_undo() -> None:
    """The command is never sent, and the line is that of the handler."""

    async def body(shop: Shop, go: Signal[None], ask: Update[int, Any]) -> None:
        @ask.handle
        async def _(number: int) -> None:
            await shop.lose("asked")

        await go

    found = finding(explore(takes(body)))
    assert found.kind is Kinds.MISSING_UNDO
    assert found.path == ("the update ask comes",)


def test_a_pivot_in_a_handler() -> None:
    """It is called beside a step that may still fail; and where none is out, it is the saga's point of no return."""

    async def body(shop: Shop, go: Signal[None], ask: Update[int, Any]) -> None:
        @ask.handle
        async def _(number: int) -> None:
            await shop.pay(number)

        await shop.take("own")

    kinds = {each.kind for each in explore(takes(body)).findings}
    assert Kinds.UNSETTLED_AT_PIVOT in kinds


def test_a_bug_in_a_handler() -> None:
    """It parks the saga; the finding has its line."""

    async def body(shop: Shop, go: Signal[None], ask: Update[int, Any]) -> None:
        @ask.handle
        async def _(number: int) -> float:
            return 1 / (number - 1)

        await go

    found = finding(explore(takes(body)))
    assert found.kind is Kinds.CODE_STOPS
    assert "ZeroDivisionError" in found.message
    assert found.path == ("the update ask comes",)
    assert found.source == _line_of("return 1 / (number - 1)")


def test_a_check_that_is_no_check() -> None:
    """A bug there refuses everybody: it is named, though the saga goes on."""

    async def body(shop: Shop, go: Signal[None], ask: Update[int, Any]) -> None:
        @ask.check
        def _(number: int) -> None:
            raise KeyError(number)

        @ask.handle
        async def _(number: int) -> None: ...

        await go

    found = finding(explore(takes(body)))
    assert found.kind is Kinds.CHECK_FAILS
    assert found.message == (
        "The check of the update ask raised KeyError: 1. Let it raise Refused where it says no, and change nothing."
    )


def test_an_update_that_is_never_answered() -> None:
    """Its handler waits for something that the code does not bring; the saga cannot end."""

    async def body(shop: Shop, go: Signal[None], ask: Update[int, Any]) -> None:
        confirmed = asyncio.Event()

        @ask.handle
        async def never(number: int) -> None:
            await confirmed.wait()

        await go

    found = finding(explore(takes(body)))
    assert found.kind is Kinds.UPDATE_UNANSWERED
    assert "The update ask is taken and never answered" in found.message
    assert found.path == ("the update ask comes", "the signal go comes")
    assert found.source == _line_of("async def never(number: int)", before=1)


def test_code_that_waits_for_an_update() -> None:
    """It is not said to wait for nothing: an update may bring it."""

    async def body(shop: Shop, go: Signal[None], ask: Update[int, Any]) -> int:
        asked: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        @ask.handle
        async def _(number: int) -> None:
            asked.set_result(number)

        return await asked

    driver = Driver(takes(body))
    driver.start()
    assert driver.status == "running"
    driver.update("ask", 7)
    assert (driver.status, driver.outcome) == ("completed", {"result": 7})
    found = explore(takes(body))
    assert not found.findings
    assert whats(found) == {"the saga is asked ask while it waits", "the saga is cancelled while it waits"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"mov": [{}]}, "The updates name mov, which the saga does not take: did you mean move?"),
        ({"move": [{"city": 1}]}, "A value of the update move does not fit its type: Expected `str`, got `int`"),
        ({"move": []}, "What the update move brings is no list of one value or more."),
    ],
)
def test_values_that_cannot_be_used(given: dict[str, Any], message: str) -> None:
    """The error says what does not fit."""
    with pytest.raises(UnusableAnswers) as error:
        explore(order, updates=given)
    assert message in str(error.value)


def test_given_values_are_what_comes() -> None:
    """Those that matter to the code."""
    found = explore(order, updates={"move": [{"city": "Oslo"}, {"city": "Bonn"}]})
    assert 'the saga is asked move {"city":"Bonn"} at the signal go' in whats(found)


def test_the_graph() -> None:
    """An update comes from where the saga stands, and leads to what its handler asks for."""
    graph = explore(order).graph
    (node,) = (each for each in graph.nodes if each.shape is Shape.UPDATE)
    assert node.label == "update move"
    labels = {each.id: each.label for each in graph.nodes}
    assert {(labels[each.source], each.labels) for each in graph.edges if each.target == node.id} == {
        ("signal go", ("is asked",))
    }
    assert {labels[each.target] for each in graph.edges if each.source == node.id} == {"shop.look"}


def test_the_picture() -> None:
    """As text and drawn, it has double sides."""
    graph = explore(order).graph
    assert '    update_1_move[["update move"]]' in mermaid(graph).splitlines()
    frames = ElementTree.fromstring(svg(graph)).iter("{http://www.w3.org/2000/svg}rect")
    assert "update" in [frame.attrib["class"] for frame in frames]


def _line_of(code: str, before: int = 0) -> str:
    with open(__file__, encoding="utf-8") as file:
        line = next(number for number, text in enumerate(file, 1) if code in text)
    return f"unit/explore/test_updates.py:{line - before}"
