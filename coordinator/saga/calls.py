"""What ``await flights.reserve(…)`` does inside a saga."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import msgspec

from contracts.command import Command


class SagaRuntime(ABC):
    """What a saga's loop offers besides being an event loop. The engine implements it."""

    @abstractmethod
    def issue(self, command: Command[..., Any], arguments: msgspec.Raw) -> "tuple[int, asyncio.Future[msgspec.Raw]]":
        """Asks for a step; returns its number and its result to come. Raises StepError when it may not stand here."""

    @abstractmethod
    def abandon(self, step: int) -> None:
        """The saga no longer waits for the step."""


class OutsideOfSaga(RuntimeError):
    """A contract was called by code that no saga runs."""


class SagaCaller:
    """Binds contracts to the saga that is running."""

    async def call(self, command: Command[..., Any], arguments: tuple[Any, ...], named: Mapping[str, Any]) -> Any:
        """Sends the command through the coordinator and waits, durably, for its result."""
        runtime = asyncio.get_running_loop()
        if not isinstance(runtime, SagaRuntime):
            raise OutsideOfSaga(f"{command.type} can only be called inside a saga: start one, or use the test kit.")
        step, result = runtime.issue(command, command.write_arguments(arguments, named))
        try:
            raw = await result
        except asyncio.CancelledError:
            runtime.abandon(step)
            raise
        return command.read_result(raw)
