"""What a local step's body traces itself hangs under the step's span."""

from opentelemetry import context, trace
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

from coordinator.telemetry.trace_context import read_traceparent


def within_trace(traceparent: str | None) -> None:
    """From here on, spans that the running coroutine makes are children of this one; for good, so in a task of its own.

    Nothing is made for those that nobody samples.
    """
    found = read_traceparent(traceparent)
    if found is None or not found.sampled:
        return
    parent = SpanContext(found.trace_id, found.span_id, is_remote=True, trace_flags=TraceFlags(found.flags))
    context.attach(trace.set_span_in_context(NonRecordingSpan(parent)))
