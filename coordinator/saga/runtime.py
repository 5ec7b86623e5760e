"""What a saga's code finds around it, and nowhere else."""

import asyncio
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import msgspec

from contracts.command import Command


class SagaRuntime(ABC):
    """What a saga's loop offers besides being an event loop. The engine implements it."""

    now_ms: int
    """The time of what is happening, in ms since 1970."""

    @abstractmethod
    def issue(
        self, command: Command[..., Any], arguments: msgspec.Raw, child: str | None = None
    ) -> "tuple[int, asyncio.Future[Any]]":
        """Asks for a step; returns its number and its result to come. Raises StepError when it may not stand here.

        ``child``: the step is a saga, with this id.
        """

    @abstractmethod
    def register(self, command: Command[..., Any], arguments: msgspec.Raw, child: str | None = None) -> None:
        """From here on, this is done when the saga, or the scope it stands in, is undone. ``child``: as of `issue`."""

    @property
    @abstractmethod
    def next_step(self) -> str:
        """The command id of the step that the code asks for next."""

    @abstractmethod
    def abandon(self, step: int) -> None:
        """The saga no longer waits for the step."""

    @abstractmethod
    def open_scope(self, within: int | None, parallel: bool) -> int:
        """Opens a scope; returns its number."""

    @abstractmethod
    async def undo_scope(self, scope: int, error: BaseException | None) -> None:
        """Returns when all that was done in the scope is undone; at once, where ``error`` is a bug.

        Raises StepError when it cannot be.
        """

    @abstractmethod
    def patched(self, name: str) -> bool:
        """Whether the saga goes the patch's way."""

    @abstractmethod
    def show_status(self, text: str) -> None:
        """Lists show this line from here on; empty: none."""

    @abstractmethod
    def show_attributes(self, values: Mapping[str, Any]) -> None:
        """Lists find the saga by these from here on; None takes one away. Raises UnfitAttribute."""

    @abstractmethod
    def extend_deadline(self, by_ms: int) -> int:
        """Moves the saga's deadline; returns the new one, in ms since 1970. Raises NoDeadline."""

    @abstractmethod
    def draw(self) -> str:
        """Another text whenever it is called, and on every replay the same again."""

    @abstractmethod
    async def next_signal(self, name: str) -> Any:
        """The value of the next signal of that name: the oldest that nobody has taken, or the next that comes."""

    @abstractmethod
    def handle_update(self, name: str, handler: Callable[..., Coroutine[Any, Any, Any]]) -> None:
        """From here on, this handles the updates of that name."""

    @abstractmethod
    def check_update(self, name: str, check: Callable[..., Any]) -> None:
        """From here on, this may refuse updates of that name."""

    @abstractmethod
    def answer_query(self, name: str, handler: Callable[..., Any]) -> None:
        """From here on, this answers the queries of that name."""

    @property
    @abstractmethod
    def runs(self) -> bool:
        """Whether it is this saga's code that runs now, and nobody is throwing it away."""


class NoDeadline(RuntimeError):
    """The saga has no deadline, and its code asked for more time."""


class OutsideOfSaga(RuntimeError):
    """Something of a saga was used by code that its saga does not run."""


def running_saga(sentence: str) -> SagaRuntime:
    """The runtime of the saga whose code runs now. Raises OutsideOfSaga, with that sentence, when none does."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        loop = None
    if not isinstance(loop, SagaRuntime):
        raise OutsideOfSaga(sentence)
    check_inside(loop, sentence)
    return loop


def check_inside(runtime: SagaRuntime, sentence: str) -> None:
    """Raises OutsideOfSaga, with that sentence, unless the saga runs now."""
    if runtime.runs:
        return
    if isinstance(sys.exc_info()[1], GeneratorExit):
        raise GeneratorExit  # a `finally` of code that is thrown away, maybe by the collector: leave quietly
    raise OutsideOfSaga(sentence)
