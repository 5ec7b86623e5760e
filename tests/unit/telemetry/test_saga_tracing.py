"""The spans of a saga."""

from contextvars import copy_context

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, ParentBased
from opentelemetry.trace import SpanKind, StatusCode, get_current_span

from contracts.ids import command_id
from coordinator.telemetry.trace_context import command_traceparent, read_traceparent
from coordinator.telemetry.tracing import EndedSaga, EndedStep, SagaIdentity, StartedSaga, TracingOff
from coordinator.telemetry.within import within_trace
from tests.unit.telemetry.collector import CollectedTracing

SAGA_ID = "book_trip:trip-1"
CLIENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
CLIENT_UNSAMPLED = CLIENT[:-1] + "0"
STEP = EndedStep("flights.reserve", 1, False, 2, 1_000, 1_250, "succeeded")
REFUSED = EndedStep("payments.charge", 2, False, 1, 1_250, 1_300, "refused", "card_declined")
UNDO = EndedStep("flights.reserve", 1, True, 1, 1_300, 1_400, "succeeded")


def begin(collected: CollectedTracing, client: str | None = None) -> SagaIdentity:
    traceparent = collected.tracing.begin(SAGA_ID, "book_trip", client)
    assert traceparent is not None
    return SagaIdentity(SAGA_ID, "book_trip", 1, traceparent)


def span_id(span: ReadableSpan) -> int:
    assert span.context is not None
    return span.context.span_id


def tell_all(collected: CollectedTracing, saga: SagaIdentity) -> None:
    collected.tracing.started(saga, StartedSaga(1_000))
    for step in (STEP, REFUSED, UNDO):
        collected.tracing.step_ended(saga, step)
    collected.tracing.ended(saga, EndedSaga(4, "compensated", 1_400, "card_declined"))


def test_one_root_and_everything_else_its_child() -> None:
    """The tree of a saga that goes back."""
    collected = CollectedTracing()
    tell_all(collected, begin(collected))
    spans = collected.finish()
    root = spans.pop("saga book_trip")
    assert root.parent is None
    assert set(spans) == {
        "flights.reserve",
        "payments.charge",
        "undo flights.reserve",
        "saga book_trip compensated",
    }
    for span in spans.values():
        assert span.parent is not None
        assert span.parent.span_id == span_id(root)


def test_the_root_is_the_span_that_the_saga_keeps() -> None:
    """The traceparent in the history names the root, so that it can be told again after a crash."""
    collected = CollectedTracing()
    saga = begin(collected)
    collected.tracing.started(saga, StartedSaga(1_000))
    kept = read_traceparent(saga.traceparent)
    assert kept is not None
    assert span_id(collected.finish()["saga book_trip"]) == kept.span_id


def test_the_root_is_the_clients_child() -> None:
    """The client's trace goes on, under the client's span, told by the saga's traceparent alone."""
    collected = CollectedTracing()
    saga = begin(collected, CLIENT)
    collected.tracing.started(saga, StartedSaga(1_000))
    root = collected.finish()["saga book_trip"]
    assert root.parent is not None
    assert f"00-{root.parent.trace_id:032x}-{root.parent.span_id:016x}-01" == CLIENT


def test_a_command_names_the_span_of_its_step_as_parent() -> None:
    """What was sent with the command is what is exported when the step ends."""
    collected = CollectedTracing()
    saga = begin(collected)
    collected.tracing.step_ended(saga, STEP)
    sent = read_traceparent(command_traceparent(saga.traceparent, command_id(SAGA_ID, STEP.step), recording=True))
    assert sent is not None
    assert span_id(collected.finish()["flights.reserve"]) == sent.span_id


def test_a_step_lasts_from_its_first_attempt_to_its_end() -> None:
    """Times are those of the history, in nanoseconds."""
    collected = CollectedTracing()
    collected.tracing.step_ended(begin(collected), STEP)
    span = collected.finish()["flights.reserve"]
    assert (span.start_time, span.end_time) == (1_000_000_000, 1_250_000_000)


def test_a_clock_that_went_back_gives_no_negative_span() -> None:
    """Two coordinators' clocks may differ."""
    collected = CollectedTracing()
    step = EndedStep("flights.reserve", 1, False, 1, 2_000, 1_000, "succeeded")
    collected.tracing.step_ended(begin(collected), step)
    span = collected.finish()["flights.reserve"]
    assert span.start_time == span.end_time


