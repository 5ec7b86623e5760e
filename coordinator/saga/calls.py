"""What ``await flights.reserve(…)`` does inside a saga."""

import asyncio
from collections.abc import Mapping
from typing import Any

from contracts.command import Command
from coordinator.saga.runtime import SagaRuntime, check_inside


class SagaCaller:
    """Binds contracts to one run of one saga."""

    __slots__ = ("_runtime",)

    def __init__(self, runtime: SagaRuntime) -> None:
        self._runtime = runtime

    async def call(self, command: Command[..., Any], arguments: tuple[Any, ...], named: Mapping[str, Any]) -> Any:
        """Sends the command through the coordinator and waits, durably, for its result."""
        runtime = self._runtime
        if not runtime.runs:
            check_inside(runtime, f"{command.type} can only be called while its saga runs, and by the saga itself.")
        step, result = runtime.issue(command, command.write_arguments(arguments, named))
        try:
            return await result
        except asyncio.CancelledError:
            runtime.abandon(step)
            raise
