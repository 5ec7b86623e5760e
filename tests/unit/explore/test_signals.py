"""Signals: whatever may come, in time, too late or not at all, and only so often."""

import asyncio
from typing import Annotated, Any
from xml.etree import ElementTree

import msgspec
import pytest

from coordinator.explore.answers import UnusableAnswers
from coordinator.explore.exploration import Exploration, explore
from coordinator.explore.graph import Shape
from coordinator.explore.mermaid import mermaid
from coordinator.explore.search import Bound
from coordinator.explore.svg import svg
from coordinator.saga import Refused, Signal, saga
from tests.sagas import Shop


class Approval(msgspec.Struct):
    """A person's answer."""

    by: str
    approved: bool = True


@saga(version=1)
async def buy(shop: Shop, approval: Signal[Approval]) -> None:
    """Takes, asks, pays."""
    await shop.take("a")
    if not (await approval).approved:
        raise Refused("not_approved")
    await shop.pay(1)


@saga(version=1)
async def asks(approval: Signal[bool]) -> str:
    """Waits a minute at most."""
    try:
        async with asyncio.timeout(60):
            return "yes" if await approval else "no"
    except TimeoutError:
        return "nobody answered"


@saga(version=1)
async def listens(note: Signal[str]) -> None:
    """Hears notes until it is told to stop."""
    async for each in note:
        if each == "stop":
            return


def whats(found: Exploration) -> set[str]:
    """All that may happen, one by one."""
    return {str(each) for outcome in found.outcomes for each in outcome.happened}


def test_a_signal_of_either_sort() -> None:
    """Approved it is paid; not approved, or cancelled at the signal, it is undone."""
    found = explore(buy)
    # The step: refused 1, failed 2, timed out 4, cancelled 4. The signal: no 2, cancelled 2. The payment: refused 2,
    # failed 4, timed out 8, cancelled 8. Or all goes well.
    assert found.ways == 11 + 4 + 22 + 1
    assert found.complete
    assert not found.findings
    back = {str(each.happened[0]): each.undone for each in found.outcomes if each.ends == "compensated"}
    assert back['the saga is sent approval {"approved":false}'] == ("shop.take",)
    assert back["the saga is cancelled at the signal approval"] == ("shop.take",)
    (plain,) = (each for each in found.outcomes if not each.happened)
    assert plain.path == ("shop.take (step 1) succeeds", "the signal approval comes", "shop.pay (step 2) succeeds")


def test_a_signal_in_time_and_too_late() -> None:
    """It comes one way or the other, time passes, or the saga is cancelled meanwhile."""
    found = explore(asks)
    assert found.ways == 2 + 1 + 1
    assert whats(found) == {
        "the saga is sent approval false",
        "the saga sees time pass at the signal approval",
        "the saga is cancelled at the signal approval",
    }


def test_the_deadline_passes_at_a_signal() -> None:
    """Nobody answers until the saga's time is over."""

    @saga(version=1, deadline="1d")
    async def patient(approval: Signal[None]) -> None:
        await approval

    found = explore(patient)
    assert found.ways == 3
    assert "the saga passes its deadline at the signal approval" in whats(found)


@pytest.mark.parametrize(("most", "ways"), [(1, 2), (2, 3)])
def test_a_stream_is_bounded(most: int, ways: int) -> None:
    """So many signals come and no more: it is cancelled before each and behind the last, and the cut is named."""
    found = explore(listens, bound=Bound(signals=most))
    assert found.ways == ways
    assert found.cut == (
        f"On no way were there more than {most} signals of one name, and the saga waits for more: note. Ask for more "
        "with --most-signals.",
    )


def test_given_values_are_what_comes() -> None:
    """Each value is a way of its own."""
    found = explore(listens, signals={"note": ["go", "stop"]}, bound=Bound(signals=2))
    # Cancelled at the first, at the second or when no more come; or stopped by the first or the second.
    assert found.ways == 3 + 2
    assert explore(listens, signals={"note": ["stop"]}).complete


