"""What the HTTP interface stands on. Handed in by bootstrap; tests hand in fakes."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol, cast

from starlette.requests import Request

from coordinator.engine.decision import Decision
from coordinator.engine.facts import Fact, Verdict
from coordinator.runtime.ports import ReadModel
from coordinator.runtime.starting import Starting
from coordinator.saga import Definitions


class FactIntake(Protocol):
    """Where facts go in."""

    async def submit(self, saga_id: str, fact: Fact) -> Verdict:
        """Returns once the fact's activation is committed.

        Raises Overloaded and StoreUnavailable when nothing was written, OutcomeUnknown when nobody knows.
        """
        ...


class SagaWatch(Protocol):
    """Tells who waits for a saga. Only a hint: what another coordinator decides is not seen here."""

    def watch(self, saga_id: str, watcher: Callable[[Decision], None]) -> Callable[[], None]:
        """Calls ``watcher`` with every decision committed here from now on; returns what ends that."""
        ...


class Stopping:
    """That the process is about to end: whoever waits or streams is let go."""

    __slots__ = ("_set", "_told")

    def __init__(self) -> None:
        self._set = False
        self._told: set[Callable[[], None]] = set()

    def set(self) -> None:
        """It is. Calls all who want to be told, each once."""
        self._set = True
        while self._told:
            self._told.pop()()

    def is_set(self) -> bool:
        """Whether it is."""
        return self._set

    def tell(self, whom: Callable[[], None]) -> None:
        """Calls ``whom`` when it is. It must not raise."""
        self._told.add(whom)

    def forget(self, whom: Callable[[], None]) -> None:
        """Calls it no more."""
        self._told.discard(whom)


@dataclass(frozen=True, slots=True)
class Limits:
    """The settings of the same names, after ``http_``."""

    body_bytes: int = 1024 * 1024
    batch_bytes: int = 16 * 1024 * 1024
    batch_starts: int = 10_000
    body_timeout_s: float = 30
    wait_s: float = 60


@dataclass(frozen=True, slots=True)
class Parts:
    """All of it."""

    intake: FactIntake
    sagas: ReadModel
    definitions: Definitions
    watch: SagaWatch
    unreadiness: Callable[[], Awaitable[str | None]]
    """None when the coordinator is ready; else a sentence that says what is missing."""
    metrics: Callable[[], bytes]
    """Prometheus text."""
    starting: Starting
    limits: Limits = Limits()
    owns: Callable[[str], bool] = lambda _: True
    """Whether this coordinator keeps the saga: then ``watch`` sees what is decided about it. Only a hint, too."""
    stopping: Stopping = field(default_factory=Stopping)
    """Set when the process is about to end."""


def parts_of(request: Request) -> Parts:
    """The parts of the application that serves this request."""
    return cast(Parts, request.app.state.parts)
