"""Tests of docs/examples/deliver_paper.py: docs/writing-a-saga.md says what they show."""

from deliver_paper import Courier, Subscription, deliver_paper

from coordinator.history.rounds import SagaContinued
from coordinator.testing import SagaTest


async def test_three_weeks(saga: SagaTest) -> None:
    """Each round goes on where the one before was."""
    saga.stub(Courier.bring).returns(None)
    run = await saga.start(deliver_paper, Subscription("Ada"))
    while run.driver.state.round < 4:
        await run.step()
    await run.signal("enough", "no time to read")
    await run.finish()
    assert (run.status, run.result) == ("completed", 21)
    assert [event.steps for event in run.history if isinstance(event, SagaContinued)] == [7, 14, 21]
