"""The spans of a saga, built whole when what they tell is over: no span is open while a saga waits."""

from collections.abc import Mapping, Sequence

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from contracts.ids import command_id, forward_id, undo_id
from contracts.topics import Topics
from coordinator.telemetry.trace_context import (
    TraceContext,
    client_span_id_of,
    root_span_id,
    round_span_id,
    span_id_of,
)
from coordinator.telemetry.tracing import (
    BegunRound,
    EndedSaga,
    EndedStep,
    HeldStep,
    ReopenedSaga,
    SagaIdentity,
    StartedSaga,
)

_NS_PER_MS = 1_000_000
_UNSET = Status()
_OK = Status(StatusCode.OK)
_PROBLEM_LENGTH = 200
_LOCAL: Mapping[str, bool] = {"saga.local": True}
_SCOPE = InstrumentationScope("amends.coordinator")


class SagaSpans:
    """Makes spans. The same arguments give the same span, to the last bit: sent twice, it is still one."""

    def __init__(self, resource: Resource, topics: Topics) -> None:
        self._resource = resource
        self._topics = topics
        self._destinations: dict[str, str] = {}

    def root(self, saga: SagaIdentity, context: TraceContext, start: StartedSaga) -> ReadableSpan:
        """The root, as a moment: the saga itself may last for years, and its other spans must find their parent."""
        client = client_span_id_of(saga.saga_id, context.span_id)
        return self._span(
            name=f"saga {saga.definition}",
            context=_context(context, context.span_id),
            parent=_context(context, client, remote=True) if client else None,
            kind=SpanKind.SERVER,
            times=(start.at, start.at),
            attributes=_identity(saga),
        )

    def round(self, saga: SagaIdentity, context: TraceContext, begun: BegunRound) -> ReadableSpan:
        """A round from the second on, as a moment. It is linked to the one before."""
        attributes = _identity(saga)
        attributes["saga.round"] = begun.round
        before = round_span_id(saga.saga_id, begun.round - 1, context.span_id)
        return self._span(
            name=f"saga {saga.definition} round",
            context=_context(context, round_span_id(saga.saga_id, begun.round, context.span_id)),
            parent=_context(context, context.span_id),
            kind=SpanKind.INTERNAL,
            times=(begun.at, begun.at),
            attributes=attributes,
            links=[Link(_context(context, before))],
        )

    def step(self, saga: SagaIdentity, context: TraceContext, step: EndedStep) -> ReadableSpan:
        """A step or an undo, from its first attempt to its end."""
        id, attributes = _command_id(saga, step), _identity(saga)
        attributes.update(
            {
                "saga.step": step.step,
                "saga.command": step.command,
                "saga.direction": "undo" if step.undo else "forward",
                "saga.attempts": step.attempts,
                "saga.outcome": step.outcome,
                **(_LOCAL if step.local else self._messaging(id, step)),
            }
        )
        links: list[Link] = []
        if step.child is not None:
            attributes["saga.child"] = step.child
            root = root_span_id(step.child, span_id_of(forward_id(id)))
            links.append(Link(_context(context, root)))
        return self._span(
            name=f"undo {step.command}" if step.undo else step.command,
            context=_context(context, span_id_of(id)),
            parent=_context(context, round_span_id(saga.saga_id, step.round, context.span_id)),
            kind=SpanKind.INTERNAL if step.local else SpanKind.PRODUCER,
            times=(step.started_at, step.ended_at),
            attributes=attributes,
            status=_status(attributes, step.problem),
            links=links,
            events=[_held(held) for held in step.held],
        )

    def ending(self, saga: SagaIdentity, context: TraceContext, end: EndedSaga) -> ReadableSpan:
        """How it ended, or that it is parked, as a moment."""
        attributes = _identity(saga)
        attributes["saga.status"] = end.status
        status = _OK if end.status == "completed" else _status(attributes, end.problem)
        return self._moment(saga, context, f"{saga.saga_id}#{end.seq}", end.status, end.at, attributes, status)

    def reopened(self, saga: SagaIdentity, context: TraceContext, reopened: ReopenedSaga) -> ReadableSpan:
        """That it goes back, after it had gone through."""
        attributes = _identity(saga)
        attributes["saga.status"] = "compensating"
        name = f"{saga.saga_id}#{reopened.seq}:reopened"
        return self._moment(saga, context, name, "reopened", reopened.at, attributes, _status(attributes, None))

    def _moment(
        self,
        saga: SagaIdentity,
        context: TraceContext,
        name: str,
        became: str,
        at: int,
        attributes: dict[str, str | int | bool],
        status: Status,
    ) -> ReadableSpan:
        return self._span(
            name=f"saga {saga.definition} {became}",
            context=_context(context, span_id_of(name)),
            parent=_context(context, context.span_id),
            kind=SpanKind.INTERNAL,
            times=(at, at),
            attributes=attributes,
            status=status,
        )

    def _messaging(self, id: str, step: EndedStep) -> dict[str, str | int | bool]:
        return {
            "messaging.system": "kafka",
            "messaging.operation.type": "send",
            "messaging.destination.name": self._topics.requests if step.child else self._destination(step.command),
            "messaging.message.id": id,
        }

    def _destination(self, command: str) -> str:
        participant = command.partition(".")[0]
        topic = self._destinations.get(participant)
        if topic is None:
            topic = self._destinations[participant] = self._topics.commands(participant)
        return topic

    def _span(
        self,
        *,
        name: str,
        context: SpanContext,
        parent: SpanContext | None,
        kind: SpanKind,
        times: tuple[int, int],
        attributes: dict[str, str | int | bool],
        status: Status = _UNSET,
        links: Sequence[Link] = (),
        events: Sequence[Event] = (),
    ) -> ReadableSpan:
        return ReadableSpan(
            name=name,
            context=context,
            parent=parent,
            resource=self._resource,
            attributes=attributes,
            kind=kind,
            links=links,
            events=events,
            status=status,
            start_time=times[0] * _NS_PER_MS,
            end_time=max(times) * _NS_PER_MS,
            instrumentation_scope=_SCOPE,
        )


def _command_id(saga: SagaIdentity, step: EndedStep) -> str:
    """The command's, or the undo's."""
    undoes = step.undo and not step.registered
    return undo_id(saga.saga_id, step.step) if undoes else command_id(saga.saga_id, step.step)


def _identity(saga: SagaIdentity) -> dict[str, str | int | bool]:
    return {"saga.id": saga.saga_id, "saga.definition": saga.definition, "saga.version": saga.version}


def _held(held: HeldStep) -> Event:
    waits_for = {} if held.signal is None else {"saga.signal": held.signal}
    return Event("held", {"error.type": held.problem[:_PROBLEM_LENGTH], **waits_for}, held.at * _NS_PER_MS)


def _context(context: TraceContext, span_id: int, *, remote: bool = False) -> SpanContext:
    return SpanContext(context.trace_id, span_id, is_remote=remote, trace_flags=TraceFlags(context.flags))


def _status(attributes: dict[str, str | int | bool], problem: str | None) -> Status:
    """An error with the problem's type, where there is a problem. The type is also noted among the attributes."""
    if problem is None:
        return _UNSET
    attributes["error.type"] = problem[:_PROBLEM_LENGTH]
    return Status(StatusCode.ERROR, problem[:_PROBLEM_LENGTH])
