"""The graph of what really ran, in words and as a picture."""

import asyncio
from xml.etree import ElementTree

import pytest

from coordinator.catalogue.book_trip import book_trip
from coordinator.explore.exploration import explore
from coordinator.explore.graph import Graph
from coordinator.explore.mermaid import mermaid
from coordinator.explore.svg import svg
from coordinator.saga import StepError, saga
from tests.sagas import Shop
from tests.unit.explore.planted import PLANTED, names

TRIP = {"trip_id": "1", "traveller": "Ada", "destination": "Lisbon", "card": "4242", "pause": 60}


def edges(graph: Graph, back: bool) -> set[str]:
    """The edges of one direction, with their reasons, by what their ends are called."""
    labels = {node.id: node.label for node in graph.nodes}
    return {
        f"{labels[edge.source]} > {labels[edge.target]}" + (f" ({', '.join(edge.labels)})" if edge.labels else "")
        for edge in graph.edges
        if edge.back is back
    }


def test_the_demo() -> None:
    """The way forward, step by step; and from each step the undos that follow."""
    graph = explore(book_trip, TRIP).graph
    assert edges(graph, back=False) == {
        "start > flights.reserve",
        "flights.reserve > hotels.reserve",
        "hotels.reserve > time passes",
        "time passes > payments.charge",
        "payments.charge > flights.issue_ticket",
        "flights.issue_ticket > completed",
    }
    assert edges(graph, back=True) == {
        "flights.reserve > failed (is refused)",
        "flights.reserve > flights.release (fails, times out, is cancelled)",
        "hotels.reserve > flights.release (is refused)",
        "hotels.reserve > hotels.release (fails, times out, is cancelled)",
        "time passes > hotels.release (is cancelled)",
        "payments.charge > hotels.release (is refused)",
        "payments.charge > payments.refund (fails, times out, is cancelled)",
        "payments.refund > hotels.release",
        "payments.refund > parked (undo) (is given up)",
        "hotels.release > flights.release",
        "hotels.release > parked (undo) (is given up)",
        "flights.release > compensated",
        "flights.release > parked (undo) (is given up)",
    }


def test_branches_and_timeouts() -> None:
    """A step that is caught leads on with its reason; one that is not waited for leads to its own undo."""

    @saga(version=1)
    async def careful(shop: Shop) -> None:
        try:
            async with asyncio.timeout(3600):
                await shop.lend("a")
        except StepError:
            await shop.look("a")

    graph = explore(careful).graph
    forward, back = edges(graph, back=False), edges(graph, back=True)
    assert "shop.lend > shop.look (is refused, fails, times out)" in forward
    assert "shop.lend > completed" in forward
    assert "shop.lend > shop.collect (fails, times out, is not waited for, is cancelled)" in back


def test_mermaid() -> None:
    """Every node once and every edge once; what cannot be gone back behind is a hexagon."""
    graph = explore(book_trip, TRIP).graph
    lines = mermaid(graph).splitlines()
    assert lines[0] == "flowchart LR"
    assert '    step_3_payments_charge{{"payments.charge"}}' in lines
    assert '    undo_1_flights_reserve[/"flights.release"/]' in lines
    assert "    step_1_flights_reserve --> step_2_hotels_reserve" in lines
    assert '    step_2_hotels_reserve -.->|"is refused"| undo_1_flights_reserve' in lines
    assert len([line for line in lines if "->" in line]) == len(graph.edges)


@pytest.mark.parametrize("definition", [definition for definition, _, _ in PLANTED], ids=list(names()))
def test_a_picture_of_any_saga(definition: object) -> None:
    """The picture is XML, has every node in a place of its own within it, and an arrow for every edge."""
    assert isinstance(definition, type(book_trip))
    graph = explore(definition).graph
    root = ElementTree.fromstring(svg(graph))
    space = "{http://www.w3.org/2000/svg}"
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    spots = [
        (float(text.attrib["x"]), float(text.attrib["y"]))
        for frame in root.iter(f"{space}text")
        if frame.attrib["class"] == "name"
        for text in frame.iter(f"{space}tspan")
    ]
    assert len(set(spots)) == len(graph.nodes)
    assert all(0 < x < width and 0 < y < height for x, y in spots)
    arrows = [path for path in root.iter(f"{space}path") if "marker-end" in path.attrib]
    assert len(arrows) == len(graph.edges)


def test_a_picture_holds_its_words() -> None:
    """Names are escaped, and stand where people read them."""
    picture = svg(explore(book_trip, TRIP).graph)
    assert ">payments.charge<" in picture
    assert ">times out<" in picture
