"""What ``await flights.reserve(…)`` does inside a saga."""

import asyncio
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import msgspec

from contracts.command import Command


class SagaRuntime(ABC):
    """What a saga's loop offers besides being an event loop. The engine implements it."""

    @abstractmethod
    def issue(self, command: Command[..., Any], arguments: msgspec.Raw) -> "tuple[int, asyncio.Future[Any]]":
        """Asks for a step; returns its number and its result to come. Raises StepError when it may not stand here."""

    @abstractmethod
    def abandon(self, step: int) -> None:
        """The saga no longer waits for the step."""

    @property
    @abstractmethod
    def runs(self) -> bool:
        """Whether it is this saga's code that runs now, and nobody is throwing it away."""


class OutsideOfSaga(RuntimeError):
    """A contract was called by code that its saga does not run."""


class SagaCaller:
    """Binds contracts to one run of one saga."""

    def __init__(self, runtime: SagaRuntime) -> None:
        self._runtime = runtime

    async def call(self, command: Command[..., Any], arguments: tuple[Any, ...], named: Mapping[str, Any]) -> Any:
        """Sends the command through the coordinator and waits, durably, for its result."""
        runtime = self._runtime
        if not runtime.runs:
            if isinstance(sys.exc_info()[1], GeneratorExit):
                raise GeneratorExit  # a `finally` of code that is thrown away, maybe by the collector: leave quietly
            raise OutsideOfSaga(f"{command.type} can only be called while its saga runs, and by the saga itself.")
        step, result = runtime.issue(command, command.write_arguments(arguments, named))
        try:
            return await result
        except asyncio.CancelledError:
            runtime.abandon(step)
            raise
