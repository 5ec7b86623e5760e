"""The oracle itself: it finds nothing wrong with what is right, and every violation that is planted (O9)."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from contracts.travel.flights import Flights, ReserveFlight
from contracts.travel.hotels import Hotels, ReserveHotel
from coordinator.catalogue.book_trip import book_trip
from coordinator.engine.status import ENDED
from coordinator.history.endings import SagaCompleted
from coordinator.history.events import Event
from coordinator.history.parking import SagaParked
from coordinator.history.steps import StepIssued, StepSucceeded
from coordinator.history.undos import UndoIssued, UndoSucceeded
from coordinator.saga import Definitions, on_undo, saga
from tests.faults.evidence import Effect, Evidence, HistoryRow, SagaRow
from tests.faults.oracle import CHECKS, judge
from tests.sagas import SagaDriver

FLIGHT, HOTEL = {"ref": "FL", "price": 12_000}, {"ref": "HO", "price": 18_000}


def trip(key: str, **changes: Any) -> SagaDriver:
    """A trip that has begun."""
    asked = {"trip_id": key, "traveller": "Ada", "destination": "Rome", "card": "visa", **changes}
    return SagaDriver(book_trip, key=key).start(asked)


def charged(key: str) -> SagaDriver:
    """A trip that waits for the card."""
    saga = trip(key).succeeds("flights.reserve", FLIGHT).succeeds("hotels.reserve", HOTEL)
    return saga.passes(1)


def driven() -> dict[str, SagaDriver]:
    """One saga of each sort of end."""
    booked = charged("booked").succeeds("payments.charge", {"charge": "CH", "amount": 30_000})
    booked.succeeds("flights.issue_ticket", {"number": "T"}).is_("completed")
    declined = charged("declined").refuses("payments.charge").succeeds("undo hotels.reserve")
    declined.succeeds("undo flights.reserve").is_("compensated")
    nowhere = trip("nowhere").refuses("flights.reserve").is_("failed")
    parked = charged("parked").refuses("payments.charge").refuses("undo hotels.reserve")
    parked.succeeds("undo flights.reserve").is_("parked")
    skipped = charged("skipped").refuses("payments.charge").refuses("undo hotels.reserve").skips(2)
    skipped.succeeds("undo flights.reserve").is_("partially_compensated")
    overruled = charged("overruled").cancel().succeeds("undo payments.charge").skips(2)
    overruled.succeeds("undo flights.reserve").is_("partially_compensated")
    terminated = charged("terminated").terminates().is_("terminated")
    back = charged("back").refuses("payments.charge").succeeds("undo hotels.reserve").terminates().is_("terminated")
    return {saga.saga_id: saga for saga in (booked, declined, nowhere, parked, skipped, overruled, terminated, back)}


def row_of(saga: SagaDriver) -> SagaRow:
    """As the coordinator would have written it."""
    state = saga.machine.state
    outcome = None if state.outcome is None else state.outcome.decode()
    return SagaRow(state.status.value, state.parked_for, saga.machine.wake_at, outcome)


def rows_of(saga: SagaDriver) -> tuple[HistoryRow, ...]:
    """Its history, read back."""
    decode = msgspec.json.Decoder(tuple[Event, ...]).decode
    return tuple(HistoryRow(number, decode(row)) for number, row in enumerate(saga.rows, 1))


def effects_of(saga: SagaDriver) -> list[Effect]:
    """What honest participants did for it."""
    found: list[Effect] = []
    for event in saga.history:
        if isinstance(event, StepSucceeded | UndoSucceeded):
            participant = saga.machine.state.steps[event.step].command.partition(".")[0]
            direction = "forward" if isinstance(event, StepSucceeded) else "undo"
            found.append(Effect(participant, f"{saga.saga_id}:{event.step}", direction))
    return found


def honest(sagas: dict[str, SagaDriver]) -> Evidence:
    """What the databases would say."""
    booked = {"book_trip:booked": 12_000}
    return Evidence(
        acknowledged=frozenset(sagas),
        sagas={saga_id: row_of(saga) for saga_id, saga in sagas.items()},
        histories={saga_id: rows_of(saga) for saga_id, saga in sagas.items()},
        effects=[effect for saga in sagas.values() for effect in effects_of(saga)],
        ledgers=frozenset({"flights", "hotels", "payments"}),
        held={"flights": booked, "hotels": {"book_trip:booked": 18_000}, "payments": {"book_trip:booked": 30_000}},
    )


Planted = Callable[[Evidence], Evidence]


def with_row(key: str, **changes: Any) -> Planted:
    """The saga's row is another."""
    saga_id = f"book_trip:{key}"
    return lambda e: replace(e, sagas={**e.sagas, saga_id: replace(e.sagas[saga_id], **changes)})


