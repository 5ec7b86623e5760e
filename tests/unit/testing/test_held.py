"""Tests and explorations of sagas with steps that are held when their budget is used up."""

from contracts import AwaitSignal, Retry
from coordinator.explore.exploration import explore
from coordinator.testing import SagaTest
from tests.sagas import Shop, code

TOLD = Retry(attempts=2, backoff="1s", on_exhausted=AwaitSignal("again"))
PARKS = Retry(attempts=2, backoff="1s", on_exhausted="park")


async def patient(shop: Shop) -> str:
    return await shop.take.using(retry=TOLD)("a")


async def careful(shop: Shop) -> str:
    return await shop.take.using(retry=PARKS)("a")


async def test_the_signal_is_sent_by_the_test(saga: SagaTest) -> None:
    """When it is waited for; until then the run stands there."""
    saga.stub(Shop.take).fails(times=3).returns("A")
    run = await saga.run(code(patient))
    assert (run.status, run.waiting_for_signals) == ("running", ["again"])
    assert "waiting for" in f"{run!r}"
    await run.signal("again", {"why": "mended"})
    assert (await run.finish()).result == "A"
    assert run.commands[0].attempts == 4


async def test_the_signal_is_planned(saga: SagaTest) -> None:
    """As one that the code waits for; it counts as taken."""
    saga.stub(Shop.take).fails(times=2).returns("A")
    saga.signal("again").comes(None)
    run = await saga.run(code(patient))
    assert (run.status, run.result) == ("completed", "A")
    saga.check_reached()


async def test_parked_and_resumed(saga: SagaTest) -> None:
    """The budget is new."""
    saga.stub(Shop.take).fails(times=3).returns("A")
    run = await saga.run(code(careful))
    assert run.status == "parked"
    assert run.problem is not None
    assert run.problem.type == "parked_for_step"
    await run.resume()
    assert (await run.finish()).result == "A"


async def test_it_survives_everything(saga: SagaTest) -> None:
    """Killed at every row, with every message and the signal lost, doubled and late."""
    saga.stub(Shop.take).fails(times=2).returns("A")
    saga.signal("again").comes(None)
    report = await saga.crash_everywhere(code(patient))
    assert report.statuses == {"completed"}


def test_exploring_shows_the_end_of_a_budget() -> None:
    """Parked for a person; or free again by the signal, so that it ends as without."""
    parked = [each for each in explore(code(careful)).outcomes if each.problem == "step"]
    assert [str(each.happened[0]) for each in parked] == ["shop.take (step 1) uses up its attempts"]
    found = explore(code(patient))
    assert found.findings == ()
    assert not any("times out" in str(one) for each in found.outcomes for one in each.happened)
    assert {each.problem for each in found.outcomes} == {"", "refused", "failed", "cancelled", "undo"}
