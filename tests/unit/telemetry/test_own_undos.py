"""The trace of an undo that a saga registered itself: its span is the one that its command travels with."""

from contracts.answers import Success
from contracts.values import NULL
from coordinator.engine.facts import Reply
from coordinator.history.in_words import event_line
from coordinator.runtime.observe import trace_of
from coordinator.saga import Definitions, on_undo, saga
from tests.unit.telemetry.collector import CollectedTracing
from tests.unit.telemetry.driven import CARD_DECLINED, DrivenSaga, Shop


@saga(version=1)
async def careful(what: str, shop: Shop) -> None:
    """Registers an undo of its own."""
    on_undo(shop.ship)
    await shop.charge(100)


def test_its_span() -> None:
    """It is an undo, and begins when it is sent: nothing was under way before."""
    collected = CollectedTracing()
    driven = DrivenSaga(collected.tracing, "careful", definitions=Definitions([careful]))
    driven.start()
    driven.reply("2", CARD_DECLINED)
    begun = driven.now
    driven.reply("1", Success(NULL))
    span = collected.finish()["undo shop.ship"]
    assert (span.attributes or {})["saga.direction"] == "undo"
    assert (span.attributes or {})["saga.outcome"] == "succeeded"
    assert span.start_time == begun * 1_000_000


def test_its_command_travels_with_it() -> None:
    """So what the participant tells stands under it."""
    collected = CollectedTracing()
    driven = DrivenSaga(collected.tracing, "careful", definitions=Definitions([careful]))
    driven.start()
    (send,) = driven.take(Reply("careful:1:2", 1, CARD_DECLINED)).sends
    carried = trace_of(collected.tracing)(driven.traceparent, send)
    driven.reply("1", Success(NULL))
    span = collected.finish()["undo shop.ship"]
    assert span.context is not None
    assert carried is not None
    assert carried.split("-")[2] == f"{span.context.span_id:016x}"


def test_its_line() -> None:
    """As people read the history."""
    commands: dict[int, str] = {}
    registered = {"type": "undo_registered", "step": 1, "command": "shop.ship", "arguments": {}, "at": 1}
    assert event_line(registered, commands).split() == ["step", "1", "shop.ship", "undo", "registered"]
    assert event_line({"type": "undo_issued", "step": 1, "at": 2}, commands).split()[2:] == [
        "shop.ship",
        "undo",
        "issued",
    ]
