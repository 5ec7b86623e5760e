"""Facts of people: whoever hands one in is answered, whatever becomes of it."""

import asyncio

import pytest

from coordinator.api.impatient import ImpatientIntake
from coordinator.engine.facts import Cancel, Known
from coordinator.runtime.intake import Intake, Overloaded
from coordinator.runtime.limits import Limits
from coordinator.runtime.ports import OutcomeUnknown


async def test_a_late_verdict_goes_nowhere() -> None:
    """Whoever was told that nobody knows hears no more; the fact is taken all the same."""
    intake = Intake(Limits())
    with pytest.raises(OutcomeUnknown, match=r"a:1 was not committed within 0.01 s\."):
        await ImpatientIntake(intake, lambda: None, 0.01).submit("a:1", Cancel())
    [(_, [letter])] = intake.take(1)
    letter.done(Known())


async def test_a_verdict_in_the_last_moment_counts() -> None:
    """It came in the turn of the event loop in which the time ended."""
    intake = Intake(Limits())
    asked = asyncio.create_task(ImpatientIntake(intake, lambda: None, 0).submit("a:1", Cancel()))
    await asyncio.sleep(0)
    [(_, [letter])] = intake.take(1)
    asyncio.get_running_loop().call_later(-1, letter.done, Known())
    assert await asked == Known()


async def test_who_hung_up_is_not_told_either() -> None:
    """Neither the verdict nor the end of the time finds anybody there."""
    intake = Intake(Limits())
    asked = asyncio.create_task(ImpatientIntake(intake, lambda: None, 60).submit("a:1", Cancel()))
    await asyncio.sleep(0)
    asked.cancel()
    await asyncio.wait([asked])
    [(_, [letter])] = intake.take(1)
    letter.done(Known())
    assert asked.cancelled()


async def test_a_full_intake_takes_nothing() -> None:
    """It says so at once."""
    intake = Intake(Limits(facts_submitted=0))
    with pytest.raises(Overloaded, match="try again"):
        await ImpatientIntake(intake, lambda: None, 60).submit("a:1", Cancel())
    assert intake.idle
