"""Signals as a saga's author sees them: parameters of the saga, awaited or iterated over."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar, get_args, get_origin
from zlib import crc32

import msgspec

from contracts.ids import check_name
from contracts.values import UnreadableValue, read_as
from coordinator.saga.runtime import SagaRuntime, check_inside

T = TypeVar("T")


class Signal(Generic[T]):
    """Values that somebody outside sends to the saga, each taken once, in the order in which they came.

    Declared as a parameter of the saga; its name is the signal's name::

        async def buy(order: Order, approval: Signal[Approval]) -> None:
            decision = await approval          # the oldest that is kept, or the next that comes
            async for each in approval: ...    # one after another, without an end

    What comes before it is asked for is kept. A wait lasts as long as it takes, seconds or years; bound it with
    ``asyncio.timeout``. Outside of its saga it raises OutsideOfSaga.
    """

    __slots__ = ("_name", "_runtime")

    def __init__(self, name: str, runtime: SagaRuntime) -> None:
        self._name = name
        self._runtime = runtime

    async def next(self) -> T:
        """The same as awaiting the signal itself; for ``asyncio.create_task`` and its like, which want a coroutine."""
        check_inside(
            self._runtime, f"The signal {self._name} can only be awaited while its saga runs, and by the saga itself."
        )
        return await self._runtime.next_signal(self._name)

    def __await__(self) -> Generator[Any, Any, T]:
        return self.next().__await__()

    def __aiter__(self) -> "Signal[T]":
        return self

    async def __anext__(self) -> T:
        return await self.next()

    def __bool__(self) -> bool:
        raise TypeError(f"The signal {self._name} is neither true nor false: await it.")

    def __hash__(self) -> int:
        return crc32(self._name.encode())  # not the address: sets of signals iterate alike on every replay

    def __eq__(self, other: object) -> bool:
        return self is other

    def __repr__(self) -> str:
        return f"<signal {self._name}>"


@dataclass(frozen=True, slots=True, eq=False)
class SignalType:
    """A signal that a definition takes."""

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


def is_signal(annotation: Any) -> bool:
    """Whether a parameter with this annotation takes signals."""
    annotation = _bare(annotation)
    return annotation is Signal or get_origin(annotation) is Signal


def check_not_inside(name: str, annotation: Any) -> None:
    """Raises TypeError for a signal inside of something else: that would be an input that nobody could send."""
    if not is_signal(annotation) and any(map(_mentions_signal, get_args(annotation))):
        raise TypeError(f"{name} has a signal inside of something else: write '{name}: Signal[…]'.")


def _mentions_signal(annotation: Any) -> bool:
    return is_signal(annotation) or any(map(_mentions_signal, get_args(annotation)))


def _bare(annotation: Any) -> Any:
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


def signal_type(name: str, annotation: Any) -> SignalType:
    """The signal that a parameter declares. Raises ValueError for a name that cannot stand in an address."""
    type_: Any = (get_args(_bare(annotation)) or (Any,))[0]
    return SignalType(check_name(name, "The signal"), type_, msgspec.json.Decoder(type_))
