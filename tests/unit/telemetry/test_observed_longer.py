"""Traces and metrics of sagas that call sagas, go on as new, or wait for what keeps a step from succeeding."""

from itertools import pairwise

import msgspec
from opentelemetry.sdk.trace import ReadableSpan

from contracts import AwaitSignal
from contracts.command_message import CommandMessage
from contracts.topics import Topics
from coordinator.engine.decision import Send
from coordinator.engine.facts import Reply, Signal, Start, UndoChild
from coordinator.runtime.calls import called
from coordinator.runtime.observe import trace_of
from coordinator.runtime.starting import Starting
from coordinator.saga import ContinueAsNew, Contract, Definitions, Retry, child, command, saga
from coordinator.telemetry.tracing import Tracing, TracingOff
from tests.unit.telemetry.collector import CollectedTracing
from tests.unit.telemetry.driven import BROKEN, CARD_DECLINED, DONE, DrivenSaga, Shop

TOPICS = Topics("test")


class Bank(Contract, name="bank"):
    """Waits for a signal when it is used up."""

    @command(timeout="5s", retry=Retry(attempts=1, on_exhausted=AwaitSignal("bank_is_back")))
    async def pay(self) -> None:
        """Has an undo that waits too."""

    @pay.undo(timeout="5s", retry=Retry(attempts=1, on_exhausted=AwaitSignal("bank_is_back")))
    async def refund(self, result: None) -> None:
        """Gives it back."""


@saga(version=1)
async def pack(what: str, shop: Shop) -> None:
    """A child."""
    await shop.reserve(what)


@saga(version=1)
async def order(what: str, shop: Shop) -> None:
    """Has a child, and a step that may be refused."""
    await child(pack, what)
    await shop.charge(100)


@saga(version=1)
async def watch(rounds: int, shop: Shop) -> None:
    """One step a round."""
    await shop.reserve("it")
    if rounds:
        raise ContinueAsNew(rounds - 1)


@saga(version=1)
async def pay_it(what: str, bank: Bank, shop: Shop) -> None:
    """Waits for the bank."""
    await bank.pay()
    await shop.charge(1)


DEFINITIONS = Definitions([pack, order, watch, pay_it])


def driven(tracing: Tracing, definition: str, saga_id: str | None = None) -> DrivenSaga:
    return DrivenSaga(tracing, definition, definitions=DEFINITIONS, saga_id=saga_id)


def call_of(tracing: Tracing, parent: DrivenSaga, send: Send) -> Start | UndoChild:
    """A call, or an undo, as it is sent by one coordinator and taken by another."""
    message = CommandMessage(
        command_id=send.command_id,
        type=send.type,
        definition="order",
        saga_id=parent.saga_id,
        direction=send.direction,
        attempt=send.attempt,
        time_ms=parent.now,
        reply_to=TOPICS.replies,
        value=send.value,
        deadline_ms=send.deadline,
        traceparent=trace_of(tracing)(parent.traceparent, send),
    )
    assert send.child is not None
    return called(message, send.child, Starting(DEFINITIONS, tracing.begin))


def family(tracing: Tracing) -> tuple[DrivenSaga, DrivenSaga]:
    """A parent, and a child that has gone through and is opened again since the parent goes back."""
    parent = driven(tracing, "order")
    began = parent.start()
    (call,) = began.sends
    assert call.child is not None
    one = driven(tracing, "pack", call.child)
    one.take(call_of(tracing, parent, call))
    one.reply("1", DONE)
    parent.reply("1", DONE)
    parent.now += 100
    (undo,) = parent.take(Reply(f"{parent.saga_id}:2", 1, CARD_DECLINED)).sends
    one.take(call_of(tracing, parent, undo))
    one.reply("1:undo", DONE)
    parent.reply("1:undo", DONE)
    return parent, one


def context(span: ReadableSpan) -> tuple[int, int]:
    assert span.context is not None
    return span.context.trace_id, span.context.span_id


def parent_of(span: ReadableSpan) -> tuple[int, int]:
    assert span.parent is not None
    return span.parent.trace_id, span.parent.span_id


