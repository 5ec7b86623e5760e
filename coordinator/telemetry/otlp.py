"""Traces sent to a collector by OTLP over HTTP. Imported only where somebody wants them: it takes a while to load."""

import logging
import os
from collections import deque
from collections.abc import Mapping

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, OTELResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import Sampler
from opentelemetry.trace import SpanKind

from contracts.topics import Topics
from coordinator.telemetry.remote import under
from coordinator.telemetry.saga_spans import SagaSpans
from coordinator.telemetry.span_queue import SpanQueue
from coordinator.telemetry.trace_context import RANDOM, SAMPLED, TraceContext, read_traceparent, root_span_id
from coordinator.telemetry.tracing import (
    BegunRound,
    EndedSaga,
    EndedStep,
    ReopenedSaga,
    SagaIdentity,
    StartedSaga,
)

DEFAULT_SERVICE_NAME = "amends-coordinator"


class SagaTracing:
    """Tells sagas as spans (``tracing.Tracing``)."""

    recording = True

    def __init__(self, sampler: Sampler, spans: SagaSpans, queue: SpanQueue) -> None:
        self._sampler = sampler
        self._spans = spans
        self._queue = queue
        self._ids = RandomIdGenerator()
        self._told: list[ReadableSpan] = []

    def begin(self, saga_id: str, definition: str, client: str | None) -> str | None:
        """A new context, in the client's trace if it has one. Not sampled: the client's own, or an empty one."""
        parent = read_traceparent(client)
        trace_id = parent.trace_id if parent else self._ids.generate_trace_id()
        sampled = self._sampler.should_sample(
            under(parent, Context()) if parent else Context(),
            trace_id,
            f"saga {definition}",
            kind=SpanKind.SERVER,
            attributes={"saga.id": saga_id, "saga.definition": definition},
        ).decision.is_sampled()
        flags = parent.flags & RANDOM if parent else RANDOM
        if sampled:
            root = root_span_id(saga_id, parent.span_id if parent else 0)
            return TraceContext(trace_id, root, flags | SAMPLED).header()
        return TraceContext(trace_id, parent.span_id if parent else root_span_id(saga_id, 0), flags).header()

    def started(self, saga: SagaIdentity, start: StartedSaga) -> None:
        """The root span."""
        if context := _sampled(saga):
            self._told.append(self._spans.root(saga, context, start))

    def round_begun(self, saga: SagaIdentity, begun: BegunRound) -> None:
        """The span of a round."""
        if context := _sampled(saga):
            self._told.append(self._spans.round(saga, context, begun))

    def step_ended(self, saga: SagaIdentity, step: EndedStep) -> None:
        """The span of a step or an undo."""
        if context := _sampled(saga):
            self._told.append(self._spans.step(saga, context, step))

    def ended(self, saga: SagaIdentity, end: EndedSaga) -> None:
        """The span of an ending."""
        if context := _sampled(saga):
            self._told.append(self._spans.ending(saga, context, end))

    def reopened(self, saga: SagaIdentity, reopened: ReopenedSaga) -> None:
        """The span of its being opened again."""
        if context := _sampled(saga):
            self._told.append(self._spans.reopened(saga, context, reopened))

    def flush(self) -> None:
        """Hands the spans over to the exporting thread."""
        if self._told:
            self._queue.put(self._told)
            self._told = []

    @property
    def counts(self) -> Mapping[str, int]:
        """As the queue has them."""
        queue = self._queue
        return {"exported": queue.exported, "overflowed": queue.overflowed, "refused": queue.refused}

    def close(self) -> None:
        """Two seconds at most."""
        self.flush()
        self._queue.close(2.0)


def otlp_tracing(topics: Topics) -> SagaTracing:
    """Set up from the environment's ``OTEL_*`` variables, as the OpenTelemetry specification has them."""
    complaints = _Complaints()
    logging.getLogger("opentelemetry.exporter.otlp.proto.http.trace_exporter").addFilter(complaints)
    queue = SpanQueue(
        OTLPSpanExporter(),
        capacity=_whole_number("OTEL_BSP_MAX_QUEUE_SIZE", 16_384),
        batch=_whole_number("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 512),
        reason=complaints.summary,
    )
    sampler = TracerProvider(shutdown_on_exit=False).sampler
    return SagaTracing(sampler, SagaSpans(service_resource(), topics), queue)


class _Complaints(logging.Filter):
    """Keeps the exporter's log lines back (one for every request, while a collector is down) for our single one."""

    def __init__(self) -> None:
        super().__init__()
        self._last: deque[str] = deque(maxlen=2)

    def filter(self, record: logging.LogRecord) -> bool:
        self._last.append(record.getMessage())
        return False

    def summary(self) -> str:
        return " ".join(self._last)


def service_resource() -> Resource:
    """Who the spans come from."""
    named = OTELResourceDetector().detect().attributes.get(SERVICE_NAME)
    return Resource.create({SERVICE_NAME: named or DEFAULT_SERVICE_NAME})


def _sampled(saga: SagaIdentity) -> TraceContext | None:
    context = read_traceparent(saga.traceparent)
    return context if context and context.sampled else None


def _whole_number(name: str, default: int) -> int:
    text = os.environ.get(name, "").strip()
    return int(text) if text.isascii() and text.isdigit() and int(text) > 0 else default
