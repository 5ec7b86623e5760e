"""Records histories: ``python -m tests.golden.record`` plays the stories below and writes those that have no file yet.

A recorded history is never edited, and never deleted while that version of its saga may run somewhere: it stands for
the sagas that are in somebody's database. Give a new story a new name.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from coordinator.catalogue.book_trip import Trip, book_trip
from coordinator.history.codec import write_events
from coordinator.saga import saga
from tests.golden.answering import STORIES as ANSWERING
from tests.golden.answering_later import STORIES as ANSWERING_LATER
from tests.golden.bargaining import STORIES as BARGAINING
from tests.golden.bargaining import WAITING
from tests.golden.calling import STORIES as CALLING
from tests.golden.extending import STORIES as EXTENDING
from tests.golden.going_back import STORIES as GOING_BACK
from tests.golden.going_on import STORIES as GOING_ON
from tests.golden.having_children import STORIES as HAVING
from tests.golden.listening import hears, is_paused, is_repaired, is_terminated
from tests.golden.registering import STORIES as REGISTERING
from tests.golden.showing import STORIES as SHOWING
from tests.kept_rows import kept_rows
from tests.sagas import SagaDriver, Shop

DIRECTORY = Path(__file__).parent
FLIGHT, HOTEL = {"ref": "F1", "price": 12_000}, {"ref": "H1", "price": 18_000}
RECEIPT, TICKET = {"charge": "C1", "amount": 30_000}, {"number": "T1"}


def trip(pause: float = 0) -> SagaDriver:
    return SagaDriver(book_trip, key="golden").start(Trip("golden", "Ada", "LIS", "card-1", pause=pause))


def charging(pause: float = 0) -> SagaDriver:
    return (
        trip(pause).succeeds("flights.reserve", FLIGHT).succeeds("hotels.reserve", HOTEL).passes(round(pause * 1_000))
    )


def completes() -> SagaDriver:
    return charging().succeeds("payments.charge", RECEIPT).succeeds("flights.issue_ticket", TICKET)


def has_no_seat() -> SagaDriver:
    return trip().refuses("flights.reserve", "sold_out")


def is_refused_by_the_card() -> SagaDriver:
    driver = charging().refuses("payments.charge", "card_declined").succeeds("undo hotels.reserve")
    return driver.succeeds("undo flights.reserve")


def is_charged_by_nobody_knows() -> SagaDriver:
    driver = charging().passes(60_000).fails("undo payments.charge").passes(60_000).succeeds("undo payments.charge")
    return driver.succeeds("undo hotels.reserve").succeeds("undo flights.reserve")


def takes_its_time() -> SagaDriver:
    driver = trip(90).fails("flights.reserve").passes(1_000).progresses("flights.reserve").succeeds(1, FLIGHT)
    driver.will_answer_later("hotels.reserve").passes(3_600_000).succeeds("hotels.reserve", HOTEL).passes(90_000)
    driver.succeeds("payments.charge", RECEIPT).passes(20_000).refuses("flights.issue_ticket").passes(60_000)
    return driver.succeeds("flights.issue_ticket", TICKET)


def is_told_how_far_it_got() -> SagaDriver:
    driver = trip().progresses("flights.reserve", details={"asked": 3}).passes(20_000)
    driver.progresses("flights.reserve", 1, {"asked": 4}).passes(1_000).succeeds("flights.reserve", FLIGHT)
    return driver.refuses("hotels.reserve", "sold_out").succeeds("undo flights.reserve")


def is_cancelled_in_its_pause() -> SagaDriver:
    driver = trip(90).succeeds("flights.reserve", FLIGHT).succeeds("hotels.reserve", HOTEL).cancel("not going")
    return driver.refuses("undo hotels.reserve").succeeds("undo flights.reserve").resume().succeeds("undo 2")


def waits_for_its_version() -> SagaDriver:
    @saga(version=2, name="book_trip")
    async def newer(shop: Shop) -> None:
        await shop.look("elsewhere")

    driver = trip().succeeds("flights.reserve", FLIGHT).deploys(newer).succeeds("hotels.reserve", HOTEL)
    driver.succeeds("hotels.reserve", HOTEL).deploys(book_trip, newer).resume()
    return driver.succeeds("payments.charge", RECEIPT)


STORIES: tuple[Callable[[], SagaDriver], ...] = (
    completes,
    has_no_seat,
    is_refused_by_the_card,
    is_charged_by_nobody_knows,
    takes_its_time,
    is_told_how_far_it_got,
    is_cancelled_in_its_pause,
    waits_for_its_version,
)


ALL: Mapping[str, Sequence[Callable[[], SagaDriver]]] = {
    "book_trip_v1": STORIES,
    "listening/listen_v1": (hears, is_paused, is_repaired, is_terminated),
    "answering/answer_v1": ANSWERING,
    "answering_later/certify_all_v1": ANSWERING_LATER,
    "going_back/choose_v1": GOING_BACK,
    "calling/call_around_v1": CALLING,
    "having_children/have_children_v1": HAVING,
    "showing/show_progress_v1": SHOWING,
    "bargaining/bargain_v1": BARGAINING,
    "bargaining/haggle_v1": WAITING,
    "going_on/collect_v1": GOING_ON,
    "extending/take_time_v1": EXTENDING,
    "registering/register_v1": REGISTERING,
}
"""By folder, and the saga and its version that the names of its files begin with."""


def main() -> None:
    """Writes the stories that have no file."""
    stories = {DIRECTORY / f"{name}_{story.__name__}.json": story for name, some in ALL.items() for story in some}
    for file, story in stories.items():
        if file.exists():
            continue
        driver = story()
        state = driver.machine.state
        recorded = {
            "saga_id": driver.saga_id,
            "rows": [json.loads(write_events(row)) for row in kept_rows(driver.rows)],
            "stands": {
                "status": state.status,
                "wake_at": driver.machine.wake_at,
                "outcome": driver.outcome,
                "steps": {step.command: [step.forward, step.back] for step in state.steps.values()},
            },
        }
        if state.shown is not None:
            recorded["shown"] = {"line": state.shown.line, "attributes": state.shown.attributes}
        file.write_text(json.dumps(recorded, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
