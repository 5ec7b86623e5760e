"""What the coordinator tells about the traces of its sagas. One trace for each saga; see docs/observability.md."""

from collections.abc import Mapping
from typing import Protocol

import msgspec

from coordinator.telemetry.trace_context import read_traceparent


class StartedSaga(msgspec.Struct, frozen=True):
    """A saga's history has begun. Time in ms."""

    at: int


class BegunRound(msgspec.Struct, frozen=True):
    """A saga has gone on as new. Time in ms."""

    round: int
    """From 2."""
    at: int


class ReopenedSaga(msgspec.Struct, frozen=True):
    """A saga that had gone through goes back, since its parent does. Time in ms."""

    seq: int
    """The row of the history that says so."""
    at: int


class EndedSaga(msgspec.Struct, frozen=True):
    """A saga has ended, or is parked. Time in ms."""

    seq: int
    """The row of the history that says so."""
    status: str
    at: int
    problem: str | None = None
    """The problem's type; given when it is an error."""
    again: bool = False
    """It had ended before, and was opened again: it is one saga all the same."""


class HeldStep(msgspec.Struct, frozen=True):
    """The budget of a step, or of its undo, is used up, and it waits. Time in ms."""

    command: str
    undo: bool
    at: int
    problem: str
    """The problem's type."""
    signal: str | None
    """What it waits for; None: for a person."""


class EndedStep(msgspec.Struct, frozen=True):
    """A step, or the undo of a step, that is over. Times in ms."""

    command: str
    """``flights.reserve``, for its undo too."""
    step: int
    undo: bool
    attempts: int
    started_at: int
    ended_at: int
    outcome: str
    """``succeeded``, ``refused``, ``failed``, ``timed_out``, ``abandoned`` or ``given_up``."""
    problem: str | None = None
    """The problem's type; given when it is an error."""
    local: bool = False
    """The coordinator ran it itself."""
    child: str | None = None
    """It is another saga: its id."""
    round: int = 1
    """Of the saga, in which the step was asked for."""
    held: tuple[HeldStep, ...] = ()
    """How often it had to wait, and for what."""
    registered: bool = False
    """Its undo is all there is of it, and goes by the step's own id."""


class SagaIdentity(msgspec.Struct, frozen=True):
    """Whose spans they are."""

    saga_id: str
    definition: str
    version: int
    traceparent: str
    """Of its root span."""


class Tracing(Protocol):
    """Where spans go. Nothing here blocks or raises, whatever the collector does."""

    recording: bool
    """False: nobody wants spans, and nothing but ``begin`` need be called."""

    def begin(self, saga_id: str, definition: str, client: str | None) -> str | None:
        """The traceparent to keep for a saga that somebody asks for, given the ``traceparent`` of the request.

        Decides whether the saga is sampled. No span goes out before ``started``, so a saga that exists already, or
        is refused, leaves nothing behind.
        """
        ...

    def started(self, saga: SagaIdentity, start: StartedSaga) -> None:
        """The saga's history has begun: its root span."""
        ...

    def round_begun(self, saga: SagaIdentity, begun: BegunRound) -> None:
        """The saga has gone on as new: the span of its round."""
        ...

    def step_ended(self, saga: SagaIdentity, step: EndedStep) -> None:
        """A step or an undo is over: its span."""
        ...

    def ended(self, saga: SagaIdentity, end: EndedSaga) -> None:
        """The saga has ended or is parked."""
        ...

    def reopened(self, saga: SagaIdentity, reopened: ReopenedSaga) -> None:
        """The saga had ended, and goes back."""
        ...

    def flush(self) -> None:
        """Sends off what was told since the last time: once for each batch."""
        ...

    @property
    def counts(self) -> Mapping[str, int]:
        """Spans by what became of them: ``exported``, ``overflowed``, ``refused``."""
        ...

    def close(self) -> None:
        """Exports what is left, for two seconds at most. Blocks."""
        ...


class TracingOff:
    """Nobody wants spans. A client's context is handed through, so that participants attach to the client's trace."""

    recording = False

    def begin(self, saga_id: str, definition: str, client: str | None) -> str | None:
        """The client's own context, if it has a valid one."""
        context = read_traceparent(client)
        return None if context is None else context.header()

    def started(self, saga: SagaIdentity, start: StartedSaga) -> None:
        """Nothing."""

    def round_begun(self, saga: SagaIdentity, begun: BegunRound) -> None:
        """Nothing."""

    def step_ended(self, saga: SagaIdentity, step: EndedStep) -> None:
        """Nothing."""

    def ended(self, saga: SagaIdentity, end: EndedSaga) -> None:
        """Nothing."""

    def reopened(self, saga: SagaIdentity, reopened: ReopenedSaga) -> None:
        """Nothing."""

    def flush(self) -> None:
        """Nothing."""

    @property
    def counts(self) -> Mapping[str, int]:
        """None."""
        return {}

    def close(self) -> None:
        """Nothing."""
