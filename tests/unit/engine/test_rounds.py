"""A saga that goes on as new: what its next round has of the ones before, and what it has not."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import msgspec
import pytest

from contracts import Failed, Problem, Refused
from contracts.answers import Refusal, Success
from coordinator.engine import facts, rounds
from coordinator.engine.facts import Conflict, Known, Reply, RetryStep
from coordinator.engine.machine import Machine
from coordinator.history.codec import read_events, write_events
from coordinator.history.events import Event
from coordinator.history.followed import FollowedUpdate
from coordinator.history.rounds import SagaContinued
from coordinator.history.updates import UpdateAnswered
from coordinator.saga import ContinueAsNew, Definitions, Signal, Update, attributes, saga, status
from tests.kept_rows import kept_rows
from tests.sagas import SagaDriver, Shop


@saga(version=1, deadline="1h")
async def watch(seen: list[str], shop: Shop, note: Signal[str], ask: Update[str, str]) -> list[str]:
    """Takes what the notes say, one in each round, until one says no more."""

    @ask.handle
    async def _(item: str) -> str:
        return await shop.take(item)

    said = await note
    if said == "no more":
        return seen
    if said == "no":
        raise Refused("no")
    if said == "pay":
        await shop.pay(1)
    if said == "launch":
        await shop.launch()
    taken = await shop.take(said)
    raise ContinueAsNew([*seen, taken])


def watching() -> SagaDriver:
    return SagaDriver(watch).start([])


def second_round() -> SagaDriver:
    return watching().signals("note", "a").succeeds(1, "A")


def begun(driver: SagaDriver) -> SagaContinued:
    return driver.of(SagaContinued)[-1]


def test_nobody_waits_for_a_step_of_an_earlier_round() -> None:
    """So that what a crash left of it in the outbox may go."""
    driver = second_round()
    assert driver.machine.awaits(f"{driver.saga_id}:1", 1) is None


def test_a_round_begins_where_the_one_before_has_ended() -> None:
    """With the input it is given, in the same activation, and with numbers that go on."""
    driver = second_round()
    assert driver.new_events == ["StepSucceeded", "SagaContinued", "SignalAwaited"]
    event = begun(driver)
    assert (event.round, event.row, event.steps, event.signals) == (2, 3, 1, 1)
    driver.signals("note", "b").expects("shop.take")
    assert driver.send("shop.take").command_id == "watch:1:2"
    driver.succeeds("shop.take", "B").signals("note", "no more").is_("completed")
    assert driver.result == ["A", "B"]


def test_what_a_round_did_stands() -> None:
    """Later rounds undo what they did themselves."""
    driver = second_round().updates("ask", "b").succeeds(2, "B").signals("note", "no").is_("compensating")
    driver.expects("undo shop.take").succeeds("undo 2").is_("compensated")
    assert [send.command_id for send in driver.sent if send.direction == "undo"] == ["watch:1:2:undo"]


def test_a_round_is_not_past_the_point_of_no_return_of_another() -> None:
    """Its own steps can be undone, whatever was paid before."""
    paid = watching().signals("note", "pay")
    driver = paid.succeeds("shop.pay", 1).is_("parked")  # a step that can be undone, behind a pivot
    assert "shop.take" in driver.parked_message

    @saga(version=1)
    async def pays(rounds: int, shop: Shop) -> None:
        await shop.take("a")
        await shop.pay(1)
        raise ContinueAsNew(rounds + 1)

    driver = SagaDriver(pays).start(0).succeeds(1, "A").succeeds(2, 1)
    driver.succeeds(3, "A").refuses(4).expects("undo shop.take").succeeds("undo 3").is_("compensated")


def test_the_same_start_is_the_same_saga_for_ever() -> None:
    """It is the first input that counts."""
    driver = second_round()
    assert driver.start([]).verdict == Known()
    assert isinstance(driver.start(["A"]).verdict, Conflict)


def test_signals_that_nobody_took_are_there() -> None:
    """In their order, and before those that come later."""
    driver = watching().signals("note", "a").signals("note", "b").signals("note", "c").succeeds(1, "A")
    assert driver.new_events == ["StepSucceeded", "SagaContinued", "SignalTaken", "StepIssued"]
    driver.succeeds(2, "B").succeeds(3, "C").signals("note", "no more")
    assert driver.result == ["A", "B", "C"]


def test_rounds_within_one_activation() -> None:
    """Only the last of them is kept."""

    @saga(version=1)
    async def counts(passed: int, shop: Shop, note: Signal[str]) -> int:
        if not passed:
            await shop.look("a")
        else:
            await note
        raise ContinueAsNew(passed + 1)

    driver = SagaDriver(counts).start(0).signals("note", "a").signals("note", "b").signals("note", "c")
    driver.succeeds(1, 1)
    assert driver.new_events.count("SagaContinued") == 4
    assert [type(event).__name__ for event in kept_rows(driver.rows)[0]] == ["SagaContinued", "SignalAwaited"]
    driver.signals("note", "d")
    assert bytes(begun(driver).input) == b"5"


def test_a_signal_is_one_signal_in_every_round() -> None:
    """Its id is remembered."""
    driver = second_round()
    assert driver.signals("note", "a", id="signal-1").verdict == Known()
    assert isinstance(driver.signals("ask", "a", id="signal-1").verdict, Conflict)


def ids_after(signals: int, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """One in each round, when two are remembered."""
    monkeypatch.setattr(rounds, "SIGNALS_REMEMBERED", 2)
    driver = watching()
    for number in range(1, signals + 1):
        driver.signals("note", "a").succeeds(number, "A")
    return list(begun(driver).signal_ids)


def test_so_many_signals_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest of all rounds; what is forgotten may come again."""
    assert ids_after(1, monkeypatch) == ["signal-1"]
    assert ids_after(4, monkeypatch) == ["signal-3", "signal-4"]


