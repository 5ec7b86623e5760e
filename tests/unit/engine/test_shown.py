"""What a saga's code shows of itself: a line, and attributes."""

import asyncio
from enum import StrEnum
from typing import Any

import pytest

from contracts import Refused
from coordinator.engine.shown import Shown
from coordinator.history.shown import AttributesSet, StatusSet
from coordinator.history.started import SagaStarted
from coordinator.saga import ContinueAsNew, Query, attributes, saga, status
from coordinator.saga.runtime import OutsideOfSaga
from tests.sagas import SagaDriver, Shop, code


async def two_steps(shop: Shop) -> str:
    status("taking a")
    attributes(customer="C-7", amount=120, share=0.5, urgent=True)
    first = await shop.take("a")
    status("taking b")
    attributes(amount=121, urgent=None)
    return first + await shop.take("b")


def shown(driver: SagaDriver) -> Shown | None:
    return driver.machine.state.shown


def test_what_is_shown_is_decided_with_what_is_asked_for() -> None:
    """In one row with the step, and told to whoever writes the saga's row."""
    driver = SagaDriver(code(two_steps)).start()
    assert driver.new_events == ["SagaStarted", "StatusSet", "AttributesSet", "StepIssued"]
    assert driver.last is not None
    assert driver.last.shown == Shown("taking a", {"customer": "C-7", "amount": 120, "share": 0.5, "urgent": True})
    driver.restarts().succeeds(1, "A")
    assert shown(driver) == Shown("taking b", {"customer": "C-7", "amount": 121, "share": 0.5})
    assert driver.last.shown == shown(driver)
    driver.restarts().succeeds(2, "B").is_("completed")
    assert shown(driver) == Shown("taking b", {"customer": "C-7", "amount": 121, "share": 0.5})
    assert driver.last.shown is None


def test_who_shows_nothing_decides_nothing() -> None:
    """The row of a plain saga is written as it always was."""

    async def plain(shop: Shop) -> str:
        return await shop.take("a")

    driver = SagaDriver(code(plain)).start()
    assert driver.last is not None
    assert driver.last.shown is None
    driver.refuses(1).is_("failed")
    assert driver.last.shown is None
    assert shown(driver) is None


def test_the_same_again_is_not_kept() -> None:
    """A loop that says the same each time fills no history."""

    async def says_it_again(shop: Shop) -> None:
        for _ in range(3):
            status("polling")
            attributes(customer="C-7")
            await shop.take("a")

    driver = SagaDriver(code(says_it_again)).start().succeeds(1, "A").succeeds(2, "B")
    assert len(driver.of(StatusSet)) == len(driver.of(AttributesSet)) == 1


def test_a_truth_value_is_no_number() -> None:
    """True equals 1 for Python, and not for JSON."""

    async def changes_the_type(shop: Shop) -> None:
        attributes(urgent=1)
        attributes(urgent=True, same=1)
        attributes(same=1)
        await shop.take("a")

    driver = SagaDriver(code(changes_the_type)).start()
    assert [event.values for event in driver.of(AttributesSet)] == [{"urgent": 1}, {"urgent": True, "same": 1}]


def test_the_line_is_gone_when_the_saga_goes_back() -> None:
    """Nobody would change it any more. The attributes stay, to the end and behind it."""
    driver = SagaDriver(code(two_steps)).start().succeeds(1, "A").refuses(2).is_("compensating")
    assert driver.last is not None
    assert driver.last.shown == Shown("", {"customer": "C-7", "amount": 121, "share": 0.5})
    driver.restarts().succeeds("undo 1").is_("compensated")
    assert shown(driver) == driver.last.shown or driver.last.shown is None


def test_the_line_stays_where_a_person_ends_the_saga() -> None:
    """It says where it stood."""
    driver = SagaDriver(code(two_steps)).start().terminates().is_("terminated")
    assert shown(driver) == Shown("taking a", {"customer": "C-7", "amount": 120, "share": 0.5, "urgent": True})


