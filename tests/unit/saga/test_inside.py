"""What a saga has instead of clocks and dice: the same on every replay."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from coordinator.history.deadlines import DeadlineExtended
from coordinator.saga import extend_deadline, new_uuid, now, random_float, saga
from coordinator.saga.runtime import OutsideOfSaga
from tests.sagas import SagaDriver, Shop, code


async def notes(shop: Shop) -> list[str]:
    """When, and what it draws, before and after a step."""
    seen = [now().isoformat(), str(new_uuid()), str(random_float())]
    await shop.take("a")
    return [*seen, now().isoformat(), str(new_uuid()), str(random_float())]


def test_a_replay_sees_the_same() -> None:
    """Rebuilt before the step is answered, or never: the code notes the same."""
    kept = SagaDriver(code(notes)).start().passes(5_000).succeeds(1, "A").is_("completed")
    rebuilt = SagaDriver(code(notes)).start().passes(5_000).restarts().succeeds(1, "A").is_("completed")
    assert kept.result == rebuilt.result
    assert len(set(kept.result)) == 6


def test_what_is_drawn_is_new() -> None:
    """Each time, and to each saga."""

    async def body(_: Shop) -> list[str]:
        return [str(new_uuid()) for _ in range(100)]

    drawn = [each for key in "12" for each in SagaDriver(code(body), key=key).start().result]
    assert (
        drawn[0] == "77f88257-cb2a-817e-ab53-384ad40e9abf"
    )  # for ever: a saga that drew it may be asked again in ten years
    assert len(set(drawn)) == 200
    assert {each[14] for each in drawn} == {"8"}
    assert {each[19] for each in drawn} <= set("89ab")


def test_numbers_are_spread_evenly() -> None:
    """At least 0, below 1."""

    async def body(_: Shop) -> list[float]:
        return [random_float() for _ in range(1_000)]

    drawn = SagaDriver(code(body)).start().result
    assert all(0 <= each < 1 for each in drawn)
    assert 420 < sum(each < 0.5 for each in drawn) < 580
    assert len(set(drawn)) == 1_000


def test_the_time_is_that_of_what_happened() -> None:
    """In UTC; it goes on with the next answer."""

    async def body(shop: Shop) -> list[str]:
        first = now()
        await asyncio.sleep(60)
        return [first.isoformat(), (now() - first).total_seconds()]

    driver = SagaDriver(code(body)).start()
    began = driver.now
    driver.passes(60_000).is_("completed")
    assert driver.result == [datetime.fromtimestamp(began / 1_000, UTC).isoformat(), 60.0]


@pytest.mark.parametrize("inside", [now, new_uuid, random_float, lambda: extend_deadline("1h")])
def test_elsewhere_they_are_refused(inside: Any) -> None:
    """With the name of what to use there."""
    with pytest.raises(OutsideOfSaga):
        inside()


# --- the deadline


@saga(version=1, name="errand", deadline="100s")
async def takes_longer(shop: Shop) -> str:
    """Wants ninety seconds more after its first step."""
    await shop.take("a")
    later = extend_deadline("90s")
    await shop.take("b")
    return later.isoformat()


def test_a_deadline_is_extended() -> None:
    """It does not come when it would have come, and comes so much later, after restarts too."""
    driver = SagaDriver(takes_longer).start()
    began = driver.now
    driver.succeeds(1, "A").restarts().succeeds(2, "B").restarts()
    assert driver.result == datetime.fromtimestamp((began + 190_000) / 1_000, UTC).isoformat()
    late = SagaDriver(takes_longer).start().succeeds(1, "A")
    late.will_answer_later(2).passes(150_000).restarts().is_("running").passes(50_000)
    assert late.cause == "deadline_exceeded"


@saga(version=1, name="errand", deadline="100s")
async def pays_first(shop: Shop) -> str:
    """Wants more time when nothing turns it back any more."""
    await shop.pay(1)
    await shop.look("a")
    later = extend_deadline("90s")
    await shop.ship("b")
    return later.isoformat()


def test_past_its_deadline_a_saga_needs_no_more_time() -> None:
    """Behind its point of no return the deadline came and changed nothing; nor does another one."""
    driver = SagaDriver(pays_first).start().succeeds(1, 1).will_answer_later(2).passes(150_000).is_("running")
    asked_at = driver.now
    driver.succeeds(2, 1).restarts().is_("running").will_answer_later(3).passes(500_000).succeeds(3, "B")
    driver.is_("completed").restarts()
    assert driver.result == datetime.fromtimestamp((asked_at + 90_000) / 1_000, UTC).isoformat()
    assert driver.of(DeadlineExtended) == []


def test_a_saga_that_is_cancelled_once_its_pivot_is_known_needs_none_either() -> None:
    """It goes back then, and is not parked before."""

    @saga(version=1, name="errand", deadline="100s")
    async def meanwhile(shop: Shop) -> None:
        launched = asyncio.create_task(shop.launch())
        await shop.look("a")
        extend_deadline("90s")
        await launched

    driver = SagaDriver(meanwhile).start().will_answer_later("shop.launch").cancel().succeeds("shop.look", 1).restarts()
    driver.is_("running").refuses("shop.launch").restarts().is_("failed")


def test_a_saga_without_a_deadline_has_none_to_extend() -> None:
    """The message says how to declare one."""

    async def body(_: Shop) -> None:
        extend_deadline("1h")

    driver = SagaDriver(code(body)).start().is_("parked")
    assert "declare one, as in @saga(version=1, deadline='48h')" in driver.parked_message


def test_a_duration_must_be_one() -> None:
    """The code is told, and parked for it."""

    @saga(version=1, name="errand", deadline="100s")
    async def body(_: Shop) -> None:
        extend_deadline("a while")

    assert "is not a duration" in SagaDriver(body).start().is_("parked").parked_message


def test_code_that_extends_no_more_does_not_fit() -> None:
    """It is parked with a message that says what was expected."""

    @saga(version=1, name="errand", deadline="100s")
    async def changed(shop: Shop) -> str:
        await shop.take("a")
        return await shop.take("b")

    driver = SagaDriver(takes_longer).start().succeeds(1, "A").deploys(changed).wake().is_("parked")
    assert "the saga's deadline extended" in driver.parked_message
