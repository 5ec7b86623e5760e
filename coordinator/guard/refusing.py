"""Functions that refuse a saga, and do for everybody else what they did."""

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

from coordinator.guard.callers import is_own, saga_runs
from coordinator.saga.not_durable import NotDurable


def refusing(name: str, instead: str, real: Callable[..., Any]) -> Callable[..., Any]:
    """The function, guarded. ``name`` and ``instead`` are for the message."""

    @wraps(real)
    def guarded(*arguments: Any, **named: Any) -> Any:
        if saga_runs() and is_own(sys._getframe(1)):  # pyright: ignore[reportPrivateUsage]
            raise NotDurable(f"{name} was called by a saga's code. {instead}")
        return real(*arguments, **named)

    return guarded
