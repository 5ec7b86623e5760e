"""A tracing whose spans can be looked at."""

from collections.abc import Sequence

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ParentBased, Sampler

from contracts.topics import Topics
from coordinator.telemetry.otlp import SagaTracing
from coordinator.telemetry.saga_spans import SagaSpans
from coordinator.telemetry.span_queue import SpanQueue


class Collected(SpanExporter):
    """Keeps what it is given."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.spans += spans
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        """Nothing to give back."""


class CollectedTracing:
    """``tracing`` is what the coordinator is given; ``finish`` returns its spans by name."""

    def __init__(self, sampler: Sampler | None = None) -> None:
        self._exporter = Collected()
        spans = SagaSpans(Resource.get_empty(), Topics("test"))
        self.tracing = SagaTracing(sampler or ParentBased(ALWAYS_ON), spans, SpanQueue(self._exporter))

    def finish(self) -> dict[str, ReadableSpan]:
        """Closes the tracing. Fails when two spans have one name."""
        spans = self.finish_all()
        names = [span.name for span in spans]
        assert len(set(names)) == len(names), names
        return dict(zip(names, spans, strict=True))

    def finish_all(self) -> list[ReadableSpan]:
        """Closes the tracing; all spans in the order in which they were told."""
        self.tracing.close()
        return self._exporter.spans
