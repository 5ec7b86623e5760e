"""Retries: how often, how soon, and which answers count."""

from itertools import pairwise

import pytest

from contracts import Retry
from contracts.answers import Pending
from coordinator.engine.facts import Ignored
from coordinator.history.steps import (
    StepAttemptFailed,
    StepFailed,
    StepProgressed,
    StepRetried,
    StepSucceeded,
    StepTimedOut,
)
from coordinator.history.undos import UndoAttemptFailed, UndoGivenUp
from coordinator.saga import saga
from tests.sagas import SagaDriver, Shop


@saga(version=1)
async def taking(shop: Shop) -> str:
    """One step with a budget of three attempts."""
    return await shop.take("a")


@saga(version=1)
async def shipping(shop: Shop) -> str:
    """One step without end."""
    return await shop.ship("a")


@saga(version=1)
async def lending(shop: Shop) -> None:
    """A step whose undo has a budget of two attempts."""
    await shop.lend("a")
    await shop.take("b")


def waits(retry: Retry, attempts: int) -> list[int]:
    return [retry.delay_ms(attempt, "shop:1:1") for attempt in range(1, attempts + 1)]


def test_waits_double_up_to_the_cap() -> None:
    """Each wait is between half of and the whole of first wait times two to the attempts, and never above the cap."""
    for attempt, wait in enumerate(waits(Retry(backoff="1s..8s"), 50), 1):
        full = min(8_000, 1_000 * 2 ** (attempt - 1))
        assert full / 2 <= wait <= full


def test_waits_differ_between_sagas() -> None:
    """Sagas hit by one outage do not come back in step; the same saga always waits the same."""
    retry = Retry(backoff="10s..10s")
    assert len({retry.delay_ms(1, f"shop:{number}:1") for number in range(100)}) > 90
    assert waits(retry, 5) == waits(retry, 5)


def test_a_failed_attempt_is_tried_again() -> None:
    """The same command, the next attempt, after the wait and not before."""
    saga = SagaDriver(taking).start().fails("shop.take").expects()
    wait = saga.in_ms or 0
    assert 500 <= wait <= 1_000
    saga.passes(wait - 1).expects().passes(1).expects("shop.take")
    first, second = saga.sent
    assert (second.command_id, second.value, second.attempt) == (first.command_id, first.value, 2)
    assert saga.succeeds("shop.take", "A").is_("completed").result == "A"


def test_silence_is_a_failed_attempt() -> None:
    """No answer within the timeout: the next attempt follows."""
    saga = SagaDriver(taking).start().passes(4_999).expects("shop.take").passes(1).expects()
    (failed,) = saga.of(StepAttemptFailed)
    assert (failed.problem.type, failed.problem.retryable) == ("timeout", True)
    assert "5 s" in failed.problem.message
    saga.passes(1_000).expects("shop.take")


def test_the_budget_is_kept() -> None:
    """Three attempts, then the step has failed."""
    saga = SagaDriver(taking).start().fails("shop.take").passes(1_000).fails("shop.take").passes(2_000)
    saga.fails("shop.take").expects("undo shop.take").is_("compensating")
    assert [send.attempt for send in saga.sent] == [1, 2, 3, 1]
    assert len(saga.of(StepFailed)) == 1


def test_the_budget_ends_in_silence() -> None:
    """Three attempts without an answer: the step has timed out, which is not the same as failed."""
    saga = SagaDriver(taking).start().passes(60_000)
    assert (len(saga.of(StepTimedOut)), len(saga.of(StepFailed)), len(saga.of(StepRetried))) == (1, 0, 2)


def test_what_cannot_be_retried_is_not() -> None:
    """A failure that says so ends the step at its first attempt."""
    saga = SagaDriver(taking).start().fails("shop.take", retryable=False)
    assert len(saga.of(StepFailed)) == 1


@pytest.mark.parametrize(("asked", "least"), [(60_000, 60_000), (1, 500), (-5, 500), (None, 500)])
def test_the_participant_may_ask_for_more_time(asked: int | None, least: int) -> None:
    """retry_after prolongs a wait; it does not shorten one."""
    saga = SagaDriver(taking).start().fails("shop.take", retry_after_ms=asked)
    assert saga.in_ms is not None
    assert least <= saga.in_ms <= max(least, 1_000)


@pytest.mark.parametrize("asked", [2**63, 10**30])
def test_no_participant_asks_for_ever(asked: int) -> None:
    """However long a participant asks for, the time can be written."""
    saga = SagaDriver(taking).start().fails("shop.take", retry_after_ms=asked)
    assert saga.machine.wake_at == 253_402_300_799_000


def test_a_retriable_step_is_tried_for_ever() -> None:
    """Nothing ends it but success: not silence, not a failure that says it is final, not a no."""
    saga = SagaDriver(shipping).start()
    for attempt in range(1, 40):
        answer = (saga.fails, saga.refuses)[attempt % 2]
        answer("shop.ship", **({"retryable": False} if answer == saga.fails else {}))
        assert saga.in_ms is not None
        assert saga.in_ms <= 8_000
        saga.passes(saga.in_ms).expects("shop.ship")
    assert saga.send("shop.ship").attempt == 40
    saga.succeeds("shop.ship", "sent").is_("completed")


