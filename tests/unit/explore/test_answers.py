"""What participants answer: values of the contract's types, or those that were given."""

import datetime
import decimal
import enum
import uuid
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple, TypedDict

import msgspec
import pytest

from coordinator.explore.answers import Answers, UnusableAnswers, told_apart
from coordinator.explore.examples import NoExample, examples
from tests.sagas import Shop


class Colour(enum.Enum):
    """Two of them."""

    RED = "red"
    BLUE = "blue"


class Seat(msgspec.Struct, frozen=True):
    """Some of everything."""

    row: int
    window: bool
    note: str = ""
    beside: "Seat | None" = None


class Car(msgspec.Struct, tag="car"):
    """One of a union."""

    wheels: Annotated[int, msgspec.Meta(ge=3, multiple_of=2)]


class Boat(msgspec.Struct, tag="boat"):
    """Another."""

    length: Annotated[float, msgspec.Meta(gt=2.5)]


class Row(msgspec.Struct, tag="row", array_like=True):
    """A struct that is a list."""

    x: int


@dataclass
class Point:
    """A dataclass."""

    x: int


class Named(NamedTuple):
    """A named tuple."""

    x: int
    y: str


class Typed(TypedDict):
    """A typed dict."""

    x: int


TYPES: list[tuple[Any, list[str]]] = [
    (None, ["null"]),
    (bool, ["true", "false"]),
    (int, ["1"]),
    (str, ['"example"']),
    (Annotated[str, msgspec.Meta(min_length=9)], ['"example--"']),
    (Annotated[str, msgspec.Meta(max_length=3)], ['"exa"']),
    (Annotated[float, msgspec.Meta(lt=0)], ["-1"]),
    (Annotated[float, msgspec.Meta(gt=0, lt=1)], ["0.5"]),
    (Annotated[float, msgspec.Meta(gt=0.25, le=0.5)], ["0.375"]),
    (Annotated[int, msgspec.Meta(ge=-9, le=-5)], ["-5"]),
    (Literal["x", "y"], ['"x"', '"y"']),
    (Colour, ['"red"', '"blue"']),
    (int | None, ["1", "null"]),
    (list[int], ["[1]", "[]"]),
    (set[Colour], ['["red"]', '["blue"]', "[]"]),
    (Annotated[list[int], msgspec.Meta(min_length=2)], ["[1,1]"]),
    (dict[str, int], ['{"example":1}', "{}"]),
    (tuple[int, bool], ["[1,true]", "[1,false]"]),
    (tuple[int, ...], ["[1]", "[]"]),
    (Car | Boat, ['{"type":"car","wheels":4}', '{"type":"boat","length":4.0}']),
    (Row, ['["row",1]']),
    (Point, ['{"x":1}']),
    (Named, ['[1,"example"]']),
    (Typed, ['{"x":1}']),
    (datetime.date, ['"2026-01-01"']),
    (datetime.datetime, ['"2026-01-01T12:00:00Z"']),
    (Annotated[datetime.datetime, msgspec.Meta(tz=False)], ['"2026-01-01T12:00:00"']),
    (datetime.timedelta, ['"PT1H"']),
    (decimal.Decimal, ['"1"']),
    (uuid.UUID, ['"00000000-0000-4000-8000-000000000001"']),
    (bytes, ['""']),
    (Any, ['"example"']),
]


@pytest.mark.parametrize(("kind", "values"), TYPES, ids=[str(kind) for kind, _ in TYPES])
def test_values_of_a_type(kind: Any, values: list[str]) -> None:
    """A type with few values gives all of them, the plainest first; each is one that the type takes."""
    assert [bytes(value).decode() for value in examples(kind, 10)] == values


def test_one_field_at_a_time() -> None:
    """Values of an object differ in one field from the first; what may be left out is left out, if it has one value."""
    assert [bytes(value).decode() for value in examples(Seat, 4)] == [
        '{"row":1,"window":true}',
        '{"row":1,"window":false}',
        '{"row":1,"window":true,"beside":{"row":1,"window":true}}',
        '{"row":1,"window":true,"beside":{"row":1,"window":false}}',
    ]


def test_a_default_is_no_value_of_its_own() -> None:
    """A field that is left out is read as its default: only the other values are more."""

    class Approval(msgspec.Struct):
        by: str
        approved: bool = True

    assert [bytes(value).decode() for value in examples(Approval, 4)] == [
        '{"by":"example"}',
        '{"by":"example","approved":false}',
    ]


def test_a_type_without_an_example() -> None:
    """A pattern is not guessed."""
    with pytest.raises(NoExample, match="Expected `str` matching regex"):
        examples(Annotated[str, msgspec.Meta(pattern="^[0-9]{4}$")], 1)


def test_given_results_are_used() -> None:
    """A list is results; an object has results, refusals or both; what is not given is made up."""
    commands = Shop.commands
    given = {"shop.look": [7, 8], "shop.take": {"refusals": ["gone"]}}
    answers = Answers.read(given, {each.type: each for each in commands.values()})
    assert [bytes(each) for each in answers.results(commands["look"])] == [b"7", b"8"]
    assert answers.refusals(commands["look"]) == ("refused",)
    assert [bytes(each) for each in answers.results(commands["take"])] == [b'"example"']
    assert answers.refusals(commands["take"]) == ("gone",)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"shop.lok": [1]}, "name shop.lok, which the saga has no contract for: did you mean shop.look?"),
        ({"shop.look": ["x"]}, "A result of shop.look does not fit its contract: Expected `int`, got `str`."),
        ({"shop.look": 1}, "neither a list nor an object"),
        ({"shop.look": {"answers": [1]}}, "neither a list nor an object"),
    ],
)
def test_what_cannot_be_used(given: dict[str, Any], message: str) -> None:
    """The error says what does not fit."""
    with pytest.raises(UnusableAnswers) as error:
        Answers.read(given, {each.type: each for each in Shop.commands.values()})
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("results", "words"),
    [
        ([{"a": 1, "b": 2}, {"a": 1, "b": 3}], ["", '{"b":3}']),
        ([{"a": 1}, {}, {"a": 1, "c": 0}], ["", "{}", '{"a":1,"c":0}']),
        ([{}, {"c": 0}], ["", '{"c":0}']),
        ([1, None, "x"], ["", "null", '"x"']),
        ([{"a": 1}, None], ["", "null"]),
    ],
)
def test_results_are_told_apart(results: list[Any], words: list[str]) -> None:
    """Of objects, only what differs is shown."""
    assert told_apart([msgspec.Raw(msgspec.json.encode(each)) for each in results]) == words