def with_history(key: str, change: Callable[[Sequence[HistoryRow]], Sequence[HistoryRow]]) -> Planted:
    """The saga's history is another."""
    saga_id = f"book_trip:{key}"
    return lambda e: replace(e, histories={**e.histories, saga_id: change(e.histories[saga_id])})


def with_events(key: str, change: Callable[[Event], Event | None]) -> Planted:
    """Some of the saga's events are others, or are missing."""

    def changed(row: HistoryRow) -> HistoryRow:
        return HistoryRow(row.seq, tuple(new for event in row.events if (new := change(event)) is not None))

    return with_history(key, lambda rows: [changed(row) for row in rows])


def without_effect(key: str, step: int, direction: str) -> Planted:
    """A participant did not do it."""
    gone = f"book_trip:{key}:{step}", direction
    return lambda e: replace(e, effects=[x for x in e.effects if (x.command_id, x.direction) != gone])


def with_effect(participant: str, command_id: str, direction: str) -> Planted:
    """A participant did that too."""
    return lambda e: replace(e, effects=[*e.effects, Effect(participant, command_id, direction)])


def with_money(cents: int) -> Planted:
    """The card was charged so much."""
    return lambda e: replace(e, held={**e.held, "payments": {"book_trip:booked": cents}})


def undone_the_other_way(event: Event) -> Event:
    """Step 1 is undone before step 2."""
    if isinstance(event, UndoIssued | UndoSucceeded):
        return msgspec.structs.replace(event, step=3 - event.step)
    return event


def another_command(event: Event) -> Event:
    """The code asked for something else as its second step."""
    if isinstance(event, StepIssued) and event.step == 2:
        return msgspec.structs.replace(event, command="hotels.reserve_suite")
    return event


def parked_silently(event: Event) -> Event:
    """Without a word why."""
    return msgspec.structs.replace(event, message="") if isinstance(event, SagaParked) else event


def ended_twice(rows: Sequence[HistoryRow]) -> Sequence[HistoryRow]:
    """The last row comes once more."""
    return [*rows, HistoryRow(len(rows) + 1, rows[-1].events)]


def lost(e: Evidence) -> Evidence:
    """A saga that was acknowledged is nowhere."""
    gone = "book_trip:booked"
    return replace(e, sagas={k: v for k, v in e.sagas.items() if k != gone}, effects=[], held={})


PLANTED: dict[str, tuple[str, Planted]] = {
    "a saga is stuck": ("O1", with_row("booked", status="running")),
    "a parked saga does not say why": ("O1", with_events("parked", parked_silently)),
    "a step is done twice": ("O2", with_effect("hotels", "book_trip:booked:2", "forward")),
    "an undo is done twice": ("O2", with_effect("hotels", "book_trip:declined:2", "undo")),
    "a step is missing": ("O3", without_effect("booked", 2, "forward")),
    "a step is not undone": ("O3", without_effect("declined", 1, "undo")),
    "a step of a completed saga is undone": ("O3", with_effect("hotels", "book_trip:booked:2", "undo")),
    "what was never done is undone": ("O3", with_effect("payments", "book_trip:declined:3", "undo")),
    "nobody asked for it": ("O3", with_effect("payments", "book_trip:booked:9", "forward")),
    "it is done for a saga that does not exist": ("O3", with_effect("payments", "book_trip:unknown:1", "forward")),
    "nobody decided that a step stands": ("O3", without_effect("skipped", 1, "undo")),
    "what stands was never done": ("O3", without_effect("terminated", 2, "forward")),
    "a terminated saga is undone": ("O3", with_effect("hotels", "book_trip:terminated:2", "undo")),
    "what was undone before it was terminated is not": ("O3", without_effect("back", 2, "undo")),
    "a terminated saga never asked for it": ("O3", with_effect("flights", "book_trip:terminated:4", "forward")),
    "the card is charged twice": ("O3", with_money(60_000)),
    "undos run forwards": ("O4", with_events("declined", undone_the_other_way)),
    "an undo overtakes": (
        "O4",
        with_events("declined", lambda e: None if isinstance(e, UndoSucceeded) and e.step == 2 else e),
    ),
    "an undo comes before the outcome": (
        "O4",
        with_history("declined", lambda rows: [rows[0], *(replace(row, seq=row.seq) for row in rows[3:])]),
    ),
    "a command is left in the outbox": ("O5", lambda e: replace(e, outbox=["book_trip:booked:3"])),
    "an ended saga is to be woken": ("O5", with_row("booked", wake_at=1)),
    "a row is missing": ("O6", with_history("booked", lambda rows: [*rows[:2], *rows[3:]])),
    "a saga ends twice": ("O6", with_history("booked", ended_twice)),
    "a saga begins twice": ("O6", with_history("booked", lambda rows: [rows[0], replace(rows[0], seq=2)])),
    "the end is missing": (
        "O6",
        with_events("booked", lambda e: None if isinstance(e, SagaCompleted) else e),
    ),
    "there is no row for a history": ("O6", lost),
    "the row shows another outcome": ("O7", with_row("booked", outcome='{"result":null}')),
    "the row shows another status": ("O7", with_row("declined", status="completed")),
    "the log is not what the code asks for": ("O7", with_events("booked", another_command)),
    "an acknowledged saga is lost": ("O8", lost),
}


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    """Nothing is wrong with it."""
    return honest(driven())


