"""What the answers look like."""

from typing import Annotated, Any, Literal
from urllib.parse import quote

import msgspec

from contracts.failures import Problem
from contracts.instants import to_rfc3339
from contracts.values import NULL
from coordinator.api.problems import ProblemBody
from coordinator.runtime.ports import HistoryRow, SagaView

_NO_ATTRIBUTES = msgspec.Raw(b"{}")
SAFE = ":@!$&'()*+,;=~"
"""What stands in an address as it is."""


def saga_path(saga_id: str) -> str:
    """Where the saga is found."""
    return f"/v1/sagas/{quote(saga_id, safe=SAFE)}"


class StartSignalBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A signal that is sent with a start."""

    name: str
    """A signal that the definition takes."""
    value: msgspec.Raw = msgspec.field(default_factory=lambda: NULL)
    id: str | None = None
    """Sent twice with the same id, it is one signal; without one, each request is another."""


class StartUpdateBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An update that is sent with a start."""

    name: str
    """An update that the definition takes."""
    value: msgspec.Raw = msgspec.field(default_factory=lambda: NULL)
    id: str | None = None
    """Sent twice with the same id, it is one update; without one, each request is another."""


class StartBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Asks for a saga."""

    definition: str
    """Name of its definition."""
    input: msgspec.Raw = msgspec.field(default_factory=lambda: NULL)
    """What the definition takes; GET /v1/definitions/{name} has the schema."""
    key: str | None = None
    """One saga for each key. Without it, the definition's own key template gives it."""
    version: int | None = None
    """Version of the definition; without it, the latest."""
    attributes: dict[str, bool | int | float | str] | None = None
    """By which lists find the saga: text, numbers and truth values by name. They count where it begins; its code may
    set others."""
    signal: StartSignalBody | None = None
    """Sent in the same breath, whether the saga begins or is there already; both are kept, or neither."""
    update: StartUpdateBody | None = None
    """The same with an update, instead of a signal; the request is answered as an update is. Where the saga refuses
    it, none begins."""

    @property
    def sends(self) -> bool:
        """Whether something goes with it."""
        return self.signal is not None or self.update is not None


class BatchBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Asks for many sagas."""

    starts: tuple[StartBody, ...]
    """Each is answered by itself, whatever becomes of the others."""


class ReasonBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why, if somebody wants to say so."""

    reason: str = ""
    """For people; kept in the history."""


class WhyBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why something is done that nobody can take back."""

    reason: Annotated[str, msgspec.Meta(min_length=1, pattern=r"\S")]
    """For people; kept in the history."""


class GivenResultBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The result of a step whose participant does not give it."""

    result: msgspec.Raw
    """As the command's contract has it."""
    reason: Annotated[str, msgspec.Meta(min_length=1, pattern=r"\S")]
    """For people; kept in the history."""


class AnswerBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """An answer to a command: exactly one of these."""

    succeeded: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    """The result, as the command's contract has it; null for an undo."""
    refused: Problem | msgspec.UnsetType = msgspec.UNSET
    """A business no: nothing was done."""
    failed: Problem | msgspec.UnsetType = msgspec.UNSET
    """This attempt failed; ``retryable`` says whether to try again."""
    progress: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    """Still at it: the command's timeout begins anew. Any JSON."""


class AcceptedBody(msgspec.Struct, frozen=True):
    """A saga that has been asked for."""

    id: str
    """``{definition}:{key}``."""
    definition: str
    version: int
    status: str
    """``running``, ``compensating`` or ``parked``, or how it ended: ``completed``, ``compensated``, ``failed``."""
    href: str
    """Where to find it."""

    @classmethod
    def of(cls, view: SagaView) -> "AcceptedBody":
        """From its row."""
        return cls(view.saga_id, view.definition, view.version, view.status, saga_path(view.saga_id))


