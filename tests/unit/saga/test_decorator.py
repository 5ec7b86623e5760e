"""``@saga``: what becomes a definition, and what is an error at import."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from contracts import Contract, command
from contracts.values import UnreadableValue
from coordinator.saga import SagaDefinition, saga
from tests.sagas import Shop


class Trip(msgspec.Struct, frozen=True):
    """An input."""

    trip_id: str
    stops: list[str] = []


class Other(Contract, name="other"):
    """A second participant."""

    @command(nothing_to_undo=True)
    async def look(self) -> int:
        """Looks."""
        ...


@saga(version=2, key="{trip.trip_id}", deadline="48h")
async def book(trip: Trip, shop: Shop, other: Other) -> str:
    """Book a trip.

    In two lines.
    """
    return trip.trip_id


def test_what_a_definition_knows() -> None:
    """Everything comes from the function: name, version, input, contracts, commands, result, words."""
    assert isinstance(book, SagaDefinition)
    assert (book.name, book.version, book.deadline_ms) == ("book", 2, 48 * 3_600_000)
    assert (book.input_name, book.input_type, book.result_type) == ("trip", Trip, str)
    assert dict(book.contracts) == {"shop": Shop, "other": Other}
    assert book.commands["shop.take"] is Shop.take
    assert book.commands["other.look"] is Other.look
    assert book.doc == "Book a trip.\n\nIn two lines."
    assert repr(book) == "<saga book v2>"


def test_a_saga_without_input_and_contracts() -> None:
    """Both are optional; without an input only null is one."""

    @saga(version=1)
    async def idle() -> None: ...

    assert idle.input_name is None
    assert idle.read_input(b"null") is None
    with pytest.raises(UnreadableValue):
        idle.read_input(b"{}")


def test_another_name() -> None:
    """The function's name unless another is given."""

    @saga(version=1, name="other_name")
    async def some_function() -> None: ...

    assert some_function.name == "other_name"


@pytest.mark.parametrize("deadline", ["36h", 36 * 3600, timedelta(hours=36)])
def test_deadlines_as_people_write_them(deadline: Any) -> None:
    """Text, seconds, or a timedelta."""

    @saga(version=1, deadline=deadline)
    async def timed() -> None: ...

    assert timed.deadline_ms == 36 * 3_600_000


def plain(trip: Trip) -> None: ...


async def unannotated(trip, shop: Shop) -> None: ...  # type: ignore[no-untyped-def]


async def two_inputs(trip: Trip, other: Trip, shop: Shop) -> None: ...


async def input_last(shop: Shop, trip: Trip) -> None: ...


async def variable(trip: Trip, *rest: Shop) -> None: ...


async def keywords(trip: Trip, **rest: Shop) -> None: ...


async def generating(trip: Trip) -> Any:
    yield 1


async def Capital(trip: Trip) -> None: ...  # noqa: N802


async def fine(trip: Trip, shop: Shop) -> None: ...


async def untyped_contract(trip: Trip, shop: "Shop | None") -> None: ...


@pytest.mark.parametrize(
    ("function", "settings", "words"),
    [
        (plain, {}, "`async def`"),
        (generating, {}, "`async def`"),
        (unannotated, {}, "annotate trip"),
        (two_inputs, {}, "one input first, then contracts, signals, updates and queries; found (trip, other, shop)"),
        (input_last, {}, "one input first"),
        (variable, {}, "no * or **"),
        (keywords, {}, "no * or **"),
        (untyped_contract, {}, "one input first"),
        (Capital, {}, "lower-case letters"),
        (fine, {"version": 0}, "count from 1"),
        (fine, {"name": "a b"}, "lower-case letters"),
        (fine, {"deadline": "soon"}, "is not a duration"),
        (fine, {"key": "{trip_id}"}, "{trip.…}"),
        (fine, {"key": "{shop.name}"}, "{trip.…}"),
        (fine, {"key": "{}"}, "{trip.…}"),
        (fine, {"key": "{trip.trip_id"}, "not a template"),
        (fine, {"key": "always the same"}, "the same key for every saga"),
        (fine, {"key": "{trip.id}"}, "Trip has no field id"),
    ],
)
def test_what_is_no_saga(function: Callable[..., Any], settings: dict[str, Any], words: str) -> None:
    """An error at import that names the saga and says what to write."""
    with pytest.raises((TypeError, ValueError)) as raised:
        saga(**{"version": 1, **settings})(function)
    assert words in str(raised.value)


def test_a_key_needs_an_input() -> None:
    """A template over nothing."""

    async def idle(shop: Shop) -> None: ...

    with pytest.raises(TypeError, match="takes no input"):
        saga(version=1, key="{trip.trip_id}")(idle)


def test_the_key_comes_from_the_input() -> None:
    """Attributes, items, and text around them."""
    assert book.key_of(Trip("t-1")) == "t-1"

    @saga(version=1, key="{trip.trip_id}-{trip.stops[0]}")
    async def with_stop(trip: Trip) -> None: ...

    assert with_stop.key_of(Trip("t-1", ["LIS"])) == "t-1-LIS"
    with pytest.raises(UnreadableValue, match="has no key"):
        with_stop.key_of(Trip("t-1"))

    @saga(version=1, key="{order[id]}")
    async def by_item(order: dict[str, Any]) -> None: ...

    assert by_item.key_of({"id": 7}) == "7"
    with pytest.raises(UnreadableValue, match="has no key"):
        by_item.key_of({"number": 7})


def test_without_a_template_the_key_is_given() -> None:
    """It says so."""

    @saga(version=1)
    async def free(trip: Trip) -> None: ...

    with pytest.raises(UnreadableValue, match="give a key"):
        free.key_of(Trip("t-1"))


def test_an_input_is_read_strictly() -> None:
    """The error names the place."""
    assert book.read_input(b'{"trip_id":"t-1"}') == Trip("t-1")
    with pytest.raises(UnreadableValue, match=r"\$\.stops\[1\]"):
        book.read_input(b'{"trip_id":"t-1","stops":["a",1]}')