def test_places_differ_by_what_was_heard() -> None:
    """What the code did not look at yet, it may look at later."""

    @saga(version=1)
    async def remembers(shop: Shop, gift: Signal[bool]) -> str:
        wrapped = await gift
        await shop.look("a")
        return "wrapped" if wrapped else "plain"

    completed = [each for each in explore(remembers).outcomes if each.ends == "completed"]
    assert [[str(one) for one in each.happened] for each in completed] == [[], ["the saga is sent gift false"]]


def test_signals_beside_steps() -> None:
    """Either may be first; both orders are gone through."""

    @saga(version=1)
    async def both(shop: Shop, note: Signal[str]) -> None:
        await asyncio.gather(shop.look("a"), note.next())

    found = explore(both)
    # Both in either order: 2. The step is refused, fails, times out or is cancelled before the note: 4, or behind it:
    # 4. Cancelled when only the note is missing: 1.
    assert found.ways == 2 + 4 + 4 + 1


def test_a_look_without_a_wait_is_cut() -> None:
    """What is there already is only seen by code that does not wait; that it was not gone through is said."""

    @saga(version=1)
    async def glances(shop: Shop, stop: Signal[str]) -> None:
        try:
            async with asyncio.timeout(0):
                await stop
        except TimeoutError:
            await shop.look("a")

    (cut,) = explore(glances).cut
    assert "The saga waits for the signal stop and lets go of it at once" in cut


def test_values_beyond_those_made_up_are_cut() -> None:
    """A type of many values is named."""

    @saga(version=1)
    async def rated(stars: Signal[tuple[bool, bool, bool, bool]]) -> None:
        await stars

    (cut,) = explore(rated).cut
    assert cut == "The signals stars may bring more than was made up from their types. Give the values that matter."


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"aproval": [{}]}, "The signals name aproval, which the saga does not take: did you mean approval?"),
        ({"approval": [{"by": 1}]}, "A value of the signal approval does not fit its type: Expected `str`, got `int`"),
        ({"approval": {"by": "Ann"}}, "What the signal approval brings is no list of one value or more."),
        ({"approval": []}, "What the signal approval brings is no list of one value or more."),
    ],
)
def test_values_that_cannot_be_used(given: dict[str, Any], message: str) -> None:
    """The error says what does not fit."""
    with pytest.raises(UnusableAnswers) as error:
        explore(buy, signals=given)
    assert message in str(error.value)


def test_a_value_that_cannot_be_made_up() -> None:
    """The error says where to give one."""

    @saga(version=1)
    async def secretive(word: Signal[Annotated[str, msgspec.Meta(pattern="^[0-9]{4}$")]]) -> None:
        await word

    with pytest.raises(UnusableAnswers, match=r"What the signal word brings could not be made up.*--signals"):
        explore(secretive)


def test_the_graph() -> None:
    """A signal is a place of its own, which leads on when it comes and back when the saga is cancelled there."""
    graph = explore(buy).graph
    (node,) = (each for each in graph.nodes if each.shape is Shape.SIGNAL)
    assert node.label == "signal approval"
    labels = {each.id: each.label for each in graph.nodes}
    leads = {labels[edge.target]: edge.labels for edge in graph.edges if edge.source == node.id}
    assert leads == {"shop.pay": (), "shop.give_back": ("comes", "is cancelled")}
    assert [labels[edge.source] for edge in graph.edges if edge.target == node.id] == ["shop.take"]


def test_the_picture() -> None:
    """As text it is a flag; drawn, a box with a notch."""
    graph = explore(buy).graph
    assert '    signal_1_approval>"signal approval"]' in mermaid(graph).splitlines()
    frames = ElementTree.fromstring(svg(graph)).iter("{http://www.w3.org/2000/svg}polygon")
    assert [frame.attrib["class"] for frame in frames] == ["signal", "pivot"]


def test_a_timeout_in_the_graph() -> None:
    """Time passes beside the signal, and leads on by itself."""

    @saga(version=1)
    async def reminds(shop: Shop, approval: Signal[None]) -> None:
        try:
            async with asyncio.timeout(60):
                await approval
        except TimeoutError:
            await shop.look("a")

    graph = explore(reminds).graph
    labels = {each.id: each.label for each in graph.nodes}
    edges = {(labels[edge.source], labels[edge.target]) for edge in graph.edges if not edge.back}
    assert ("time passes", "shop.look") in edges
    assert ("signal approval", "completed") in edges