def test_nothing_is_wrong_with_what_is_right(evidence: Evidence) -> None:
    """Sagas of each end, and one that is parked, and what honest participants did for them."""
    assert judge(evidence) == []
    assert {row.status for row in evidence.sagas.values()} == {*ENDED, "parked"}


def test_what_was_under_way_may_have_happened() -> None:
    """When a person ended the saga, or decided against an undo that was out."""
    evidence = honest(driven())
    for participant, command_id in ("payments", "book_trip:terminated:3"), ("flights", "book_trip:back:1"):
        direction = "forward" if participant == "payments" else "undo"
        assert judge(with_effect(participant, command_id, direction)(evidence)) == []
    assert judge(with_effect("hotels", "book_trip:skipped:2", "undo")(evidence)) == []


@pytest.mark.parametrize("planted", PLANTED)
def test_what_is_planted_is_found(evidence: Evidence, planted: str) -> None:
    """The rule that is broken says so."""
    rule, plant = PLANTED[planted]
    told = [fault for fault in judge(plant(evidence)) if "cannot be told" not in fault]
    assert rule in {fault.partition(":")[0] for fault in told}


def made_good() -> dict[str, SagaDriver]:
    """Sagas that registered an undo of their own: one that went back, one that went through."""

    @saga(version=1, name="make_good")
    async def make_good(flights: Flights, hotels: Hotels) -> None:
        on_undo(hotels.reserve, ReserveHotel("Ada", "Rome", 2, 18_000))
        await flights.reserve(ReserveFlight("Ada", "Rome", 12_000))
        await flights.reserve(ReserveFlight("Ada", "Oslo", 12_000))

    back, through = (SagaDriver(make_good, key=key).start().succeeds(2, FLIGHT) for key in ("back", "through"))
    back.refuses(3).succeeds("undo 2").succeeds(1, HOTEL).is_("compensated")
    through.succeeds(3, FLIGHT).is_("completed")
    return {saga.saga_id: saga for saga in (back, through)}


@pytest.mark.parametrize(
    ("effect", "wrong"),
    [
        (("back", "forward"), False),
        (None, True),
        (("back", "undo"), True),
        (("through", "forward"), True),
    ],
    ids=["done", "missing", "undone itself", "not due"],
)
def test_undos_of_a_sagas_own(effect: tuple[str, str] | None, wrong: bool) -> None:
    """O3: done where they were due, by the step's own id, and nowhere else."""
    sagas = made_good()
    own = [("back", "forward")] if effect is None or effect[0] == "through" or effect[1] == "undo" else []
    own = [] if effect is None else [*own, effect]
    right = honest(sagas)
    plain = [each for each in right.effects if not each.command_id.endswith("back:1")]
    effects = [*plain, *(Effect("hotels", f"make_good:{key}:1", direction) for key, direction in own)]
    definitions = Definitions([saga.definition for saga in sagas.values()][:1])
    faults = judge(replace(right, effects=effects, held={}, definitions=definitions))
    assert {fault.partition(":")[0] for fault in faults} == ({"O3"} if wrong else set())


def test_every_rule_was_seen_to_find_something() -> None:
    """There is a violation of each."""
    assert {rule for rule, _ in PLANTED.values()} == CHECKS.keys()


@pytest.mark.parametrize(("late_ms", "faults"), [(0, 0), (-9_999, 0), (-10_001, 1), (1, 1), (None, 1)])
def test_a_timer_in_the_row_may_be_early_and_never_late(late_ms: int | None, faults: int) -> None:
    """O5, of a saga under way: its row must wake it in time."""
    saga = trip("waiting")
    evidence = honest({saga.saga_id: saga})
    due = evidence.sagas[saga.saga_id].wake_at
    assert due is not None
    moved = with_row("waiting", wake_at=None if late_ms is None else due + late_ms)(evidence)
    assert len([fault for fault in judge(moved) if fault.startswith("O5")]) == faults


def test_what_is_answered_later_needs_no_timer() -> None:
    """O5: the participant has said that it will answer, however long that takes."""
    saga = trip("later").will_answer_later("flights.reserve")
    evidence = honest({saga.saga_id: saga})
    assert evidence.sagas[saga.saga_id].wake_at is None
    assert not [fault for fault in judge(evidence) if fault.startswith("O5")]
