"""What the runtime's observer tells metrics and traces."""

import pytest
from opentelemetry.sdk.trace import ReadableSpan

from contracts.answers import Success
from contracts.ids import command_id, undo_id
from coordinator.runtime.observe import ENDED_MS, TAIL_MS, trace_of
from coordinator.runtime.outgoing import same_trace
from coordinator.telemetry.trace_context import command_traceparent, span_id_of
from coordinator.telemetry.tracing import TracingOff
from tests.unit.telemetry.collector import CollectedTracing
from tests.unit.telemetry.driven import BROKEN, CARD_DECLINED, DONE, DrivenSaga

CLIENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def shown(span: ReadableSpan) -> str:
    return span.to_json()


def test_a_saga_that_completes_is_told_whole() -> None:
    """Root, steps, end; each once."""
    collected = CollectedTracing()
    saga = DrivenSaga(collected.tracing)
    saga.start()
    saga.reply("1", DONE)
    saga.reply("2", DONE)
    assert list(collected.finish()) == ["saga buy", "shop.reserve", "shop.charge", "saga buy completed"]


def test_a_saga_that_goes_back_is_told_whole() -> None:
    """The refused step and the undo are told too."""
    collected = CollectedTracing()
    saga = DrivenSaga(collected.tracing)
    saga.start()
    saga.reply("1", DONE)
    saga.reply("2", CARD_DECLINED)
    saga.reply("1:undo", DONE)
    spans = collected.finish()
    assert list(spans) == ["saga buy", "shop.reserve", "shop.charge", "undo shop.reserve", "saga buy compensated"]
    assert spans["saga buy compensated"].status.description == "card_declined"


def test_step_and_undo_have_the_ids_that_their_commands_named() -> None:
    """The participants' parents."""
    collected = CollectedTracing()
    saga = DrivenSaga(collected.tracing)
    saga.start()
    saga.reply("1", DONE)
    saga.reply("2", CARD_DECLINED)
    saga.reply("1:undo", DONE)
    ids = {name: span.context.span_id for name, span in collected.finish().items() if span.context}
    assert ids["shop.reserve"] == span_id_of(command_id(saga.saga_id, 1))
    assert ids["undo shop.reserve"] == span_id_of(undo_id(saga.saga_id, 1))


def test_retries_are_one_span() -> None:
    """From the first attempt to the end, with the number of attempts."""
    collected = CollectedTracing()
    saga = DrivenSaga(collected.tracing)
    saga.start()
    saga.reply("1", BROKEN)
    saga.wake()
    saga.reply("1", DONE, attempt=2)
    span = collected.finish()["shop.reserve"]
    assert span.attributes is not None
    assert span.attributes["saga.attempts"] == 2
    assert span.start_time == 1_000_000 * 1_000_000
    assert span.end_time == saga.now * 1_000_000


def test_a_step_that_is_not_waited_for_is_told_when_the_saga_goes_back() -> None:
    """Its participant's span has a parent all the same."""
    collected = CollectedTracing()
    saga = DrivenSaga(collected.tracing, "buy_two")
    saga.start()
    saga.reply("1", CARD_DECLINED)
    spans = collected.finish_all()
    outcomes = [span.attributes["saga.outcome"] for span in spans if span.attributes and span.name == "shop.reserve"]
    assert outcomes == ["refused", "abandoned"]


def test_commands_name_the_spans_while_traces_are_on() -> None:
    """What bootstrap hands to the runtime."""
    collected = CollectedTracing()
    saga = DrivenSaga(collected.tracing)
    (send,) = saga.start().sends
    assert trace_of(collected.tracing)(CLIENT, send) == command_traceparent(CLIENT, send.command_id, recording=True)
    collected.tracing.close()


def test_commands_carry_what_the_saga_has_while_traces_are_off() -> None:
    """At no cost at all."""
    assert trace_of(TracingOff()) is same_trace


def test_a_parked_saga_says_so() -> None:
    """An undo that was given up, and the person who is needed."""
    collected = CollectedTracing()
    saga = DrivenSaga(collected.tracing)
    saga.start()
    saga.reply("1", DONE)
    saga.reply("2", CARD_DECLINED)
    saga.reply("1:undo", BROKEN)
    spans = collected.finish()
    assert spans["undo shop.reserve"].status.description == "broken"
    assert spans["saga buy parked"].status.description == "parked_for_undo"


