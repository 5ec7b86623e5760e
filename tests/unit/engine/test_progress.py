"""How far an attempt got is handed to the next one."""

from typing import Any

import msgspec
import pytest

from contracts.answers import Progress
from contracts.values import NULL
from coordinator.engine.facts import Ignored, Known
from coordinator.history.parking import ReplyDeferred
from coordinator.history.steps import StepAttemptFailed, StepProgressedLate
from coordinator.saga import saga
from tests.sagas import SagaDriver, Shop


@saga(version=1)
async def taking(shop: Shop) -> str:
    """One step."""
    return await shop.take("a")


def begun() -> SagaDriver:
    return SagaDriver(taking).start()


def told(driver: SagaDriver) -> Any:
    """What the attempt that was sent last is told of those before it."""
    progress = driver.send("shop.take").progress
    return None if progress is None else msgspec.json.decode(progress)


def test_the_next_attempt_is_told_how_far_the_last_one_got() -> None:
    """The last of it; and the one after that, if it tells nothing itself."""
    driver = begun()
    assert told(driver) is None
    driver.progresses("shop.take", details={"done": 1}).progresses("shop.take", details={"done": 2}).passes(6_000)
    assert told(driver) == {"done": 2}
    driver.restarts().fails("shop.take").passes(2_000)
    assert (driver.send("shop.take").attempt, told(driver)) == (3, {"done": 2})


def test_the_first_failure_tells_nothing() -> None:
    """Where nobody has told anything, no header is sent."""
    assert told(begun().passes(6_000)) is None


def test_to_be_still_at_it_takes_nothing_back() -> None:
    """Progress without details, and what is pending, leave what was told before."""
    driver = begun().progresses("shop.take", details={"done": 1}).answers("shop.take", Progress(NULL))
    driver.will_answer_later("shop.take").fails("shop.take").passes(1_000)
    assert told(driver) == {"done": 1}


def test_progress_that_comes_late_is_told_too() -> None:
    """Between two attempts, or when the next one is out already and has told nothing: it moves no deadline."""
    driver = begun().passes(5_000)
    due = driver.in_ms
    driver.progresses("shop.take", details={"done": 1})
    assert driver.in_ms == due
    driver.passes(1_000)
    assert told(driver) == {"done": 1}
    due = driver.in_ms
    driver.progresses("shop.take", 1, {"done": 2})
    assert driver.in_ms == due
    driver.fails("shop.take").passes(2_000)
    assert told(driver) == {"done": 2}
    assert len(driver.of(StepProgressedLate)) == 2


@pytest.mark.parametrize("details", [{"done": 3}, {"done": 2}])
def test_what_a_later_attempt_has_told_stands(details: Any) -> None:
    """It began where the older one had been, and knows better."""
    driver = begun().progresses("shop.take").passes(6_000).progresses("shop.take", 2, {"done": 3})
    assert driver.unchanged_by(lambda: driver.progresses("shop.take", 1, details))
    assert isinstance(driver.verdict, Ignored)


def test_late_progress_is_taken_in_once() -> None:
    """Replies come at least once."""
    driver = begun().passes(6_000).progresses("shop.take", 1, {"done": 2})
    assert driver.unchanged_by(lambda: driver.progresses("shop.take", 1, {"done": 2}))


def test_nothing_is_kept_of_a_step_that_is_settled() -> None:
    """Nobody would hear of it."""
    driver = begun().succeeds("shop.take", "A")
    assert driver.unchanged_by(lambda: driver.progresses("shop.take"))


def test_of_what_is_told_in_a_pause_the_last_counts() -> None:
    """Each is kept until the saga goes on; the same again is known."""
    driver = begun().pauses().progresses("shop.take", details={"done": 1}).progresses("shop.take", details={"done": 2})
    assert driver.unchanged_by(lambda: driver.progresses("shop.take", details={"done": 2}))
    assert isinstance(driver.verdict, Known)
    assert len(driver.of(ReplyDeferred)) == 2
    driver.resume().passes(6_000)
    assert told(driver) == {"done": 2}


def test_in_a_pause_a_later_attempt_knows_better() -> None:
    """An older one that tells late takes nothing back."""
    driver = begun().passes(6_000).pauses().progresses("shop.take", 2, {"done": 9})
    assert driver.unchanged_by(lambda: driver.progresses("shop.take", 1, {"done": 3}))
    driver.resume().fails("shop.take").passes(2_000)
    assert told(driver) == {"done": 9}


def test_of_the_failures_in_a_pause_the_latest_attempts_counts() -> None:
    """One of an older attempt that comes first does not hide it; nor does one that comes later."""
    driver = begun().passes(6_000).pauses().fails("shop.take", attempt=1).fails("shop.take", attempt=2)
    assert driver.unchanged_by(lambda: driver.fails("shop.take", attempt=1))
    assert driver.unchanged_by(lambda: driver.fails("shop.take", attempt=2))
    failed = len(driver.of(StepAttemptFailed))
    driver.resume()
    assert len(driver.of(StepAttemptFailed)) == failed + 1


def test_a_person_who_has_it_tried_again_hands_it_on_too() -> None:
    """It is an attempt like any other."""
    driver = begun().progresses("shop.take", details={"done": 7}).retries(1)
    assert (driver.send("shop.take").attempt, told(driver)) == (2, {"done": 7})
