"""A span of somebody else's, as the parent of ours."""

from opentelemetry.context import Context, attach
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

from coordinator.telemetry.trace_context import TraceContext


def under(parent: TraceContext, around: Context | None = None) -> Context:
    """The context in which spans are children of this one; ``around`` is the current one unless given."""
    flags = TraceFlags(parent.flags)
    span = NonRecordingSpan(SpanContext(parent.trace_id, parent.span_id, is_remote=True, trace_flags=flags))
    return set_span_in_context(span, around)


def enter(parent: TraceContext) -> None:
    """From here on, spans of the running coroutine are children of this one."""
    attach(under(parent))
