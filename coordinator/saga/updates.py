"""Updates as a saga's author sees them: requests from outside that the saga's code answers."""

from collections.abc import Callable, Coroutine
from inspect import iscoroutinefunction
from typing import Any, Generic, TypeVar, overload

from coordinator.saga.runtime import SagaRuntime, check_inside

Request = TypeVar("Request")
Answer = TypeVar("Answer")
Handler = Callable[[Request], Coroutine[Any, Any, Answer]]
PlainHandler = Callable[[], Coroutine[Any, Any, Answer]]


class Update(Generic[Request, Answer]):
    """Requests into the running saga, each checked, taken in once, and answered.

    Declared as a parameter of the saga; its name is the update's name. Functions inside of the saga's see its
    variables::

        async def buy(order: Order, move: Update[Address, Moved]) -> None:
            address, sent = order.address, False

            @move.check
            def _(to: Address) -> None:              # only looks; a refusal leaves no trace
                if sent:
                    raise Refused("sent")

            @move.handle
            async def _(to: Address) -> Moved:       # may call steps, sleep, wait …
                nonlocal address
                address = to
                return Moved(to)

    Register both before the first ``await``: until then, and wherever nothing is registered, an update is refused. An
    update runs beside the saga's own code, several at once; the saga does not end before all are answered. ``Refused``
    and the like answer the caller with a no, and the saga goes on. One whose request is ``None`` is handled by a
    function without a parameter.
    """

    __slots__ = ("_name", "_runtime")

    def __init__(self, name: str, runtime: SagaRuntime) -> None:
        self._name = name
        self._runtime = runtime

    @overload
    def handle(self: "Update[None, Answer]", handler: "PlainHandler[Answer]") -> "PlainHandler[Answer]": ...
    @overload
    def handle(self, handler: "Handler[Request, Answer]") -> "Handler[Request, Answer]": ...
    def handle(self, handler: Any) -> Any:
        """From here on, updates are handled by this coroutine function."""
        self._check(iscoroutinefunction(handler), "handled by an `async def` function")
        self._runtime.handle_update(self._name, handler)
        return handler

    @overload
    def check(self: "Update[None, Answer]", check: Callable[[], None]) -> Callable[[], None]: ...
    @overload
    def check(self, check: Callable[[Request], None]) -> Callable[[Request], None]: ...
    def check(self, check: Any) -> Any:
        """From here on, this function may refuse an update before it is taken in. It only looks: it changes nothing."""
        self._check(callable(check) and not iscoroutinefunction(check), "checked by an ordinary function")
        self._runtime.check_update(self._name, check)
        return check

    def _check(self, fits: bool, how: str) -> None:
        check_inside(
            self._runtime, f"The update {self._name} can only be taken while its saga runs, and by the saga itself."
        )
        if not fits:
            raise TypeError(f"The update {self._name} is {how}.")

    def __repr__(self) -> str:
        return f"<update {self._name}>"
