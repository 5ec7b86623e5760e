"""Queries as a saga's author sees them: questions from outside about the saga, now or after its end."""

from collections.abc import Callable
from inspect import iscoroutinefunction
from typing import Any, Generic, TypeVar, overload

from coordinator.saga.runtime import SagaRuntime, check_inside

Request = TypeVar("Request")
Answer = TypeVar("Answer")


class Query(Generic[Request, Answer]):
    """Questions about the saga, which leave no trace in it.

    Declared as a parameter of the saga; its name is the query's name. A function inside of the saga's answers out of
    its variables::

        async def buy(order: Order, total: Query[None, int]) -> None:
            paid: list[int] = []

            @total.answer
            def _() -> int:
                return sum(paid)

    It is asked of the saga as it stands, and also once it has ended: then as it stood when its code was through. One
    whose question is ``None`` is answered by a function without a parameter.
    """

    __slots__ = ("_name", "_runtime")

    def __init__(self, name: str, runtime: SagaRuntime) -> None:
        self._name = name
        self._runtime = runtime

    @overload
    def answer(self: "Query[None, Answer]", handler: Callable[[], Answer]) -> Callable[[], Answer]: ...
    @overload
    def answer(self, handler: Callable[[Request], Answer]) -> Callable[[Request], Answer]: ...
    def answer(self, handler: Any) -> Any:
        """From here on, this function answers. It only looks: it changes nothing."""
        check_inside(
            self._runtime, f"The query {self._name} can only be given its answer while its saga runs, by the saga."
        )
        if not callable(handler) or iscoroutinefunction(handler):
            raise TypeError(f"The query {self._name} is answered by an ordinary function.")
        self._runtime.answer_query(self._name, handler)
        return handler

    def __repr__(self) -> str:
        return f"<query {self._name}>"
