"""Signals as a saga's author sees them: parameters of the saga, awaited or iterated over."""

from collections.abc import Generator
from typing import Any, Generic, TypeVar
from zlib import crc32

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