@pytest.mark.parametrize("answer", ["fails", "will_answer_later"])
def test_an_older_attempts_news_is_ignored(answer: str) -> None:
    """What an attempt says that was given up says nothing about the one that is out."""
    saga = SagaDriver(taking).start().passes(5_000 + 1_000).expects("shop.take")
    assert saga.unchanged_by(lambda: getattr(saga, answer)("shop.take", attempt=1))
    assert isinstance(saga.verdict, Ignored)


@pytest.mark.parametrize("answer", ["fails", "will_answer_later"])
def test_news_between_two_attempts_is_ignored(answer: str) -> None:
    """The attempt is over already."""
    saga = SagaDriver(taking).start().fails("shop.take")
    assert saga.unchanged_by(lambda: getattr(saga, answer)("shop.take"))


def test_an_older_attempts_success_counts() -> None:
    """Late is not never: what was done is done, and the attempt that is out will answer the same."""
    saga = SagaDriver(taking).start().passes(6_000).succeeds("shop.take", "late", attempt=1).is_("completed")
    assert [(event.attempt, bytes(event.result)) for event in saga.of(StepSucceeded)] == [(1, b'"late"')]


def test_an_older_attempts_no_counts() -> None:
    """A no is about the command, not about an attempt."""
    SagaDriver(taking).start().passes(6_000).refuses("shop.take", attempt=1).is_("failed")


def test_progress_extends_the_deadline() -> None:
    """Whoever reports is not silent: each report gives the whole timeout again."""
    saga = SagaDriver(taking).start()
    for _ in range(5):
        saga.passes(4_000).progresses("shop.take").expects()
        assert saga.in_ms == 5_000
    assert [bytes(event.details) for event in saga.of(StepProgressed)] == [b'{"done":1}'] * 5
    saga.passes(5_000)
    assert len(saga.of(StepAttemptFailed)) == 1


def test_pending_takes_the_deadline_away() -> None:
    """Whoever will answer later may take as long as it needs."""
    saga = SagaDriver(taking).start().will_answer_later("shop.take")
    assert saga.in_ms is None
    saga.passes(10**10).succeeds("shop.take", "A").is_("completed")


def test_pending_has_a_time_of_its_own() -> None:
    """Past it the attempt is over, as for silence, and the message says how long that was; a pause does not count."""
    saga = SagaDriver(taking).start().answers("shop.take", Pending(86_400_000))
    assert saga.in_ms == 86_400_000
    saga.passes(86_000_000).pauses().passes(10**9).resume().passes(400_000)
    assert [event.problem.message for event in saga.of(StepAttemptFailed)] == ["No answer to shop.take within 86400 s."]
    saga.passes(1_000).expects("shop.take")


def test_progress_after_pending_sets_a_deadline_again() -> None:
    """Work has begun: silence is silence again."""
    assert SagaDriver(taking).start().will_answer_later("shop.take").progresses("shop.take").in_ms == 5_000


def test_an_undo_has_its_own_budget() -> None:
    """Two attempts for this one, whatever the step itself had; its waits are its own too."""
    saga = SagaDriver(lending).start().succeeds("shop.lend", "b").refuses("shop.take").expects("undo shop.lend")
    saga.fails("undo shop.lend").passes(1_000).expects("undo shop.lend").fails("undo shop.lend").is_("parked")
    assert (len(saga.of(UndoAttemptFailed)), len(saga.of(UndoGivenUp))) == (1, 1)


def test_an_undo_is_tried_for_ever_unless_said_otherwise() -> None:
    """Its waits double up to its own cap."""

    @saga(version=1)
    async def twice(shop: Shop) -> None:
        await shop.take("a")
        await shop.take("b")

    driver = SagaDriver(twice).start().succeeds(1, "A").refuses(2).expects("undo shop.take")
    for _ in range(30):
        driver.fails("undo 1").passes(8_000).expects("undo shop.take")
    caps = [event.retry_at - event.at for event in driver.of(UndoAttemptFailed)]
    assert all(4_000 <= wait <= 8_000 for wait in caps[4:])
    assert all(4 * one >= other / 2 for one, other in pairwise(caps))
    driver.succeeds("undo 1").is_("compensated")


@pytest.mark.parametrize("answer", ["progresses", "will_answer_later"])
def test_an_undo_is_answered_when_it_is_done(answer: str) -> None:
    """Undos have no progress: such answers change nothing."""
    saga = SagaDriver(taking).start().fails("shop.take", retryable=False)
    assert saga.unchanged_by(lambda: getattr(saga, answer)("undo shop.take"))


def test_an_older_undos_success_counts() -> None:
    """An undo that was tried again is done all the same when its first attempt says so."""
    saga = SagaDriver(taking).start().fails("shop.take", retryable=False).passes(6_000).expects("undo shop.take")
    saga.succeeds("undo shop.take", attempt=1).is_("compensated")


def test_an_older_undos_failure_is_ignored() -> None:
    """And its failure says nothing."""
    saga = SagaDriver(taking).start().fails("shop.take", retryable=False).passes(6_000).expects("undo shop.take")
    assert saga.unchanged_by(lambda: saga.fails("undo shop.take", attempt=1))
