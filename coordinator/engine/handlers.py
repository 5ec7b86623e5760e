"""What a saga's code has said about its updates and queries: who handles, checks and answers them."""

from collections.abc import Callable, Coroutine
from types import NoneType
from typing import Any

import msgspec

from coordinator.saga.parameters import AnsweredType

Handle = Callable[..., Coroutine[Any, Any, Any]]


class Handlers:
    """By name; what the code said last counts."""

    __slots__ = ("answers", "checks", "handles")

    def __init__(self) -> None:
        self.handles: dict[str, Handle] = {}
        """Of updates."""
        self.checks: dict[str, Callable[..., Any]] = {}
        """Of updates; not all have one."""
        self.answers: dict[str, Callable[..., Any]] = {}
        """Of queries."""


NO_HANDLERS = Handlers()
"""Those of all runs whose code has set none, never changed."""


def arguments_of(type: AnsweredType, value: bytes | msgspec.Raw) -> tuple[Any, ...]:
    """What a handler is called with. Raises UnreadableValue."""
    request = type.read(value)
    return () if type.type in (None, NoneType) else (request,)
