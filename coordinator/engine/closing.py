"""Coroutines thrown away, so that nothing of them is left to be collected as garbage at any moment."""

import asyncio
import sys
from contextlib import suppress
from typing import Any


def close(started: "asyncio.Task[Any]") -> None:
    """Closes the coroutine, even if it argues: each ``await`` in its ``finally`` blocks fails."""
    coroutine: Any = started.get_coro()
    started._log_destroy_pending = False  # pyright: ignore[reportAttributeAccessIssue]
    for _ in range(100):
        try:
            coroutine.close()
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            error.__traceback__ = None  # a group keeps its exception, and with that all frames up to whoever closes it
            if getattr(coroutine, "cr_frame", None) is None:
                return
        else:
            return


def untie(started: "asyncio.Task[Any]") -> None:
    """Takes a closed coroutine off what it waited for: the two hold each other, and only the collector frees such."""
    waits_for: asyncio.Future[Any] | None = started._fut_waiter  # pyright: ignore[reportAttributeAccessIssue]
    if waits_for is not None:
        cancel(waits_for)
        if sys.version_info >= (3, 14):  # asyncio notes who awaits whom, until the waiting one goes on
            asyncio.future_discard_from_awaited_by(waits_for, started)


def cancel(future: "asyncio.Future[Any]") -> None:
    """Cancels it. Coroutines that wait for each other cannot be: to asyncio they are a way without an end."""
    with suppress(RecursionError):
        future.cancel()