def test_a_childs_trace_is_its_parents() -> None:
    """The child's root stands under the step, and the step is linked to it; so is the step's undo."""
    collected = CollectedTracing()
    family(collected.tracing)
    spans = collected.finish_all()
    named = {span.name: span for span in spans}
    step, root = named["saga.pack"], named["saga pack"]
    assert parent_of(root) == context(step)
    for each in (step, named["undo saga.pack"]):
        assert [(link.context.trace_id, link.context.span_id) for link in each.links] == [context(root)]
        assert each.attributes is not None
        assert each.attributes["saga.child"] == "pack:order:1:1"
        assert each.attributes["messaging.destination.name"] == TOPICS.requests


def test_a_child_that_is_opened_again_says_so() -> None:
    """Between its two ends."""
    collected = CollectedTracing()
    family(collected.tracing)
    told = [span.name for span in collected.finish_all() if span.name.startswith("saga pack")]
    assert told == ["saga pack", "saga pack completed", "saga pack reopened", "saga pack compensated"]


def test_a_child_that_is_opened_again_has_ended_once() -> None:
    """Its second end is counted apart: who adds up the ends has as many as there are sagas."""
    _, one = family(TracingOff())
    count = one.registry.get_sample_value
    assert count("amends_sagas_total", {"definition": "pack", "status": "completed"}) == 1
    assert count("amends_sagas_total", {"definition": "pack", "status": "compensated"}) is None
    assert count("amends_sagas_reopened_total", {"definition": "pack"}) == 1


def test_rounds_are_counted_and_linked() -> None:
    """Each to the one before; the steps of a round stand under it."""
    collected = CollectedTracing()
    one = driven(collected.tracing, "watch")
    one.input = b"2"
    one.start()
    for step in (1, 2, 3):
        one.reply(str(step), DONE)
    assert one.registry.get_sample_value("amends_rounds_total", {"definition": "watch"}) == 2
    spans = collected.finish_all()
    rounds = [span for span in spans if span.name in ("saga watch", "saga watch round")]
    assert [parent_of(span) for span in spans if span.name == "shop.reserve"] == [context(span) for span in rounds]
    for before, after in pairwise(rounds):
        assert [link.context.span_id for link in after.links] == [context(before)[1]]
        assert parent_of(after) == context(rounds[0])
    assert [span.attributes["saga.round"] for span in rounds[1:] if span.attributes] == [2, 3]


def test_a_round_is_told_again_by_whoever_takes_over() -> None:
    """Its steps would have no parent otherwise."""
    killed, successor = CollectedTracing(), CollectedTracing()
    one = driven(killed.tracing, "watch")
    one.input = b"1"
    one.start()
    one.reply("1", DONE)
    one.taken_over(successor.tracing).reply("2", DONE)
    told = [span.to_json() for span in killed.finish_all() if span.name == "saga watch round"]
    again = successor.finish_all()
    assert [span.to_json() for span in again[:1]] == told
    assert parent_of(again[1]) == context(again[0])


def test_a_step_that_is_held_can_be_seen() -> None:
    """Counted when it begins to wait; its span has the moment and the signal."""
    collected = CollectedTracing()
    one = driven(collected.tracing, "pay_it")
    one.start()
    one.reply("1", BROKEN)
    held_at = one.now
    labels = {"command": "bank.pay", "direction": "forward", "waits_for": "signal"}
    assert one.registry.get_sample_value("amends_steps_held_total", labels) == 1
    one.now += 3_600_000
    one.take(Signal("bank_is_back", "s-1", msgspec.Raw(b"null")))
    one.reply("1", DONE, attempt=2)
    one.reply("2", CARD_DECLINED)
    one.reply("1:undo", BROKEN)
    labels["direction"] = "undo"
    assert one.registry.get_sample_value("amends_steps_held_total", labels) == 1
    (step,) = [span for span in collected.finish_all() if span.name == "bank.pay"]
    (event,) = step.events
    assert (event.name, event.timestamp) == ("held", held_at * 1_000_000)
    assert event.attributes == {"error.type": "broken", "saga.signal": "bank_is_back"}
