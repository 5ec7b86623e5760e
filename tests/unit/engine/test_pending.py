"""How long a step waits for an answer that is to come later: as the command says, its call, and the reply."""

import pytest

from contracts import Contract, Retry, TimedOut, command
from contracts.answers import Pending
from contracts.overrides import Override
from coordinator.history.steps import StepAttemptFailed, StepIssued, StepTimedOut
from coordinator.saga import saga
from tests.sagas import SagaDriver

HOUR, DAY = 3_600_000, 86_400_000


class Bank(Contract, name="bank"):
    """Calls back."""

    @command(timeout="5s", pending_timeout="3d", retry=Retry(attempts=2, backoff="1s", jitter=0), nothing_to_undo=True)
    async def approve(self, amount: int) -> str:
        """Is decided by a person."""
        ...  # pyright: ignore[reportReturnType]


@saga(version=1)
async def declared(bank: Bank) -> str:
    """As the command says."""
    return await bank.approve(1)


@saga(version=1)
async def hurried(bank: Bank) -> str:
    """Does not wait so long."""
    try:
        return await bank.approve.using(pending_timeout="1h", retry=Retry.never())(1)
    except TimedOut:
        return "too late"


def test_the_commands_own() -> None:
    """From the pending reply on; past it the attempt is over, and the next one waits as long again."""
    driver = SagaDriver(declared).start().will_answer_later(1)
    assert driver.in_ms == 3 * DAY
    driver.restarts().passes(3 * DAY).passes(1_000).expects("bank.approve")
    assert [event.problem.message for event in driver.of(StepAttemptFailed)] == [
        "No answer to bank.approve within 259200 s."
    ]
    assert driver.in_ms == 5_000
    driver.will_answer_later(1).passes(DAY).answers(1, Pending())
    assert driver.in_ms == 3 * DAY


@pytest.mark.parametrize(("said", "waits"), [(HOUR, HOUR), (7 * DAY, 3 * DAY), (None, 3 * DAY)])
def test_a_reply_may_say_less(said: int | None, waits: int) -> None:
    """What the command declares is the most."""
    assert SagaDriver(declared).start().will_answer_later(1, timeout_ms=said).in_ms == waits


def test_a_calls_own() -> None:
    """It is in the history, and so it holds under code that says otherwise."""
    driver = SagaDriver(hurried).start()
    assert driver.of(StepIssued)[0].override == Override(pending_timeout_ms=HOUR, retry=Retry.never())
    driver.will_answer_later(1, timeout_ms=DAY).restarts()
    assert driver.in_ms == HOUR
    driver.passes(HOUR).is_("completed")
    assert driver.result == "too late"
    assert len(driver.of(StepTimedOut)) == 1


def test_it_stands_still_in_a_pause() -> None:
    """What was left of it is left of it."""
    driver = SagaDriver(hurried).start().will_answer_later(1).passes(HOUR // 2).pauses().passes(DAY).resume()
    assert driver.in_ms == HOUR // 2


def test_in_a_pause_the_latest_attempt_counts() -> None:
    """What an older one answers late does not keep out what the one says that is waited for."""
    driver = SagaDriver(declared).start().passes(5_000).passes(1_000).pauses()
    driver.answers(1, Pending(), 1).answers(1, Pending(), 2)
    assert driver.unchanged_by(lambda: driver.answers(1, Pending(), 1))
    assert driver.unchanged_by(lambda: driver.answers(1, Pending(), 2))
    assert driver.resume().in_ms == 3 * DAY


def test_local_steps_have_none() -> None:
    """Their bodies are awaited: nobody answers for them later."""
    with pytest.raises(TypeError, match="pending_timeout"):

        class Rates(Contract, name="rates", local=True):
            @command(pending_timeout="1h", nothing_to_undo=True)
            async def look(self) -> int:
                return 1
