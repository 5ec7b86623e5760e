"""Values made from types: what a participant might answer, for whoever explores a saga without one.

A type that has few values (``bool``, an enum, ``Literal``, ``X | None``, a union, a list that may be empty) gives all
of them, one after the other, since those are what sagas branch on. Of numbers and texts there is one of each.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

import msgspec
from msgspec import inspect

DEEPEST = 8
"""How many types may stand in each other: recursive types end there."""


class NoExample(Exception):
    """No value could be made for the type; the message says which, and why."""


def examples(kind: Any, limit: int) -> list[msgspec.Raw]:
    """At most ``limit`` different values of the type, as JSON. Raises NoExample when there is none that fits.

    A field that is left out and one that has its default are the same to whoever reads them, and so one value.
    """
    decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(kind)
    found: dict[bytes, msgspec.Raw] = {}
    why = "there is nothing to make one from"
    for value in islice(_values(inspect.type_info(kind), 0), limit * 4):
        data = msgspec.json.encode(value)
        try:
            meant = msgspec.json.encode(decoder.decode(data))
        except msgspec.ValidationError as error:
            why = str(error)
            continue
        found.setdefault(meant, msgspec.Raw(data))
        if len(found) == limit:
            break
    if not found:
        raise NoExample(f"No value of the type {kind!r} could be made up: {why}.")
    return list(found.values())


def _values(kind: inspect.Type, depth: int) -> Iterator[Any]:
    """The type's values, those that come first being the plainest."""
    if depth > DEEPEST:
        return
    match kind:
        case inspect.UnionType(types):
            # What says most comes first: a value rather than null.
            for each in sorted(types, key=lambda one: isinstance(one, inspect.NoneType)):
                yield from _values(each, depth + 1)
        case inspect.EnumType(cls):
            yield from (member.value for member in cls)
        case inspect.LiteralType(values):
            yield from values
        case inspect.StructType() | inspect.DataclassType() | inspect.TypedDictType() | inspect.NamedTupleType():
            yield from _objects(kind, depth)
        case inspect.ListType() | inspect.SetType() | inspect.FrozenSetType() | inspect.VarTupleType():
            yield from _lists(kind, depth)
        case inspect.TupleType(item_types):
            yield from _combined(list(item_types), depth, list)
        case inspect.DictType(key_type, value_type):
            yield from (
                {str(key): value}
                for key, value in zip(_values(key_type, depth + 1), _values(value_type, depth + 1), strict=False)
            )
            yield {}
        case inspect.Metadata(type=inner):
            yield from _values(inner, depth)
        case _:
            yield from _plain(kind)


def _plain(kind: inspect.Type) -> Iterable[Any]:
    match kind:
        case inspect.BoolType():
            return (True, False)
        case inspect.IntType() | inspect.FloatType():
            return (_number(kind),)
        case inspect.StrType(min_length=shortest, max_length=longest):
            return ("example".ljust(shortest or 0, "-")[:longest],)
        case inspect.DateTimeType(tz):
            return ("2026-01-01T12:00:00" if tz is False else "2026-01-01T12:00:00Z",)
        case inspect.TimeType(tz):
            return ("12:00:00" if tz is False else "12:00:00Z",)
        case inspect.AnyType() | inspect.RawType():
            return ("example",)
        case _:
            return _PLAIN.get(type(kind), ())


_PLAIN: Mapping[type[inspect.Type], tuple[Any, ...]] = {
    inspect.NoneType: (None,),
    inspect.BytesType: ("",),
    inspect.ByteArrayType: ("",),
    inspect.DateType: ("2026-01-01",),
    inspect.TimeDeltaType: ("PT1H",),
    inspect.UUIDType: ("00000000-0000-4000-8000-000000000001",),
    inspect.DecimalType: ("1",),
}


def _number(kind: inspect.IntType | inspect.FloatType) -> float:
    """The smallest whole number from 1 up that its bounds allow, or the largest below; or what is between them."""
    step = kind.multiple_of or 1
    lowest = kind.ge if kind.ge is not None else None if kind.gt is None else kind.gt + step
    highest = kind.le if kind.le is not None else None if kind.lt is None else kind.lt - step
    number = max(1, -(-(lowest or 0) // step) * step, step if kind.multiple_of else 1)
    if highest is None or number <= highest:
        return number
    below = highest // step * step
    if isinstance(kind, inspect.FloatType) and kind.multiple_of is None and below < (lowest or below):
        return (_floor(kind) + _ceiling(kind)) / 2
    return below


def _floor(kind: inspect.FloatType) -> float:
    return next(bound for bound in (kind.gt, kind.ge, 0.0) if bound is not None)


def _ceiling(kind: inspect.FloatType) -> float:
    return next(bound for bound in (kind.lt, kind.le, 0.0) if bound is not None)


def _lists(kind: Any, depth: int) -> Iterator[Any]:
    shortest: int = kind.min_length or 0
    for value in _values(kind.item_type, depth + 1):
        yield [value] * max(1, shortest)
    if not shortest:
        yield []


def _objects(kind: Any, depth: int) -> Iterator[Any]:
    """All that is required and nothing else; then each field with each of its other values."""
    fields = list(kind.fields)
    names = [field.encode_name for field in fields]
    as_list = isinstance(kind, inspect.NamedTupleType)
    tag: dict[str, Any] = {}
    if isinstance(kind, inspect.StructType):
        as_list = kind.array_like
        tag = {} if kind.tag_field is None else {kind.tag_field: kind.tag}

    def build(values: list[Any]) -> Any:
        present = {name: value for name, value in zip(names, values, strict=True) if value is not _LEFT_OUT}
        return [*tag.values(), *present.values()] if as_list else {**tag, **present}

    def values_of(field: Any) -> Iterator[Any]:
        if field.required or as_list:
            yield from _values(field.type, depth + 1)
            return
        yield _LEFT_OUT
        several = list(islice(_values(field.type, depth + 1), 8))
        yield from several if len(several) > 1 else ()

    yield from _varied([lambda field=field: values_of(field) for field in fields], build)


def _combined(kinds: list[inspect.Type], depth: int, build: Callable[[list[Any]], Any]) -> Iterator[Any]:
    yield from _varied([lambda kind=kind: _values(kind, depth + 1) for kind in kinds], build)


def _varied(parts: list[Callable[[], Iterator[Any]]], build: Callable[[list[Any]], Any]) -> Iterator[Any]:
    """Every part with its first value; then one part at a time with each of its others: a sum, and no product."""
    first = [next(part(), _NONE) for part in parts]
    if any(value is _NONE for value in first):
        return
    yield build(first)
    for place, part in enumerate(parts):
        for value in islice(part(), 1, None):
            yield build([*first[:place], value, *first[place + 1 :]])


_LEFT_OUT = object()
_NONE = object()