def test_a_killed_coordinators_spans_are_told_again_by_its_successor() -> None:
    """All of them, should none have gone out: the same spans to the last bit, the client's parent included."""
    killed, successor = CollectedTracing(), CollectedTracing()
    saga = DrivenSaga(killed.tracing)
    saga.start(CLIENT)
    saga.reply("1", DONE)
    saga.taken_over(successor.tracing).reply("2", CARD_DECLINED)
    before = [shown(span) for span in killed.finish_all()]
    assert [shown(span) for span in successor.finish_all()][: len(before)] == before


def test_what_ended_long_before_the_last_row_is_not_told_again() -> None:
    """It had its time to go out while its process lived."""
    killed, successor = CollectedTracing(), CollectedTracing()
    saga = DrivenSaga(killed.tracing)
    saga.start()
    saga.now += TAIL_MS
    saga.reply("1", DONE)
    saga.taken_over(successor.tracing).reply("2", DONE)
    assert list(successor.finish()) == ["shop.reserve", "shop.charge", "saga buy completed"]


def test_a_saga_of_our_own_that_comes_back_is_not_told_again() -> None:
    """Leaving the memory is no crash."""
    collected = CollectedTracing()
    saga = DrivenSaga(collected.tracing)
    saga.start()
    saga.evict()
    saga.reply("1", DONE)
    saga.evict()
    saga.reply("2", DONE)
    assert list(collected.finish()) == ["saga buy", "shop.reserve", "shop.charge", "saga buy completed"]


def test_a_saga_that_had_just_ended_is_told_again() -> None:
    """The reply that ended it comes again: its offset was not committed when the process was killed."""
    killed, successor = CollectedTracing(), CollectedTracing()
    saga = DrivenSaga(killed.tracing)
    saga.start()
    saga.reply("1", DONE)
    saga.reply("2", DONE)
    saga.taken_over(successor.tracing).reply("2", DONE)
    assert list(successor.finish()) == ["saga buy", "shop.reserve", "shop.charge", "saga buy completed"]


def test_a_saga_that_ended_long_ago_is_not_told_again() -> None:
    """Somebody asked for it once more."""
    killed, successor = CollectedTracing(), CollectedTracing()
    saga = DrivenSaga(killed.tracing)
    saga.start()
    saga.reply("1", DONE)
    saga.reply("2", DONE)
    saga.now += ENDED_MS
    saga.taken_over(successor.tracing).reply("2", DONE)
    assert successor.finish_all() == []


def test_a_saga_that_is_asked_for_again_and_again_is_told_once() -> None:
    """Idempotent requests do not multiply spans."""
    killed, successor = CollectedTracing(), CollectedTracing()
    saga = DrivenSaga(killed.tracing)
    saga.start()
    saga.reply("1", DONE)
    saga.reply("2", DONE)
    later = saga.taken_over(successor.tracing)
    for _ in range(3):
        later.reply("2", DONE)
        later.evict()
    assert len(successor.finish_all()) == 4


def test_with_traces_off_steps_are_still_measured() -> None:
    """Metrics need no trace; also after somebody else took over."""
    saga = DrivenSaga(TracingOff())
    saga.start()
    later = saga.taken_over(TracingOff())
    later.reply("1", DONE)
    labels = {"command": "shop.reserve", "direction": "forward", "outcome": "succeeded"}
    assert later.registry.get_sample_value("amends_step_duration_seconds_sum", labels) == pytest.approx(0.1)


def test_sagas_are_counted() -> None:
    """Begun, and ended by status."""
    saga = DrivenSaga(TracingOff())
    saga.start()
    saga.reply("1", DONE)
    saga.reply("2", CARD_DECLINED)
    saga.reply("1:undo", Success(DONE.result))
    assert saga.registry.get_sample_value("amends_sagas_started_total", {"definition": "buy"}) == 1
    labels = {"definition": "buy", "status": "compensated"}
    assert saga.registry.get_sample_value("amends_sagas_total", labels) == 1