def test_none_takes_the_line_away() -> None:
    """And so does an empty one."""

    async def says_nothing(shop: Shop) -> None:
        status("busy")
        await shop.take("a")
        status(None)
        await shop.take("b")
        status("")

    driver = SagaDriver(code(says_nothing)).start().succeeds(1, "A")
    assert shown(driver) == Shown()
    driver.succeeds(2, "B")
    assert [event.text for event in driver.of(StatusSet)] == ["busy", ""]


def test_a_line_that_cannot_be_kept_is_made_so() -> None:
    """It is for people: a long one must not stop a saga."""

    async def says_too_much(shop: Shop) -> None:
        status("x" * 1_000 + "\x00\ud800")
        await shop.take("a")

    line = SagaDriver(code(says_too_much)).start().of(StatusSet)[0].text
    assert line == "x" * 199 + "…"


def test_what_was_given_at_the_start_can_be_changed() -> None:
    """The code adds its own, and may take theirs away."""
    driver = SagaDriver(code(two_steps)).start(attributes={"amount": 7, "shop": "Bonn"})
    assert driver.of(SagaStarted)[0].attributes == {"amount": 7, "shop": "Bonn"}
    now = shown(driver)
    assert now is not None
    assert now.attributes == {"amount": 120, "shop": "Bonn", "customer": "C-7", "share": 0.5, "urgent": True}


def test_attributes_do_not_make_another_start() -> None:
    """The same key and input is the same saga."""
    driver = SagaDriver(code(two_steps)).start(attributes={"amount": 7})
    assert driver.unchanged_by(lambda: driver.start(attributes={"amount": 8}))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"Customer": "C-7"}, "lower-case letters"),
        ({"customer": ["C-7"]}, "and not a list"),
        ({"customer": "x" * 201}, "at most 200 printable characters"),
        ({"customer": "a\nb"}, "at most 200 printable characters"),
        ({"amount": 2**60}, "between"),
        ({"amount": float("nan")}, "is nan"),
        ({f"a{n}": n for n in range(33)}, "33 attributes are too many"),
    ],
)
def test_an_attribute_that_cannot_be_kept_is_a_bug(given: dict[str, Any], said: str) -> None:
    """It would not be found: the saga is parked, and nothing of that call is kept."""

    async def wrong(shop: Shop) -> None:
        await shop.take("a")
        attributes(**given)

    driver = SagaDriver(code(wrong)).start().succeeds(1, "A").is_("parked")
    assert said in driver.parked_message
    assert driver.of(AttributesSet) == []


def test_too_many_in_several_calls() -> None:
    """Refused where they are too many, also when that is replayed; one that was taken away makes room."""

    async def one_by_one(shop: Shop) -> str:
        for number in range(32):
            attributes(**{f"a{number}": number})
        try:
            attributes(one_more=1)
        except ValueError:
            attributes(a0=None)
            attributes(one_more=1)
        return await shop.take("a")

    driver = SagaDriver(code(one_by_one)).start().restarts().succeeds(1, "A").is_("completed")
    now = shown(driver)
    assert now is not None
    assert len(now.attributes) == 32


def test_members_of_enums_are_kept_as_their_values() -> None:
    """What comes back from the log is the same."""

    class Colour(StrEnum):
        RED = "red"

    async def coloured(shop: Shop) -> None:
        attributes(colour=Colour.RED)
        await shop.take("a")

    event = SagaDriver(code(coloured)).start().of(AttributesSet)[0]
    assert event.values == {"colour": "red"}


# --- code that changes


def test_the_words_may_change_under_a_saga() -> None:
    """Whatever mended code shows at places that are behind the saga: nobody is held to it, nothing is parked."""

    async def other_words(shop: Shop) -> str:
        attributes(customer="C-8")
        first = await shop.take("a")
        status("taking the other")
        status("nearly done")
        return first + await shop.take("b")

    driver = SagaDriver(code(two_steps)).start().deploys(code(other_words)).advance()
    assert driver.new_events == []
    driver.succeeds(1, "A").is_("running")
    now = shown(driver)
    assert now is not None
    assert now.line == "nearly done"
    assert now.attributes["customer"] == "C-7"


