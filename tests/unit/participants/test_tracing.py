"""A span for what somebody samples, and nothing for the rest."""

from collections.abc import Iterator

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from participants.sdk.executor import attempt
from participants.sdk.limit import Limit
from participants.sdk.performing import perform
from participants.sdk.tracing import Tracing
from tests.unit.participants.shop import call, forward, participant_of_shop

TRACE, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SAMPLED, UNSAMPLED = f"00-{TRACE}-{CALLER}-01", f"00-{TRACE}-{CALLER}-00"


@pytest.fixture
def exported(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    """The spans that ended."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    yield exporter
    provider.shutdown()


async def handled(name: str, traceparent: str | None, tracing: Tracing) -> str | None:
    """The reply's traceparent."""
    shop = participant_of_shop()
    one = call(shop, forward(1, name=name, traceparent=traceparent, attempt=2))
    return (await attempt(one, tracing, lambda: perform(one, None, Limit(5)))).traceparent


async def test_a_sampled_command_has_a_span_below_the_coordinators(exported: InMemorySpanExporter) -> None:
    """The reply belongs to it."""
    traceparent = await handled("look", SAMPLED, Tracing("amends.commands.shop"))
    (span,) = exported.get_finished_spans()
    assert (span.name, span.kind, span.status.status_code) == ("process shop.look", SpanKind.CONSUMER, StatusCode.UNSET)
    assert span.parent is not None
    assert span.context is not None
    assert f"{span.parent.span_id:016x}" == CALLER
    assert traceparent == f"00-{TRACE}-{span.context.span_id:016x}-01"
    assert dict(span.attributes or {}) == {
        "messaging.system": "kafka",
        "messaging.operation.type": "process",
        "messaging.destination.name": "amends.commands.shop",
        "saga.id": "order:7",
        "saga.definition": "order",
        "saga.step.command": "shop.look",
        "saga.attempt": 2,
        "saga.direction": "forward",
        "saga.answer": "succeeded",
    }


async def test_a_failure_is_an_error_of_the_span(exported: InMemorySpanExporter) -> None:
    """With the problem's type."""
    await handled("buy", SAMPLED, Tracing("t"))
    (span,) = exported.get_finished_spans()
    assert span.status.status_code is StatusCode.ERROR
    assert (span.attributes or {})["error.type"] == "AttributeError"


@pytest.mark.parametrize("traceparent", [UNSAMPLED, None])
async def test_what_nobody_samples_has_no_span(exported: InMemorySpanExporter, traceparent: str | None) -> None:
    """Its trace goes on in the reply all the same."""
    assert await handled("look", traceparent, Tracing("t")) == traceparent
    assert exported.get_finished_spans() == ()


async def test_without_a_tracer_there_is_no_span() -> None:
    """Even when the caller samples."""
    tracing = Tracing("t")
    assert tracing.begin(forward(1, traceparent=SAMPLED)) is None