def test_all_signals_of_the_last_round_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who sends again what was not answered, sends it soon. And those that nobody has taken, for as long as that is."""
    monkeypatch.setattr(rounds, "SIGNALS_REMEMBERED", 1)
    driver = watching()
    for item in "abcde":
        driver.signals("note", item)
    ids = [f"signal-{number}" for number in range(1, 6)]
    assert list(begun(driver.succeeds(1, "A")).signal_ids) == ids
    assert list(begun(driver.succeeds(2, "A")).signal_ids) == ids[2:]
    assert list(begun(driver.succeeds(3, "A")).signal_ids) == ids[3:]
    assert driver.signals("note", "a", id="signal-1").accepted


def followed(events: Sequence[Event], id: str) -> Any:
    update = FollowedUpdate(id)
    for event in events:
        update.hear(event)
    outcome = update.outcome
    return update.name, bytes(outcome.answer) if isinstance(outcome, UpdateAnswered) else getattr(outcome, "problem", 0)


def test_an_update_is_answered_alike_in_every_round(monkeypatch: pytest.MonkeyPatch) -> None:
    """With its answer, which whoever follows it finds; so many are remembered, and all of the last round."""
    monkeypatch.setattr(rounds, "UPDATES_REMEMBERED", 2)
    driver = watching().updates("ask", "x").refuses(1).updates("ask", "y").succeeds(2, "Y").updates("ask", "z")
    driver.succeeds(3, "Z").signals("note", "a").succeeds(4, "A")
    assert driver.updates("ask", "x", id="update-1").verdict == Known()
    kept = [event for row in kept_rows(driver.rows) for event in row]
    assert followed(kept, "update-1") == ("ask", Problem("no"))
    assert followed(kept, "update-3") == ("ask", b'"Z"')
    driver.updates("ask", "w").succeeds(5, "W").signals("note", "b").succeeds(6, "B")
    assert [each.id for each in begun(driver).answered] == ["update-3", "update-5"]
    assert driver.updates("ask", "x", id="update-1").accepted


def test_updates_are_answered_before_a_round_ends() -> None:
    """As before a saga ends. Another that comes meanwhile is to come again."""
    driver = watching().updates("ask", "x").signals("note", "a").succeeds(2, "A").is_("running")
    assert driver.new_events == ["StepSucceeded"]
    driver.updates("ask", "y")
    assert "send the update again" in str(driver.verdict)
    driver.succeeds(1, "X")
    assert driver.new_events == ["StepSucceeded", "UpdateAnswered", "SagaContinued", "SignalAwaited"]
    assert driver.updates("ask", "y").accepted


def test_the_deadline_is_that_of_the_whole_saga() -> None:
    """However many rounds there are."""
    driver = second_round()
    driver.passes(1_800_000).signals("note", "b").succeeds(2, "B").passes(1_800_000)
    assert (driver.status, driver.cause) == ("failed", "deadline_exceeded")


def test_a_cancel_that_came_too_late_for_a_round_ends_the_next() -> None:
    """It was asked for while nobody knew whether the round was past its point of no return."""

    @saga(version=1)
    async def launches(rounds: int, shop: Shop) -> None:
        await shop.launch()
        raise ContinueAsNew(rounds + 1)

    driver = SagaDriver(launches).start(0).cancel().is_("running").succeeds(1, None)
    assert driver.new_events == ["StepSucceeded", "SagaContinued", "CompensationStarted", "SagaFailed"]
    assert driver.cause == "cancelled"


def test_undos_of_the_round_come_first() -> None:
    """One that was given up parks the saga, and the round ends when a person has seen to it."""

    @saga(version=1)
    async def lends(rounds: int, shop: Shop) -> int:
        if rounds:
            return await shop.look("b")
        with suppress(Failed):
            await shop.lend("a")
        raise ContinueAsNew(rounds + 1)

    driver = SagaDriver(lends).start(0).fails(1, retryable=False).expects("undo shop.lend").refuses("undo 1")
    driver.is_("parked").resume().succeeds("undo 1")
    assert driver.new_events == ["UndoSucceeded", "SagaContinued", "StepIssued"]


def test_what_a_saga_shows_stays() -> None:
    """Until it shows something else. So many attributes may be set in all rounds together."""

    @saga(version=1)
    async def shows(passed: int, shop: Shop) -> None:
        if not passed:
            status("begins")
        attributes(**{f"a{passed}_{number}": number for number in range(16)})
        await shop.look("a")
        raise ContinueAsNew(passed + 1)

    driver = SagaDriver(shows).start(0, attributes={"who": "Ada"}).succeeds(1, 1)
    shown = driver.machine.state.shown
    assert shown is not None
    assert (shown.line, len(shown.attributes), shown.attributes["who"]) == ("begins", 33, "Ada")
    driver.succeeds(2, 1).is_("parked")
    assert "attributes" in driver.parked_message


def test_what_comes_for_a_step_of_another_round_changes_nothing() -> None:
    """A reply that was doubled; a person who is late."""
    driver = second_round()
    assert driver.unchanged_by(lambda: driver.advance(Reply("watch:1:1", 1, Success(msgspec.Raw(b'"A"')))))
    assert driver.verdict == Known()
    assert driver.advance(Reply("watch:1:1:undo", 1, Refusal(Problem("no")))).verdict == Known()
    assert "earlier round" in str(driver.advance(RetryStep(1, undo=False)).verdict)
    assert "so far" in str(driver.advance(RetryStep(9, undo=False)).verdict)


def test_a_round_stands_still_and_goes_on() -> None:
    """Its code is called with the round's input again."""
    driver = second_round().pauses().signals("note", "b").passes(5_000).resume()
    driver.expects("shop.take").succeeds(2, "B").signals("note", "no more")
    assert driver.result == ["A", "B"]


def test_a_thousand_rounds_leave_no_more_than_one() -> None:
    """Neither in the history nor in the machine."""
    definitions = Definitions([watch])
    driver = watching()
    machine, rows = driver.machine, kept_rows(driver.rows)
    sizes: list[int] = []
    for number in range(1, 1_001):
        for fact in (signal_of(number), Reply(f"watch:1:{number}", 1, Success(msgspec.Raw(b'""')))):
            decision = machine.advance([fact], driver.now + number)
            rows = [*([] if decision.round_at is not None else rows), decision.events[decision.round_at or 0 :]]
        sizes.append(sum(len(write_events(row)) for row in rows))
        machine = Machine.rebuild("watch:1", [read_events(write_events(row)) for row in rows], definitions)
        assert machine.seq == 1 + 2 * number
    assert max(sizes[500:]) < 40_000
    assert machine.state.round == 1_001
    assert len(machine.state.steps) == 0


def signal_of(number: int) -> facts.Signal:
    return facts.Signal("note", f"signal-{number}", msgspec.Raw(b'""'))