def test_code_that_begins_to_show_something() -> None:
    """From its next step on."""

    async def silent(shop: Shop) -> str:
        first = await shop.take("a")
        return first + await shop.take("b")

    driver = SagaDriver(code(silent)).start().deploys(code(two_steps)).succeeds(1, "A")
    assert shown(driver) == Shown("taking b", {"amount": 121})
    driver.deploys(code(silent)).succeeds(2, "B").is_("completed")


def test_mended_code_shows_where_it_stands() -> None:
    """What it says behind the place where it broke is kept when it goes on, and is not kept twice."""

    async def broken(shop: Shop) -> str:
        status("before")
        await shop.take("a")
        status("broken")
        raise KeyError("x")

    async def mended(shop: Shop) -> str:
        status("before")
        await shop.take("a")
        status("mended")
        attributes(mended=True)
        return await shop.take("b")

    driver = SagaDriver(code(broken)).start().succeeds(1, "A").is_("parked")
    assert shown(driver) == Shown("before")
    driver.deploys(code(mended)).resume().is_("running").expects("shop.take")
    assert shown(driver) == Shown("mended", {"mended": True})
    assert driver.last is not None
    assert driver.last.shown == shown(driver)
    driver.restarts().succeeds(2, "B").is_("completed")


def test_mended_code_that_says_the_same() -> None:
    """What was kept before the saga came to stand still is not kept again."""

    async def waits_in_vain(shop: Shop) -> str:
        await shop.take("a")
        status("waiting")
        await asyncio.Event().wait()
        return "never"

    async def goes_on(shop: Shop) -> str:
        await shop.take("a")
        status("waiting")
        return await shop.take("b")

    driver = SagaDriver(code(waits_in_vain)).start().succeeds(1, "A").is_("parked")
    assert shown(driver) == Shown("waiting")
    driver.deploys(code(goes_on)).resume().is_("running")
    assert len(driver.of(StatusSet)) == 1


def test_a_pause_changes_nothing() -> None:
    """The line is what it was, and after it too."""
    driver = SagaDriver(code(two_steps)).start().pauses()
    assert driver.last is not None
    assert driver.last.shown is None
    driver.resume().succeeds(1, "A").restarts()
    now = shown(driver)
    assert now is not None
    assert now.line == "taking b"


# --- where it cannot be


def test_not_outside_of_a_saga() -> None:
    """A sentence says so."""
    with pytest.raises(OutsideOfSaga, match="while a saga runs"):
        status("nobody")
    with pytest.raises(OutsideOfSaga, match="while a saga runs"):
        attributes(nobody=1)


def test_not_by_who_only_looks() -> None:
    """A query must not show anything."""

    @saga(version=1)
    async def asked(shop: Shop, where: Query[None, str]) -> str:
        @where.answer
        def _() -> str:
            status("asked")
            return "here"

        return await shop.take("a")

    driver = SagaDriver(asked).start()
    assert "status() can only be set" in str(driver.queries("where"))
    assert driver.of(StatusSet) == []


def test_a_no_after_it_is_one_decision() -> None:
    """Set and gone in one activation: the row shows how it came out."""

    async def refuses(shop: Shop) -> None:
        await shop.take("a")
        status("about to give up")
        raise Refused("no")

    driver = SagaDriver(code(refuses)).start().succeeds(1, "A").is_("compensating")
    assert driver.last is not None
    assert driver.last.shown == Shown()


def test_a_line_taken_away_right_before_the_next_round() -> None:
    """The row is told, though the round begins with nothing to show."""

    @saga(version=1)
    async def rounds(left: int, shop: Shop) -> None:
        if left:
            status("busy")
            await shop.take("a")
            status(None)
            raise ContinueAsNew(left - 1)
        await shop.take("b")

    driver = SagaDriver(rounds).start(1).succeeds(1, "A").is_("running")
    assert driver.last is not None
    assert driver.last.shown == Shown()
    assert shown(driver) is None
