"""Scopes as a saga's author sees them: save-points to which the saga can go back."""

from contextvars import ContextVar
from types import TracebackType
from typing import Self

from coordinator.saga.runtime import SagaRuntime, check_inside, running_saga

CURRENT: ContextVar[int | None] = ContextVar("amends_scope", default=None)
"""The innermost scope in which this coroutine runs."""


class Scope:
    """A part of a saga that can be undone by itself. Made by ``scope()``."""

    __slots__ = ("_number", "_outer", "_parallel", "_runtime")

    def __init__(self, parallel: bool) -> None:
        self._parallel = parallel
        self._runtime: SagaRuntime | None = None
        self._number = 0
        self._outer: int | None = None

    async def __aenter__(self) -> Self:
        if self._runtime is not None:
            raise RuntimeError("A scope is entered once: write 'async with scope()' again for another one.")
        self._runtime = running_saga("A scope can only be opened while its saga runs, and by the saga itself.")
        self._outer = CURRENT.get()
        self._number = self._runtime.open_scope(self._outer, self._parallel)
        CURRENT.set(self._number)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._runtime is not None, "it was entered"
        if not self._runtime.runs:
            return
        if CURRENT.get() == self._number:  # an exit stack may be closed by another coroutine, or in another order
            CURRENT.set(self._outer)
        if error is not None:
            await self._runtime.undo_scope(self._number, error)

    async def undo(self) -> None:
        """Undoes all that was done in it so far, and returns when nothing is left of that. It can be used further."""
        if self._runtime is None:
            raise RuntimeError("A scope is undone once it was entered: write 'async with scope() as …'.")
        check_inside(self._runtime, "A scope can only be undone while its saga runs, and by the saga itself.")
        await self._runtime.undo_scope(self._number, None)


def scope(*, parallel_undo: bool = False) -> Scope:
    """A save-point: ``async with scope():``.

    When a no leaves the block (``Refused``, ``Failed``, ``TimedOut``, a ``TimeoutError``, a cancellation), all that was
    done in it is undone, in reverse order of completion, and only then the exception goes on: whoever catches it takes
    another way, and what was done before the block stands. ``await trip.undo()`` of ``async with scope() as trip:``
    does the same without an exception. Scopes may be nested; each pass of a loop can have its own. Left without an
    exception, what it did belongs to what is around it. ``parallel_undo``: its undos are sent all at once.

    A bug undoes nothing: it parks the saga, and mended code goes on.
    """
    return Scope(parallel_undo)