def test_a_step_says_what_it_is() -> None:
    """The attributes of a step's span."""
    collected = CollectedTracing()
    collected.tracing.step_ended(begin(collected), STEP)
    assert dict(collected.finish()["flights.reserve"].attributes or {}) == {
        "saga.id": SAGA_ID,
        "saga.definition": "book_trip",
        "saga.version": 1,
        "saga.step": 1,
        "saga.command": "flights.reserve",
        "saga.direction": "forward",
        "saga.attempts": 2,
        "saga.outcome": "succeeded",
        "messaging.system": "kafka",
        "messaging.operation.type": "send",
        "messaging.destination.name": "test.commands.flights",
        "messaging.message.id": f"{SAGA_ID}:1",
    }


def test_a_refused_step_is_an_error_of_its_problems_type() -> None:
    """A backend finds it as an error."""
    collected = CollectedTracing()
    collected.tracing.step_ended(begin(collected), REFUSED)
    span = collected.finish()["payments.charge"]
    assert span.status.status_code is StatusCode.ERROR
    assert span.status.description == "card_declined"


def test_a_saga_told_twice_is_the_same_spans_twice() -> None:
    """What a resuming coordinator repeats, a backend knows already: same ids, same content."""
    collected = CollectedTracing()
    saga = begin(collected, CLIENT)
    tell_all(collected, saga)
    tell_all(collected, saga)
    spans = [span.to_json() for span in collected.finish_all()]
    assert spans[:5] == spans[5:]


def test_nothing_goes_out_for_a_saga_that_did_not_begin() -> None:
    """A request for a saga that exists already leaves no second root."""
    collected = CollectedTracing()
    begin(collected)
    collected.tracing.flush()
    assert collected.finish_all() == []


@pytest.mark.parametrize("client", [None, CLIENT])
def test_an_unsampled_saga_has_no_spans(client: str | None) -> None:
    """Decided once, at the start; the flag in the saga's traceparent says so ever after."""
    collected = CollectedTracing(ALWAYS_OFF)
    saga = begin(collected, client)
    tell_all(collected, saga)
    assert collected.finish_all() == []


def test_an_unsampled_saga_carries_a_context_that_says_so() -> None:
    """Participants are told not to record, and in which trace."""
    collected = CollectedTracing(ALWAYS_OFF)
    carried = command_traceparent(begin(collected, CLIENT).traceparent, command_id(SAGA_ID, STEP.step), recording=True)
    assert carried == CLIENT_UNSAMPLED


def test_a_client_that_does_not_sample_is_followed() -> None:
    """The default sampler asks the parent."""
    collected = CollectedTracing(ParentBased(ALWAYS_ON))
    assert begin(collected, CLIENT_UNSAMPLED).traceparent == CLIENT_UNSAMPLED


@pytest.mark.parametrize(("client", "kept"), [(None, None), ("garbage", None), (CLIENT, CLIENT)])
def test_switched_off_a_clients_context_is_handed_through(client: str | None, kept: str | None) -> None:
    """Participants attach to the client's span."""
    assert TracingOff().begin(SAGA_ID, "book_trip", client) == kept


def test_a_local_step_is_no_message() -> None:
    """Its span says that it was done here."""
    collected = CollectedTracing()
    step = EndedStep("rates.look", 1, False, 1, 1_000, 1_250, "succeeded", local=True)
    collected.tracing.step_ended(begin(collected), step)
    span = collected.finish()["rates.look"]
    assert span.attributes is not None
    assert span.kind is SpanKind.INTERNAL
    assert span.attributes["saga.local"] is True
    assert [name for name in span.attributes if name.startswith("messaging")] == []


def test_what_a_body_traces_is_the_steps_child() -> None:
    """Where nobody samples it, nothing hangs under anything."""
    found: list[int] = []
    for client in (CLIENT, CLIENT_UNSAMPLED):

        def body(client: str = client) -> None:
            within_trace(client)
            found.append(get_current_span().get_span_context().span_id)

        copy_context().run(body)
    context = read_traceparent(CLIENT)
    assert context is not None
    assert found == [context.span_id, 0]