class StartAnswerBody(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of one start of a batch."""

    outcome: Literal["started", "existing", "refused"]
    """``started``: it is kept for good; ``existing``: this key and input had been started before; ``refused``: nothing
    was started, and the problem says why."""
    saga: AcceptedBody | None = None
    """Unless it was refused."""
    problem: ProblemBody | None = None
    """If it was refused: what the start would have been answered with by itself."""


class BatchAnswerBody(msgspec.Struct, frozen=True):
    """What became of the starts of a batch."""

    started: int
    """How many sagas began."""
    existing: int
    """How many starts found a saga that had been started before."""
    refused: int
    """How many starts came to nothing."""
    retry_after_s: int | None
    """Seconds after which to send the batch again, when some starts were refused for now only (429 or 503)."""
    answers: tuple[StartAnswerBody, ...]
    """One for each start, in the order of the request."""


class SagaBody(msgspec.Struct, frozen=True):
    """A saga."""

    id: str
    """``{definition}:{key}``."""
    definition: str
    version: int
    """The version of the definition it was started with and stays with; or the one its round began with."""
    status: str
    """``running``, ``compensating`` or ``parked``, or how it ended: ``completed``, ``compensated``, ``failed``."""
    href: str
    """Where to find it."""
    status_line: str | None
    """What its code last said of how it stands, for people."""
    attributes: msgspec.Raw
    """By which lists find it: an object of text, numbers and truth values by name."""
    input: msgspec.Raw
    """What it was started with."""
    outcome: msgspec.Raw | None
    """Once it ended or is parked: ``{"result": …}``, or ``{"problem": …, "cause": …}``; the cause, of one that went
    back, is ``refused``, ``failed``, ``timed_out`` or ``cancelled``."""
    parked_for: str | None
    """While parked, what has to be mended: ``code``, ``undo``, ``forward_only`` or ``unknown_pivot``."""
    wake_at: str | None
    """When the next thing is due (RFC 3339): a timer, a retry or a deadline."""
    started_at: str
    """RFC 3339."""
    ended_at: str | None
    """RFC 3339."""
    traceparent: str | None
    """W3C trace context of the saga's root span."""
    round: int
    """Counts from 1: a saga that goes on as new begins another one, with a history of its own."""
    parent: str | None
    """The saga that had it begun."""

    @classmethod
    def of(cls, view: SagaView) -> "SagaBody":
        """From its row."""
        return cls(
            id=view.saga_id,
            definition=view.definition,
            version=view.version,
            status=view.status,
            href=saga_path(view.saga_id),
            status_line=view.status_line,
            attributes=view.attributes if view.attributes is not None else _NO_ATTRIBUTES,
            input=view.input,
            outcome=view.outcome,
            parked_for=view.parked_for,
            wake_at=_instant(view.wake_at),
            started_at=to_rfc3339(view.started_at),
            ended_at=_instant(view.ended_at),
            traceparent=view.traceparent,
            round=view.round,
            parent=view.parent,
        )


class SagaListBody(msgspec.Struct, frozen=True):
    """A page of sagas, newest first."""

    sagas: tuple[SagaBody, ...]
    next: str | None
    """Address of the next page; null: this is the last one."""


class HistoryRowBody(msgspec.Struct, frozen=True):
    """One activation: what was decided and kept together."""

    seq: int
    """Gapless; from 1, or from where the saga's round begins."""
    at: str
    """RFC 3339."""
    events: msgspec.Raw
    """An array of events, as they are kept: each has a ``type``; times are milliseconds since 1970."""

    @classmethod
    def of(cls, row: HistoryRow) -> "HistoryRowBody":
        """From its row."""
        return cls(row.seq, to_rfc3339(row.at), row.events)


class HistoryBody(msgspec.Struct, frozen=True):
    """A page of a saga's history, oldest first."""

    rows: tuple[HistoryRowBody, ...]
    next: str | None
    """Address of the next page; null: this is the end, for now."""


class AnsweredBody(msgspec.Struct, frozen=True):
    """An update, or a query."""

    request: dict[str, Any]
    """JSON Schema of what is sent."""
    answer: dict[str, Any]
    """JSON Schema of what comes back."""


class UpdateBody(msgspec.Struct, frozen=True):
    """An update that a saga has taken in."""

    saga: str
    """Id of the saga."""
    name: str
    """Name of the update."""
    id: str
    """Its sender's, or given by the coordinator."""
    status: Literal["accepted", "answered", "refused", "lost"]
    """``accepted``: it is being handled; ``refused``: the saga's handler said no; ``lost``: the saga went back, or
    ended, before it was answered."""
    href: str
    """Where to find it."""
    answer: msgspec.Raw | None
    """What the saga answered."""
    problem: Problem | None
    """Why it was refused, or lost."""


class QueryBody(msgspec.Struct, frozen=True):
    """What a saga answered."""

    answer: msgspec.Raw


class DefinitionBody(msgspec.Struct, frozen=True):
    """A saga that this coordinator can run."""

    name: str
    version: int
    """The version a new saga begins with."""
    versions: tuple[int, ...]
    """All versions deployed."""
    doc: str
    """Its docstring."""
    key: str | None
    """Template of the saga's key over its input; null: whoever starts it gives the key."""
    deadline_ms: int | None
    """The whole saga must have ended by then, in milliseconds from its start."""
    participants: tuple[str, ...]
    """Whom it calls."""
    local: tuple[str, ...]
    """Contracts whose commands the coordinator runs itself."""
    input: dict[str, Any]
    """JSON Schema of its input."""
    result: dict[str, Any]
    """JSON Schema of its result."""
    signals: dict[str, dict[str, Any]]
    """JSON Schemas of the signals that it takes, by name."""
    updates: dict[str, AnsweredBody]
    """The updates that it takes, by name."""
    queries: dict[str, AnsweredBody]
    """The queries that it answers, by name."""


class DefinitionListBody(msgspec.Struct, frozen=True):
    """All sagas that this coordinator can run, by name."""

    definitions: tuple[DefinitionBody, ...]


class ProbeBody(msgspec.Struct, frozen=True):
    """It is."""

    status: str


BODIES = (
    StartSignalBody,
    StartUpdateBody,
    StartBody,
    BatchBody,
    ReasonBody,
    WhyBody,
    GivenResultBody,
    AnswerBody,
    AcceptedBody,
    BatchAnswerBody,
    SagaBody,
    SagaListBody,
    HistoryBody,
    AnsweredBody,
    UpdateBody,
    QueryBody,
    DefinitionBody,
    DefinitionListBody,
    ProbeBody,
)


def _instant(ms: int | None) -> str | None:
    return None if ms is None else to_rfc3339(ms)
