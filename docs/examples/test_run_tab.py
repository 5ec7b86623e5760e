"""Tests of docs/examples/run_tab.py: docs/writing-a-saga.md says what they show."""

from run_tab import Bar, Order, pour_rounds, run_tab

from coordinator.testing import SagaTest


async def test_a_tab(saga: SagaTest) -> None:
    """Two drinks, then the bill."""
    saga.stub(Bar.pour).returns(450)
    saga.signal("order").comes(Order("beer")).comes(Order("wine"), after="30m").comes(Order(), after="10m")
    run = await saga.run(run_tab, "Ada")
    assert (run.status, run.result) == ("completed", 900)
    assert run.commands == [Bar.pour, Bar.pour, Bar.charge, Bar.send_receipt]


async def test_a_guest_who_falls_asleep(saga: SagaTest) -> None:
    """After an hour without an order the bill is made out."""
    saga.stub(Bar.pour).returns(450)
    saga.signal("order").comes(Order("beer"))
    run = await saga.run(run_tab, "Ada")
    assert (run.status, run.result) == ("completed", 450)


async def test_a_card_that_is_refused(saga: SagaTest) -> None:
    """Every drink is taken back, the last one first, each with its own price."""
    saga.stub(Bar.pour).returns(450).returns(700)
    saga.stub(Bar.charge).refuses("card_declined")
    saga.signal("order").comes(Order("beer")).comes(Order("wine")).comes(Order())
    run = await saga.run(run_tab, "Ada")
    assert run.status == "compensated"
    assert [undo.arguments["drink"] for undo in run.undos] == ["wine", "beer"]


async def test_a_round_that_fails_takes_back_all_of_them(saga: SagaTest) -> None:
    """In reverse order of what was really done, over all rounds."""
    saga.stub(Bar.pour).returns(450).returns(700).returns(450).refuses("empty")
    run = await saga.run(pour_rounds, 2)
    assert run.status == "compensated"
    assert len(run.undone) == 3


async def test_survives_a_crash_at_every_point(saga: SagaTest) -> None:
    """Whatever is killed, lost or doubled: each drink is poured once and charged once."""
    saga.signal("order").comes(Order("beer")).comes(Order())
    report = await saga.crash_everywhere(run_tab, "Ada")
    assert "compensated" not in report.statuses
