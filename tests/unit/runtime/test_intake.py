"""Mailboxes."""

import asyncio
from dataclasses import replace

import msgspec
import pytest

from coordinator.engine.facts import Cancel, Known, Start, Verdict, WakeUp
from coordinator.runtime.intake import Intake, Overloaded
from coordinator.runtime.letter import Letter
from coordinator.runtime.limits import Limits


def ignore(verdict: Verdict) -> None:
    """Nobody waits."""


def letters(intake: Intake, sagas: int = 100) -> dict[str, list[str]]:
    """Takes a batch: the reasons by saga."""
    return {saga: [reason(letter) for letter in box] for saga, box in intake.take(sagas)}


def reason(letter: Letter) -> str:
    assert isinstance(letter.fact, Cancel)
    return letter.fact.reason


def offer(intake: Intake, saga_id: str, *reasons: str) -> None:
    for reason in reasons:
        intake.offer(saga_id, Cancel(reason), ignore)


def test_a_batch_has_all_that_waits_in_order() -> None:
    """Facts of one saga stand in the order they came, sagas in the order of their first fact."""
    intake = Intake(Limits())
    offer(intake, "a", "1")
    offer(intake, "b", "2")
    offer(intake, "a", "3")
    assert list(letters(intake).items()) == [("a", ["1", "3"]), ("b", ["2"])]


def test_a_saga_is_in_one_batch_at_most() -> None:
    """What comes for a saga that was taken waits until it is released."""
    intake = Intake(Limits())
    offer(intake, "a", "1")
    letters(intake)
    offer(intake, "a", "2")
    assert letters(intake) == {}
    intake.release("a")
    assert letters(intake) == {"a": ["2"]}


def test_what_is_put_back_stands_in_front() -> None:
    """A batch that came to nothing is taken again first, before what came meanwhile."""
    intake = Intake(Limits())
    offer(intake, "a", "1", "2")
    box = dict(intake.take(1))["a"]
    offer(intake, "b", "3")
    offer(intake, "a", "4")
    intake.put_back("a", box)
    assert list(letters(intake).items()) == [("a", ["1", "2", "4"]), ("b", ["3"])]


def test_a_letter_that_failed_is_taken_alone() -> None:
    """Others of its saga do not suffer with it."""
    intake = Intake(Limits())
    offer(intake, "a", "1", "2", "3")
    box = dict(intake.take(1))["a"]
    box[1].failures = 1
    intake.put_back("a", box)
    taken: list[list[str]] = []
    for _ in range(3):
        taken.extend(letters(intake).values())
        intake.release("a")
    assert taken == [["1"], ["2"], ["3"]]


def test_full_from_the_high_mark_to_the_low_one() -> None:
    """Sources pause at the high-water mark, and are called when the low-water mark is reached."""
    intake = Intake(Limits(facts_high=4, facts_low=1))
    called: list[int] = []
    intake.on_room.append(lambda: called.append(intake.size))
    offer(intake, "a", "1")
    offer(intake, "b", "2")
    offer(intake, "c", "3")
    assert not intake.full
    offer(intake, "d", "4")
    assert intake.full
    intake.take(2)
    assert (intake.full, called) == (True, [])
    intake.take(1)
    assert (intake.full, called) == (False, [1])


def test_what_is_put_back_fills_the_intake_again() -> None:
    """While Postgres is away sources pause, though all that waits was in a batch when the trouble began."""
    intake = Intake(Limits(facts_high=2, facts_low=1))
    offer(intake, "a", "1", "2")
    box = dict(intake.take(1))["a"]
    assert not intake.full
    intake.put_back("a", box)
    assert intake.full


async def test_submitting_to_a_full_intake_is_refused() -> None:
    """Whoever starts sagas is told to try again; nothing was taken in."""
    intake = Intake(Limits(facts_submitted=1))
    offer(intake, "a", "1")
    with pytest.raises(Overloaded, match="try again"):
        await intake.submit("b", Cancel())
    assert intake.size == 1


async def test_one_saga_cannot_fill_the_intake() -> None:
    """Requests for a saga that has many facts waiting are refused, others are taken."""
    intake = Intake(Limits(facts_waiting_per_saga=2))
    offer(intake, "a", "1", "2")
    with pytest.raises(Overloaded, match="This saga"):
        await intake.submit("a", Cancel())


async def test_a_stopping_coordinator_refuses_requests() -> None:
    """After close, nothing new is submitted."""
    intake = Intake(Limits())
    intake.close()
    with pytest.raises(Overloaded, match="stopping"):
        await intake.submit("a", Cancel())


async def test_submit_waits_for_the_verdict() -> None:
    """The answer comes when the letter is done."""
    intake = Intake(Limits())
    asked = asyncio.create_task(intake.submit("a", Cancel()))
    await asyncio.sleep(0)
    [(_, [letter])] = intake.take(1)
    assert not asked.done()
    letter.done(Known())
    assert await asked == Known()


async def test_a_caller_who_hung_up_does_no_harm() -> None:
    """The verdict for a cancelled request goes nowhere."""
    intake = Intake(Limits())
    asked = asyncio.create_task(intake.submit("a", Cancel()))
    await asyncio.sleep(0)
    [(_, [letter])] = intake.take(1)
    asked.cancel()
    await asyncio.wait([asked])
    letter.done(Known())
    assert asked.cancelled()


IN_COMPANY = Limits(first_steps=1, company_door_ms=0, company_wait_ms=600_000)
START = Start("trip", 1, msgspec.Raw(b"{}"))


def begun(intake: Intake, *sagas: str) -> None:
    for saga in sagas:
        intake.verdict(saga, START)


async def test_sagas_that_begin_behind_others_wait_for_company() -> None:
    """Until something is heard of those; they count as waiting facts meanwhile."""
    intake = Intake(IN_COMPANY)
    begun(intake, "a", "b", "c")
    assert [saga for saga, _ in intake.take(9)] == ["a"]
    intake.release("a")
    assert (intake.size, intake.sagas_waiting, intake.idle, intake.holds("b")) == (2, 0, False, True)
    intake.offer("a", WakeUp(), ignore)
    assert [saga for saga, _ in intake.take(9)] == ["b", "c", "a"]
    assert intake.size == 0


async def test_what_comes_for_a_saga_that_waits_for_company_waits_behind_its_start() -> None:
    """And is what one saga may have waiting, too."""
    intake = Intake(replace(IN_COMPANY, facts_waiting_per_saga=3))
    begun(intake, "a", "b")
    intake.offer("b", Cancel("1"), ignore)
    begun(intake, "b")
    with pytest.raises(Overloaded, match="This saga"):
        intake.admit("b")
    assert [saga for saga, _ in intake.take(9)] == ["a"]
    intake.close()
    [(_, box)] = intake.take(9)
    assert [letter.fact for letter in box] == [START, Cancel("1"), START]
    assert intake.size == 0


async def test_a_start_of_a_saga_with_mail_does_not_wait() -> None:
    """It is activated anyway."""
    intake = Intake(IN_COMPANY)
    begun(intake, "a")
    offer(intake, "b", "1")
    begun(intake, "b")
    assert [(saga, len(box)) for saga, box in intake.take(9)] == [("a", 1), ("b", 2)]


async def test_a_start_that_is_sent_again_is_not_word_of_its_saga() -> None:
    """Its first step is not done."""
    intake = Intake(IN_COMPANY)
    begun(intake, "a", "b")
    intake.take(9)
    intake.release("a")
    begun(intake, "a")
    assert intake.sagas_waiting == 0
