"""Spans for commands that somebody samples. For all others no object is made."""

from contextlib import AbstractContextManager
from typing import Any

from opentelemetry import trace
from opentelemetry.trace import NoOpTracerProvider, ProxyTracerProvider, Span, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from contracts.answers import Failure, Pending, Refusal, Success
from contracts.command_message import CommandMessage

_propagator = TraceContextTextMapPropagator()


class Tracing:
    """One participant's spans, through the tracer provider that the process has when this is made."""

    def __init__(self, topic: str) -> None:
        provider = trace.get_tracer_provider()
        self._topic = topic
        self._on = not isinstance(provider, ProxyTracerProvider | NoOpTracerProvider)
        self._tracer = trace.get_tracer("amends.participants")

    def begin(self, message: CommandMessage) -> Span | None:
        """The span of this delivery, a child of the sender's; None when nobody samples it."""
        if not self._on or message.traceparent is None or not _sampled(message.traceparent):
            return None
        carrier = {"traceparent": message.traceparent}
        if message.tracestate:
            carrier["tracestate"] = message.tracestate
        return self._tracer.start_span(
            f"process {message.type}",
            context=_propagator.extract(carrier),
            kind=SpanKind.CONSUMER,
            attributes={
                "messaging.system": "kafka",
                "messaging.operation.type": "process",
                "messaging.destination.name": self._topic,
                "saga.id": message.saga_id,
                "saga.definition": message.definition,
                "saga.step.command": message.type,
                "saga.attempt": message.attempt,
                "saga.direction": message.direction,
            },
        )

    def around(self, span: Span) -> AbstractContextManager[Any]:
        """Makes the span the parent of what the handler traces itself."""
        return trace.use_span(span, record_exception=False, set_status_on_exception=False)

    def finish(self, span: Span, answer: Success | Refusal | Failure | Pending) -> str | None:
        """Notes what came of it, and returns the ``traceparent`` for the reply. The caller ends the span."""
        match answer:
            case Success():
                span.set_attribute("saga.answer", "succeeded")
            case Pending():
                span.set_attribute("saga.answer", "pending")
            case Refusal(problem):
                # A business no is not an error of the service.
                span.set_attributes({"saga.answer": "refused", "saga.problem": problem.type})
            case Failure(problem):
                span.set_attributes({"saga.answer": "failed", "error.type": problem.type})
                span.set_status(Status(StatusCode.ERROR, problem.type))
        carrier: dict[str, str] = {}
        _propagator.inject(carrier, trace.set_span_in_context(span))
        return carrier.get("traceparent")


def _sampled(traceparent: str) -> bool:
    """The last bit of the flags, as in ``00-<trace>-<span>-01``."""
    return traceparent[-1:] in "13579bdf"
