"""What a saga's parameters declare beside its input and its contracts: signals, updates and queries."""

from dataclasses import dataclass
from typing import Annotated, Any, get_args, get_origin

import msgspec

from contracts.ids import check_name
from contracts.values import UnreadableValue, read_as


@dataclass(frozen=True, slots=True, eq=False)
class ValueType:
    """What comes from outside under a name, and its type."""

    name: str
    type: Any
    decoder: "msgspec.json.Decoder[Any]"

    def read(self, data: bytes | msgspec.Raw) -> Any:
        """The value as the saga's code gets it. Raises UnreadableValue that says what does not fit, and where."""
        try:
            return read_as(data, self.decoder)
        except UnreadableValue:
            raise
        except Exception as error:  # of the type's own code
            raise UnreadableValue(f"{type(error).__name__}: {error}") from error


@dataclass(frozen=True, slots=True, eq=False)
class AnsweredType(ValueType):
    """A request that comes from outside under a name, and what it is answered with."""

    answer_type: Any


def value_type(what: str, name: str, annotation: Any) -> ValueType:
    """Of ``Signal[T]``. Raises ValueError for a name that cannot stand in an address."""
    (type_,) = _arguments(annotation, 1)
    return ValueType(check_name(name, what), type_, msgspec.json.Decoder(type_))


def answered_type(what: str, name: str, annotation: Any) -> AnsweredType:
    """Of ``Update[T, A]`` or ``Query[T, A]``. Raises ValueError for a name that cannot stand in an address."""
    request, answer = _arguments(annotation, 2)
    return AnsweredType(check_name(name, what), request, msgspec.json.Decoder(request), answer)


def is_a(annotation: Any, generic: type) -> bool:
    """Whether a parameter with this annotation is one of that class."""
    bare = _bare(annotation)
    return bare is generic or get_origin(bare) is generic


def check_not_inside(name: str, annotation: Any, generic: type) -> None:
    """Raises TypeError for one inside of something else: that would be an input that nobody could send."""
    if not is_a(annotation, generic) and any(_mentions(each, generic) for each in get_args(annotation)):
        word = generic.__name__
        raise TypeError(f"{name} has a {word.lower()} inside of something else: write '{name}: {word}[…]'.")


def _mentions(annotation: Any, generic: type) -> bool:
    return is_a(annotation, generic) or any(_mentions(each, generic) for each in get_args(annotation))


def _arguments(annotation: Any, count: int) -> tuple[Any, ...]:
    return get_args(_bare(annotation)) or (Any,) * count


def _bare(annotation: Any) -> Any:
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation
